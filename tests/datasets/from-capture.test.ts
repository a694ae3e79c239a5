import { expect, test } from "vitest";
import { toExample } from "../../src/datasets/from-capture.ts";
import { captured, feedbackOf } from "./captures.ts";
import { OPTIONS, rowOf } from "./rows.ts";

const CALL = { id: "call_1", type: "function", function: { name: "boil", arguments: '{"minutes":10}' } };
const TOOLS = [{ type: "function", function: { name: "boil", parameters: { type: "object" } } }];

test("the bare query goes in, the answer out", () => {
  const messages = [
    { role: "system", content: "You are the app's own assistant." },
    { role: "user", content: "Eggs?", name: "ann", secret_member: 1 },
  ];
  expect(rowOf({ query: { messages, temperature: 0 } }).example).toEqual({
    messages: [
      { role: "user", content: "Eggs?", name: "ann" },
      { role: "assistant", content: "Ten minutes." },
    ],
  });
});

test("a variant that keeps the client's system messages is trained with them", () => {
  const messages = [
    { role: "developer", content: "Short." },
    { role: "user", content: "Eggs?" },
  ];
  const { example } = rowOf({ query: { messages } }, { bare: "keep" });
  expect(example.messages.map(({ role }) => role)).toEqual(["developer", "user", "assistant"]);
});

test("of a conversation only the last answer is learned, and the client's own weights count for nothing", () => {
  const messages = [
    { role: "user", content: "Eggs?" },
    { role: "assistant", content: "Ten minutes.", weight: 1 },
    { role: "user", content: "And soft?" },
  ];
  expect(rowOf({ query: { messages }, answer: "Six." }).example.messages).toEqual([
    messages[0],
    { role: "assistant", content: "Ten minutes.", weight: 0 },
    messages[2],
    { role: "assistant", content: "Six." },
  ]);
});

test("tool calls are answers, with the tools beside them and without what a stream added", () => {
  const answer = { role: "assistant", content: null, tool_calls: [{ index: 0, ...CALL }], annotations: [] };
  const messages = [{ role: "user", content: "Eggs!" }];
  expect(rowOf({ query: { messages, tools: TOOLS, parallel_tool_calls: false }, answer }).example).toEqual({
    messages: [...messages, { role: "assistant", tool_calls: [CALL] }],
    tools: TOOLS,
    parallel_tool_calls: false,
  });
});

test("tools and a response format that the variant gave count as the client's own, which win", () => {
  const params = { tools: JSON.stringify(TOOLS), response_format: '{"type":"json_object"}' };
  const answer = { role: "assistant", tool_calls: [CALL] };
  const row = rowOf({ answer }, { params });
  expect([row.example.tools, row.responseFormat]).toEqual([TOOLS, { type: "json_object" }]);
  const query = { messages: [{ role: "user", content: "x" }], response_format: { type: "text" } };
  expect(rowOf({ query }, { params }).responseFormat).toEqual({ type: "text" });
});

test("the latest correction stands in place of the answer, whatever was wrong with it", () => {
  const capture = captured({ answer: "Cut o", finishReason: "length", truncated: true });
  const feedback = ["Nine minutes.", "Ten minutes, then cold water."].map((text, at) =>
    feedbackOf(capture.id, "correction", text, at),
  );
  const row = toExample({ ...capture, feedback }, OPTIONS);
  expect(row).toMatchObject({ corrected: true, finishReason: undefined, truncated: false });
  expect(typeof row === "string" ? row : row.example.messages.at(-1)).toEqual({
    role: "assistant",
    content: "Ten minutes, then cold water.",
  });
});

test.each([
  [{}, undefined, 0],
  [{ thumbs: true }, undefined, 1],
  [{ thumbs: false }, undefined, -1],
  [{ score: 4.5 }, undefined, 4.5],
  [{ thumbs: true, score: 4.5 }, undefined, 1],
  [{ thumbs: true, quality: 0.2 }, "quality", 0.2],
  [{ thumbs: true }, "quality", 0],
  [{ label: "good" }, "label", 0],
])("feedback %j, asked for %s, rates an answer %d", (feedback, ratedBy, rating) => {
  expect(rowOf({ feedback }, { ratedBy }).rating).toBe(rating);
});

test("rows are grouped by user, or else by the sticky key, or by what metadata say", () => {
  const said = { user: "ann", stickyKey: "s1", metadata: { account: "a1" } };
  expect(rowOf(said).group).toBe("ann");
  expect(rowOf({ stickyKey: "s1" }).group).toBe("s1");
  expect(rowOf({}).group).toBeUndefined();
  expect(rowOf(said, { groupBy: { by: "none" } }).group).toBeUndefined();
  expect(rowOf(said, { groupBy: { by: "metadata", name: "account" } }).group).toBe("a1");
  expect(rowOf(said, { groupBy: { by: "metadata", name: "constructor" } }).group).toBeUndefined();
});

test("the turns of a conversation know each other, also where the client strips what it does not need", () => {
  const first = rowOf({ query: "Eggs?", answer: { role: "assistant", content: "Ten.", annotations: [] } });
  const messages = [
    { role: "user", content: "Eggs?" },
    { role: "assistant", content: "Ten." },
    { role: "user", content: "And soft?" },
  ];
  const second = rowOf({ query: { messages }, answer: "Six." });
  expect(second.turns[0]).toBe(first.turns[0]);
  expect(second.turns[1]).not.toBe(first.turns[0]);
});

test.each([
  ["texts", { ...captured(), content: undefined }, "its texts were not kept"],
  [
    "an old kind of tools",
    captured({ query: { messages: [], functions: [] } }),
    "it uses `functions`, which",
  ],
  ["a list of messages", captured({ query: { messages: "x" } }), "it has no answer, or one"],
  [
    "an answer by the assistant",
    captured({ answer: { role: "user", content: "x" } }),
    "it has no answer, or one",
  ],
])("without %s there is no row, and it is said why", (_, capture, why) => {
  expect(toExample(capture, OPTIONS)).toContain(why);
});
