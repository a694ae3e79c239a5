import { expect, test } from "vitest";
import { RequestView } from "../../src/domain/signals.ts";
import { ask, chat } from "./requests.ts";

test("a view shows the last user message's text", () => {
  const view = new RequestView(
    chat({
      model: "m",
      messages: [
        { role: "user", content: "first" },
        { role: "assistant", content: "answer" },
        {
          role: "user",
          content: [{ type: "text", text: "a" }, { type: "image_url" }, { type: "text", text: "b" }],
        },
        { role: "tool", content: "result" },
      ],
    }),
  );
  expect(view.lastUserMessage).toBe("a\nb");
});

test("without a user message its text is empty", () => {
  expect(
    new RequestView(chat({ model: "m", messages: [{ role: "system", content: "s" }] })).lastUserMessage,
  ).toBe("");
});

test("input tokens count the text of all messages and an overhead for each, as a 64-bit integer", () => {
  const one = new RequestView(ask("")).inputTokens;
  expect(one).toBe(3n);
  const messages = [
    { role: "system", content: "Hello" },
    { role: "user", content: [{ type: "text", text: "Hello" }] },
  ];
  expect(new RequestView(chat({ model: "m", messages })).inputTokens).toBe(8n);
});

test("a message without text counts its overhead alone", () => {
  const messages = [{ role: "assistant", content: null, tool_calls: [] }, { role: "user" }];
  expect(new RequestView(chat({ model: "m", messages })).inputTokens).toBe(6n);
});

test("tools are known by name, in the nested and the flat form", () => {
  const tools = [
    { type: "function", function: { name: "search" } },
    { type: "function", name: "flat" },
    { type: "custom" },
    null,
    { function: { name: 3 } },
  ];
  expect(new RequestView(ask("q", { tools })).tools).toEqual(["search", "flat"]);
  for (const none of [undefined, null, "search", {}])
    expect(new RequestView(ask("q", { tools: none })).tools).toEqual([]);
});

test("params are all members but messages, tools and metadata", () => {
  const view = new RequestView(
    ask("q", {
      temperature: 0.5,
      tools: [],
      metadata: { a: "b" },
      response_format: { type: "json_object" },
      x: null,
    }),
  );
  expect(view.params).toEqual({
    model: "route",
    temperature: 0.5,
    response_format: { type: "json_object" },
    x: null,
  });
});

test("stream is a boolean, also where the client gave none", () => {
  expect(new RequestView(ask("q")).stream).toBe(false);
  expect(new RequestView(ask("q", { stream: null })).stream).toBe(false);
  expect(new RequestView(ask("q", { stream: true })).stream).toBe(true);
});

test("messages are shown as the client sent them", () => {
  expect(new RequestView(ask([{ type: "x", y: 1 }])).messages).toEqual([
    { role: "user", content: [{ type: "x", y: 1 }] },
  ]);
});
