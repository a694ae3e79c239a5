import { APIError, APIUserAbortError } from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { describe, expect, test } from "vitest";
import { until } from "../support/gateway.ts";
import { chunk, event, type Respond, respondStream, startStream } from "../support/upstream.ts";
import { ASK, PATHS, start, thrownBy, wireBody } from "./paths.ts";

const WORDS = ["Be", "cau", "se 🍲"];
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** Begins a stream and leaves it open. */
const beginStream: Respond = (_received, response) => {
  startStream(response);
  response.write(chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" }));
};

describe.each(PATHS)("the openai SDK, streaming on the %s path", (path) => {
  const ask = { model: path, ...ASK, stream: true } as const;

  test("reads every word with `for await`, and no usage chunk that it did not ask for", async () => {
    const { client, upstream } = await start(respondStream(WORDS));
    const { data: stream, response } = await client.chat.completions.create(ask).withResponse();
    const chunks: ChatCompletionChunk[] = [];
    for await (const one of stream) chunks.push(one);
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: "assistant", content: "" },
      ...WORDS.map((content) => ({ content })),
      {},
    ]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
    expect(response.headers.get("x-crossover-path")).toBe(path);
    expect(upstream.received[0]?.body).toEqual({
      ...wireBody(path),
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("reads the usage that it asked for in a last chunk without choices", async () => {
    const { client } = await start(respondStream(WORDS));
    const stream = await client.chat.completions.create({ ...ask, stream_options: { include_usage: true } });
    const chunks: ChatCompletionChunk[] = [];
    for await (const one of stream) chunks.push(one);
    expect(chunks.filter(({ usage }) => usage)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: USAGE });
  });

  test("its stream() helper gives events, and the completion as a whole with its usage", async () => {
    const { client } = await start(respondStream(WORDS));
    const runner = client.chat.completions.stream({
      model: path,
      ...ASK,
      stream_options: { include_usage: true },
    });
    const seen: string[] = [];
    runner.on("connect", () => seen.push("connect"));
    runner.on("content", (delta, snapshot) => seen.push(`${delta}|${snapshot}`));
    runner.on("end", () => seen.push("end"));
    const whole = await runner.finalChatCompletion();
    await runner.done();
    expect(whole.choices).toMatchObject([{ message: { content: WORDS.join("") }, finish_reason: "stop" }]);
    expect(whole.usage).toEqual(USAGE);
    expect(await runner.totalUsage()).toMatchObject(USAGE);
    expect(seen).toEqual(["connect", "Be|Be", "cau|Becau", "se 🍲|Because 🍲", "end"]);
  });

  test("members of a chunk that nobody knows reach it", async () => {
    const choices = [{ index: 0, delta: { content: "a", reasoning_content: "hm" }, finish_reason: "stop" }];
    const sent = { id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices, x_vendor: [1] };
    const { client } = await start((_received, response) => {
      startStream(response);
      response.end(`: a comment\n\n${event(sent)}data: [DONE]\n\n`);
    });
    const chunks: ChatCompletionChunk[] = [];
    for await (const one of await client.chat.completions.create(ask)) chunks.push(one);
    expect(chunks).toEqual([sent]);
  });

  test.each(["controller.abort()", "break"])("the upstream's call ends with %s in the loop", async (how) => {
    const { client, upstream, gateway } = await start(beginStream);
    const stream = await client.chat.completions.create(ask);
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content !== "Hello") continue;
      expect(upstream.received[0]?.aborted()).toBe(false);
      if (how === "break") break;
      stream.controller.abort();
    }
    await until(() => upstream.received[0]?.aborted());
    await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  });

  test("the upstream's call ends with the helper's abort()", async () => {
    const { client, upstream } = await start(beginStream);
    const runner = client.chat.completions.stream({ model: path, ...ASK });
    runner.on("content", (delta) => {
      if (delta === "Hello") runner.abort();
    });
    expect(await thrownBy(runner.done())).toBeInstanceOf(APIUserAbortError);
    await until(() => upstream.received[0]?.aborted());
  });

  test("the upstream's call ends with a signal, before anything was answered", async () => {
    const { client, upstream } = await start(() => {});
    for (const stream of [true, false]) {
      const controller = new AbortController();
      const asked = thrownBy(
        client.chat.completions.create({ model: path, ...ASK, stream }, { signal: controller.signal }),
      );
      const received = await until(() => upstream.received[stream ? 0 : 1]);
      controller.abort();
      expect(await asked).toBeInstanceOf(APIUserAbortError);
      await until(received.aborted);
    }
  });

  test("a break is raised by the helper too, after the words that came", async () => {
    const { client } = await start((_received, response) => {
      startStream(response);
      response.write(chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" }), () =>
        response.destroy(),
      );
    });
    const runner = client.chat.completions.stream({ model: path, ...ASK });
    let text = "";
    runner.on("content", (delta) => {
      text += delta;
    });
    const error = await thrownBy(runner.finalChatCompletion());
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ type: "server_error", code: "upstream_stream_interrupted" });
    expect(text).toBe("Hello");
  });
});
