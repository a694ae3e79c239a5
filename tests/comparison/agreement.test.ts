import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textAgreement } from "../../src/comparison/agreement.ts";
import { messageText, readable } from "../../src/comparison/message.ts";

const calls = (...all: readonly (readonly [string, string])[]): unknown => ({
  role: "assistant",
  content: null,
  tool_calls: all.map(([name, text]) => ({
    id: `call_${crypto.randomUUID()}`,
    type: "function",
    function: { name, arguments: text },
  })),
});

describe("textAgreement", () => {
  test("blanks around a text do not count", () => {
    expect(textAgreement({ content: " Yes.\n" }, { content: "Yes." })).toEqual({
      exact: true,
      edit_similarity: 1,
      tool_calls_equal: null,
    });
  });

  test("tool calls are the same by name and parsed arguments, whatever their ids and spaces", () => {
    const a = calls(["weather", '{"city": "Paris", "days": 2}']);
    const b = calls(["weather", '{"days":2,"city":"Paris"}']);
    expect(textAgreement(a, b)).toMatchObject({ exact: true, tool_calls_equal: true });
  });

  test.each([
    ["another argument", calls(["weather", '{"city":"Rome"}'])],
    ["another tool", calls(["climate", '{"city":"Paris"}'])],
    ["one more call", calls(["weather", '{"city":"Paris"}'], ["weather", '{"city":"Paris"}'])],
    ["no call", { content: null }],
  ])("not the same: %s", (_name, other) => {
    const agreement = textAgreement(calls(["weather", '{"city":"Paris"}']), other);
    expect(agreement).toMatchObject({ exact: false, tool_calls_equal: false });
  });

  test("arguments that are no JSON are compared as they are", () => {
    expect(textAgreement(calls(["a", "{broken"]), calls(["a", "{broken"])).tool_calls_equal).toBe(true);
    expect(textAgreement(calls(["a", "{broken"]), calls(["a", "{other"])).tool_calls_equal).toBe(false);
  });

  test("is symmetric, and everything agrees with itself", () => {
    const message = fc.record({ content: fc.option(fc.string({ maxLength: 20 })) });
    fc.assert(
      fc.property(message, message, (a, b) => {
        expect(textAgreement(a, b)).toEqual(textAgreement(b, a));
        expect(textAgreement(a, a)).toMatchObject({ exact: true, edit_similarity: 1 });
      }),
    );
  });
});

test("a refusal is an answer's text too", () => {
  expect(messageText({ content: null, refusal: "I can't." })).toBe("I can't.");
  expect(messageText({ content: [{ type: "text", text: "Hi" }] })).toBe("Hi");
  expect(messageText(undefined)).toBe("");
});

test("what is read of a message holds its tool calls", () => {
  expect(readable(calls(["weather", '{"city":"Paris"}']))).toBe(
    '{"name":"weather","arguments":{"city":"Paris"}}',
  );
});
