import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { StreamReader } from "../gateway/streaming.ts";
import { until } from "../support/gateway.ts";
import { chunk, DONE, startStream, usageChunk, wantsUsage } from "../support/upstream.ts";
import { ask, type Suite } from "./suite.ts";

/** How streams pass, which must be the same on every platform. */
export function streams(suite: Suite): void {
  const { post, metric } = suite;

  test("a stream passes byte for byte, without the usage chunk that only the gateway asked for", async () => {
    const head = [
      ": a comment\n\n",
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Grüße 👩‍👩‍👧 " }),
      `event: custom\r\nid: 7\r\ndata: {"choices": [], "extra": 1}\r\n\r\n`,
    ];
    const tail = [chunk({ content: "end" }), chunk({}, "stop"), DONE];
    const sent = Buffer.from(head.join(""));
    suite.upstream.respond = async (received, response) => {
      startStream(response);
      // Cut anywhere, also within a character.
      for (let at = 0; at < sent.length; at += 7) {
        if (!response.write(sent.subarray(at, at + 7))) await once(response, "drain");
      }
      response.write(tail.slice(0, -1).join(""));
      if (wantsUsage(received)) response.write(usageChunk());
      response.end(DONE);
    };
    const before = await metric("crossover_tokens_total", { path: "bare", type: "output" });
    const answer = await post(ask("bare", { stream: true }));
    expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(answer.headers.get("x-accel-buffering")).toBe("no");
    expect(await answer.text()).toBe(head.join("") + tail.join(""));
    expect(suite.upstream.received.map(wantsUsage)).toEqual([true]);
    await until(
      async () => (await metric("crossover_tokens_total", { path: "bare", type: "output" })) === before + 5,
    );
  });

  test("a client that asks for the usage chunk gets it", async () => {
    const answer = await post(ask("enriched", { stream: true, stream_options: { include_usage: true } }));
    expect(await answer.text()).toContain(usageChunk() + DONE);
  });

  test("an event reaches the client before the next one is sent", async () => {
    let goOn = (): void => {};
    suite.upstream.respond = async (_received, response) => {
      startStream(response);
      response.write(chunk({ content: "first" }));
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      response.end(chunk({}, "stop") + DONE);
    };
    const answer = await post(ask("bare", { stream: true }));
    const parts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await parts?.read())?.value).toBe(chunk({ content: "first" }));
    goOn();
    expect((await parts?.read())?.value).toContain(DONE);
  });

  test("a client that leaves while the upstream goes on sending aborts it", async () => {
    suite.upstream.respond = async (received, response) => {
      startStream(response);
      while (!received.aborted() && !response.destroyed) {
        response.write(chunk({ content: "more " }));
        await setImmediate();
      }
    };
    const left = await metric("crossover_requests_total", { path: "bare", status: "499" });
    const client = new AbortController();
    const answer = await post(ask("bare", { stream: true }), { signal: client.signal });
    await answer.body?.getReader().read();
    client.abort();
    await until(() => suite.upstream.received[0]?.aborted());
    await until(
      async () => (await metric("crossover_requests_total", { path: "bare", status: "499" })) === left + 1,
    );
  });

  test("an upstream that breaks off ends the stream with an error event, counted as an error", async () => {
    let breakOff = (): void => {};
    suite.upstream.respond = (_received, response) => {
      startStream(response);
      response.write(chunk({ content: "first" }));
      breakOff = () => void response.destroy();
    };
    const broken = await metric("crossover_requests_total", { path: "enriched", status: "502" });
    const reader = new StreamReader(await post(ask("enriched", { stream: true })));
    // Once the client has it: a break that comes with the first event may come before it.
    await reader.untilHas("first");
    breakOff();
    const text = await reader.rest();
    expect(text.startsWith(chunk({ content: "first" }))).toBe(true);
    expect(JSON.parse(text.slice(text.lastIndexOf("data: ") + 6)).error).toMatchObject({
      type: "server_error",
      code: "upstream_stream_interrupted",
    });
    expect(text).not.toContain("[DONE]");
    expect(await metric("crossover_requests_total", { path: "enriched", status: "502" })).toBe(broken + 1);
  });

  test("a slow reader holds the upstream back and gets everything in the end", async () => {
    const total = 64 * 1024 * 1024;
    const one = chunk({ content: "x".repeat(32 * 1024) });
    const last = chunk({}, "stop") + DONE;
    let sent = 0;
    let waiting = false;
    suite.upstream.respond = async (_received, response) => {
      startStream(response);
      while (sent < total) {
        sent += one.length;
        if (response.write(one)) continue;
        waiting = true;
        await once(response, "drain");
        waiting = false;
      }
      response.end(last);
    };
    const answer = await post(ask("bare", { stream: true }));
    // The upstream stands still when it waits at the same byte while the gateway does other work.
    let seen = -1;
    let still = 0;
    while (still < 10 && sent < total) {
      await fetch(`${suite.url}/health/live`);
      still = waiting && sent === seen ? still + 1 : 0;
      seen = sent;
    }
    expect(sent).toBeLessThan(total);
    let length = 0;
    for await (const part of answer.body ?? []) length += part.byteLength;
    expect(length).toBe(sent + last.length);
  });
}
