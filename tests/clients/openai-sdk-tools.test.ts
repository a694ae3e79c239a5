import type OpenAI from "openai";
import { zodFunction } from "openai/helpers/zod";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { chunk, DONE, sendJson, startStream } from "../support/upstream.ts";
import { ASK, completionOf, PATHS, respondInTurn, start, toolCall, wireBody } from "./paths.ts";

const TOOL = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    strict: false,
  },
} satisfies OpenAI.ChatCompletionTool;

/** Arguments as a model writes them: their white space and order must survive. */
const ARGS = ['{ "city":  "Oslo" }', '{"city": "Bergen", "unit": "C"}'] as const;
const CALLS = [toolCall("call_1", "weather", ARGS[0]), toolCall("call_2", "weather", ARGS[1])];

/** The pieces of two tool calls, whose arguments come in parts and in turn. */
const STREAMED = [
  { role: "assistant", content: null },
  {
    tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: "" } }],
  },
  { tool_calls: [{ index: 0, function: { arguments: ARGS[0].slice(0, 7) } }] },
  {
    tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "weather", arguments: "" } }],
  },
  { tool_calls: [{ index: 1, function: { arguments: ARGS[1] } }] },
  { tool_calls: [{ index: 0, function: { arguments: ARGS[0].slice(7) } }] },
];

describe.each(PATHS)("tools of the openai SDK on the %s path", (path) => {
  const offer = {
    model: path,
    ...ASK,
    tools: [TOOL],
    tool_choice: { type: "function" as const, function: { name: "weather" } },
    parallel_tool_calls: true,
  };
  const { model: _model, messages: _messages, ...offered } = offer;

  test("the tools reach the upstream, and its calls the client", async () => {
    const { client, upstream } = await start((_received, response) =>
      sendJson(response, completionOf({ tool_calls: CALLS }, "tool_calls")),
    );
    const { choices } = await client.chat.completions.create(offer);
    expect(choices).toMatchObject([
      { finish_reason: "tool_calls", message: { content: null, tool_calls: CALLS } },
    ]);
    expect(upstream.received[0]?.body).toEqual({ ...wireBody(path), ...offered });
  });

  test("calls that are streamed in parts are put together", async () => {
    const { client, upstream } = await start((_received, response) => {
      startStream(response);
      for (const delta of STREAMED) response.write(chunk(delta));
      response.end(chunk({}, "tool_calls") + DONE);
    });
    const deltas: unknown[] = [];
    const runner = client.chat.completions.stream(offer).on("chunk", ({ choices }) => {
      deltas.push(structuredClone(choices[0]?.delta));
    });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(choices[0]?.message.tool_calls).toMatchObject(CALLS);
    expect(deltas).toEqual([...STREAMED, {}]);
    expect(upstream.received[0]?.body).toMatchObject(offered);
  });

  test("runTools goes two rounds, and each upstream call has the whole conversation", async () => {
    const answers = [
      completionOf({ tool_calls: [CALLS[0]] }, "tool_calls"),
      completionOf({ content: "One more.", tool_calls: [CALLS[1]] }, "tool_calls"),
      completionOf({ content: "Rain in both." }),
    ];
    const { client, upstream } = await start(respondInTurn(answers));
    const asked: unknown[] = [];
    const weather = zodFunction({
      name: "weather",
      parameters: z.object({ city: z.string(), unit: z.string().nullish() }),
      function: (args) => {
        asked.push(args);
        return { sky: "rain 🌧", in: args.city };
      },
    });
    const runner = client.chat.completions.runTools({ model: path, ...ASK, tools: [weather] });
    expect(await runner.finalContent()).toBe("Rain in both.");
    expect(asked).toEqual([{ city: "Oslo" }, { city: "Bergen", unit: "C" }]);
    const said = (id: string, city: string) => ({
      role: "tool",
      tool_call_id: id,
      content: JSON.stringify({ sky: "rain 🌧", in: city }),
    });
    const called = (message: Record<string, unknown>) =>
      expect.objectContaining({ role: "assistant", ...message });
    const turns = [
      called({ content: null, tool_calls: [CALLS[0]] }),
      said("call_1", "Oslo"),
      called({ content: "One more.", tool_calls: [CALLS[1]] }),
      said("call_2", "Bergen"),
    ];
    expect(upstream.received.map(({ body }) => body["messages"])).toEqual(
      [0, 2, 4].map(
        (count) =>
          wireBody(path, (content) => [{ role: "user", content }, ...turns.slice(0, count)])["messages"],
      ),
    );
  });

  test("custom tools and the older functions pass as well", async () => {
    const { client, upstream } = await start();
    const custom = { type: "custom" as const, custom: { name: "code", format: { type: "text" as const } } };
    const functions = [{ name: "old", parameters: {} }];
    await client.chat.completions.create({ model: path, ...ASK, tools: [custom] });
    await client.chat.completions.create({ model: path, ...ASK, functions, function_call: "auto" });
    expect(upstream.received.map(({ body }) => body)).toEqual([
      { ...wireBody(path), tools: [custom] },
      { ...wireBody(path), functions, function_call: "auto" },
    ]);
  });
});
