import { expect, test } from "vitest";
import { schemaCheck } from "../../src/comparison/schema-check.ts";
import { isUnusable } from "../../src/comparison/validity.ts";

const jsonObject = schemaCheck({ response_format: { type: "json_object" } });
const bySchema = schemaCheck({
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "n",
      schema: { type: "object", required: ["a"], properties: { a: { type: "number" } } },
    },
  },
});
const called = {
  role: "assistant",
  content: null,
  tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
};

test.each([
  ["text", { content: "Soup" }, "stop"],
  ["text in parts", { content: [{ type: "text", text: "Soup" }] }, "stop"],
  ["an empty refusal", { content: "Soup", refusal: "" }, "stop"],
  ["no refusal", { content: "Soup", refusal: null }, "stop"],
  ["an end that is not told", { content: "Soup" }, undefined],
  ["a tool that is called", called, "tool_calls"],
  [
    "a function that is called",
    { content: null, function_call: { name: "f", arguments: "{}" } },
    "function_call",
  ],
  ["sound", { content: null, audio: { id: "a", data: "AA==" } }, "stop"],
])("%s can be used", (_name, message, finishReason) => {
  expect(isUnusable(message, finishReason, undefined)).toBe(false);
});

test.each([
  ["a refusal", { content: null, refusal: "I can't help with that." }, "stop"],
  ["nothing", { content: "" }, "stop"],
  ["space alone", { content: " \n" }, "stop"],
  ["no content", { content: null }, "stop"],
  ["what was cut off", { content: "Soup is" }, "length"],
  ["what was filtered", { content: "Soup" }, "content_filter"],
  ["a call that was cut off", called, "length"],
  ["no message", undefined, "stop"],
])("%s can't be used", (_name, message, finishReason) => {
  expect(isUnusable(message, finishReason, undefined)).toBe(true);
});

test.each([
  ["an object", jsonObject, '{"a":1}', false],
  ["no JSON", jsonObject, "Sure, here you are", true],
  ["JSON by its schema", bySchema, '{"a":1}', false],
  ["JSON against its schema", bySchema, '{"a":"1"}', true],
])("where JSON was asked for: %s", (_name, check, content, unusable) => {
  expect(isUnusable({ content }, "stop", check)).toBe(unusable);
});

test("an answer that calls tools has no JSON to check", () => {
  expect(isUnusable(called, "tool_calls", bySchema)).toBe(false);
});
