import { expect, test } from "vitest";
import type { Example } from "../../src/datasets/example.ts";
import { FORMATS } from "../../src/datasets/format.ts";
import { lineOf, startOf } from "../../src/datasets/write-format.ts";
import { check, rowTexts } from "./files.ts";
import { rowOf } from "./rows.ts";

const CALL = { id: "c1", type: "function", function: { name: "boil", arguments: '{"minutes":10}' } };
const TOOLS = [{ type: "function", function: { name: "boil", parameters: { type: "object" } } }];
const EXAMPLE: Example = {
  messages: [
    { role: "developer", content: "Short." },
    { role: "user", content: "Eggs!" },
    { role: "assistant", tool_calls: [CALL], weight: 0 },
    { role: "tool", content: "done", tool_call_id: "c1" },
    { role: "assistant", content: "They boil." },
  ],
  tools: TOOLS,
  parallel_tool_calls: false,
};
const system = { role: "system", content: "Short." };

test.each(["openai", "azure"] as const)(
  "%s gets the row as it is, with system messages by their older name",
  (format) => {
    const expected = { ...EXAMPLE, messages: [system, ...EXAMPLE.messages.slice(1)] };
    expect(JSON.parse(lineOf(EXAMPLE, format))).toEqual(expected);
  },
);

const TRL = [
  system,
  { role: "user", content: "Eggs!" },
  {
    role: "assistant",
    tool_calls: [{ ...CALL, function: { name: "boil", arguments: { minutes: 10 } } }],
  },
  { role: "tool", content: "done", tool_call_id: "c1", name: "boil" },
  { role: "assistant", content: "They boil." },
];

test("TRL gets arguments as objects, results with their tool's name, tools as text, and no weights", () => {
  expect(JSON.parse(lineOf(EXAMPLE, "trl-messages"))).toEqual({
    messages: TRL,
    tools: JSON.stringify(TOOLS),
  });
  expect(JSON.parse(lineOf(EXAMPLE, "trl-prompt-completion"))).toEqual({
    prompt: TRL.slice(0, -1),
    completion: TRL.slice(-1),
    tools: JSON.stringify(TOOLS),
  });
});

test.each(FORMATS)("what is written as %s is what the validator takes", async (format) => {
  const lesson = rowTexts("lesson/18-training-data.jsonl").map((text): Example => JSON.parse(text));
  const examples = [...lesson, EXAMPLE, rowOf().example];
  const file = startOf(format) + examples.map((example) => `${lineOf(example, format)}\n`).join("");
  const report = await check(new TextEncoder().encode(file), { format });
  expect(report.problems.filter(({ level }) => level === "error")).toEqual([]);
  expect([report.examples, report.counts.unexpected_bom]).toEqual([12, undefined]);
});
