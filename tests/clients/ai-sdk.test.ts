import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, isStepCount, type LanguageModel, Output, streamText, tool } from "ai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type TestGateway, until } from "../support/gateway.ts";
import { chunk, completion, DONE, respondStream, sendJson, startStream } from "../support/upstream.ts";
import {
  completionOf,
  PATHS,
  QUESTION,
  respondInTurn,
  start,
  thrownBy,
  toolCall,
  wireBody,
} from "./paths.ts";

/** A route as the AI SDK's model. */
function modelOf(gateway: TestGateway, route: string): LanguageModel {
  const provider = createOpenAICompatible({
    name: "crossover",
    baseURL: `${gateway.url}/v1`,
    apiKey: "unused",
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return provider(route);
}

const weather = tool({
  description: "The weather in a city",
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => ({ sky: `rain 🌧 in ${city}` }),
});

describe.each(PATHS)("the AI SDK on the %s path", (path) => {
  test("generateText gives the answer, its usage and the gateway's headers", async () => {
    const { gateway, upstream } = await start((_received, response) =>
      sendJson(response, completion("Because.")),
    );
    const result = await generateText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      temperature: 0.5,
      stopSequences: ["END"],
      seed: 7,
    });
    expect(result.text).toBe("Because.");
    expect(result.finishReason).toBe("stop");
    expect(result.usage).toMatchObject({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
    expect(result.response.headers).toMatchObject({ "x-crossover-path": path, "x-crossover-route": path });
    expect(upstream.received.map(({ body }) => body)).toEqual([
      { ...wireBody(path), temperature: 0.5, stop: ["END"], seed: 7 },
    ]);
  });

  test("streamText gives the words one by one, and the usage", async () => {
    const words = ["Be", "cau", "se 🍲"];
    const { gateway, upstream } = await start(respondStream(words));
    const result = streamText({ model: modelOf(gateway, path), prompt: QUESTION });
    const read: string[] = [];
    for await (const part of result.textStream) read.push(part);
    expect(read).toEqual(words);
    expect(await result.finishReason).toBe("stop");
    expect(await result.usage).toMatchObject({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
    expect(upstream.received.map(({ body }) => body)).toEqual([
      { ...wireBody(path), stream: true, stream_options: { include_usage: true } },
    ]);
  });

  test("a tool is called, and its result reaches the upstream untouched", async () => {
    const call = toolCall("call_1", "weather", '{"city":"Oslo"}');
    const { gateway, upstream } = await start(
      respondInTurn([completionOf({ tool_calls: [call] }, "tool_calls"), completionOf({ content: "Rain." })]),
    );
    const result = await generateText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      tools: { weather },
      stopWhen: isStepCount(5),
    });
    expect(result.text).toBe("Rain.");
    expect(result.steps.length).toBe(2);
    const turns = [
      expect.objectContaining({ role: "assistant", tool_calls: [call] }),
      { role: "tool", tool_call_id: "call_1", content: JSON.stringify({ sky: "rain 🌧 in Oslo" }) },
    ];
    const [first, second] = upstream.received.map(({ body }) => body);
    expect(first?.["tools"]).toMatchObject([
      { type: "function", function: { name: "weather", parameters: { required: ["city"] } } },
    ]);
    expect(second?.["messages"]).toEqual(
      wireBody(path, (content) => [{ role: "user", content }, ...turns])["messages"],
    );
    expect(second?.["tools"]).toEqual(first?.["tools"]);
  });

  test("a tool call that is streamed in parts is put together and run", async () => {
    const { gateway, upstream } = await start();
    const called = { name: "weather", arguments: "" };
    upstream.respond((received, response) => {
      if (upstream.received.length > 1) return respondStream(["Rain."])(received, response);
      startStream(response);
      response.write(chunk({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: called }] }));
      for (const args of ['{"ci', 'ty":"Os', 'lo"}'])
        response.write(chunk({ tool_calls: [{ index: 0, function: { arguments: args } }] }));
      response.end(chunk({}, "tool_calls") + DONE);
    });
    const result = streamText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      tools: { weather },
      stopWhen: isStepCount(5),
    });
    expect(await result.text).toBe("Rain.");
    const steps = await result.steps;
    expect(steps[0]?.toolResults).toMatchObject([
      { input: { city: "Oslo" }, output: { sky: "rain 🌧 in Oslo" } },
    ]);
  });

  test("an object by a schema: the schema reaches the upstream, and the answer is checked by it", async () => {
    const recipe = { title: "Soup", minutes: 20 };
    const { gateway, upstream } = await start((_received, response) =>
      sendJson(response, completionOf({ content: JSON.stringify(recipe) })),
    );
    const schema = z.object({ title: z.string(), minutes: z.number() });
    const { output } = await generateText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      output: Output.object({ schema, name: "recipe" }),
    });
    expect(output).toEqual(recipe);
    const { response_format: format, ...rest } = upstream.received[0]?.body ?? {};
    expect(rest).toEqual(wireBody(path));
    expect(format).toMatchObject({
      type: "json_schema",
      json_schema: { name: "recipe", strict: true, schema: { required: ["title", "minutes"] } },
    });
  });

  test("an abort ends the upstream's call", async () => {
    const { gateway, upstream } = await start((_received, response) => {
      startStream(response);
      response.write(chunk({ role: "assistant", content: "Hello" }));
    });
    const controller = new AbortController();
    const result = streamText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      abortSignal: controller.signal,
    });
    for await (const part of result.fullStream) if (part.type === "text-delta") controller.abort();
    await until(() => upstream.received[0]?.aborted());
  });

  test("a break in the stream is told as an error part after the words that came", async () => {
    const { gateway } = await start((_received, response) => {
      startStream(response);
      response.write(chunk({ role: "assistant", content: "Hello" }), () => response.destroy());
    });
    const errors: unknown[] = [];
    const result = streamText({
      model: modelOf(gateway, path),
      prompt: QUESTION,
      maxRetries: 0,
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("Hello");
    expect(errors.map(String).join()).toContain("broke off its answer");
  });
});

test("an unknown route is an APICallError with the gateway's words, and is not tried again", async () => {
  const { gateway, upstream } = await start();
  const error = await thrownBy(generateText({ model: modelOf(gateway, "nobody"), prompt: QUESTION }));
  if (!APICallError.isInstance(error)) throw new Error(`not an APICallError: ${String(error)}`);
  expect(error).toMatchObject({ statusCode: 404, isRetryable: false });
  expect(error.message).toContain('There is no route "nobody"');
  expect(JSON.parse(error.responseBody ?? "")).toMatchObject({ error: { code: "model_not_found" } });
  expect(upstream.received).toEqual([]);
});

test("user and metadata in the provider's options decide the variant, and reach the upstream", async () => {
  const rules = [
    { name: "gold", when: 'metadata.tier == "gold"', use: "prompted" },
    { name: "ann", when: 'request.params.user == "ann"', use: "prompted" },
    { name: "rest", use: "tuned" },
  ];
  const { gateway, upstream } = await start(undefined, { routes: { ruled: { rules } } });
  const cases = [
    { user: "bob", metadata: { tier: "gold" } },
    { user: "ann", metadata: { tier: "none" } },
    { user: "bob", metadata: { tier: "none" } },
  ];
  const chosen: unknown[] = [];
  for (const crossover of cases) {
    const { response } = await generateText({
      model: modelOf(gateway, "ruled"),
      prompt: QUESTION,
      providerOptions: { crossover },
    });
    chosen.push([response.headers?.["x-crossover-rule"], response.headers?.["x-crossover-path"]]);
  }
  expect(chosen).toEqual([
    ["gold", "enriched"],
    ["ann", "enriched"],
    ["rest", "bare"],
  ]);
  expect(upstream.received.map(({ body }) => ({ user: body["user"], metadata: body["metadata"] }))).toEqual(
    cases,
  );
});
