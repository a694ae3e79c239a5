import { expect, test } from "vitest";
import {
  cleanPii,
  dropBroken,
  dropEmpty,
  dropInvalid,
  dropInvalidJson,
  dropRefusals,
  dropSimulated,
  dropTooLong,
  isRefusal,
} from "../../src/datasets/answer-steps.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import type { Said } from "./captures.ts";
import { rowTexts } from "./files.ts";
import { rowOf, rowsOf } from "./rows.ts";

const CALL = (text: string) => ({
  role: "assistant",
  tool_calls: [{ id: "c1", type: "function", function: { name: "boil", arguments: text } }],
});

test("answers without a text or a call go", () => {
  const rows = rowsOf([
    { answer: "Ten." },
    { answer: " \n" },
    { answer: { role: "assistant", content: null } },
    { answer: { role: "assistant", content: [{ type: "text", text: "Ten." }] } },
    { answer: CALL("{}") },
  ]);
  const { rows: kept, report } = dropEmpty(rows);
  expect(kept.map(({ id }) => id)).toEqual(["req-000", "req-003", "req-004"]);
  expect(report).toEqual({
    step: "empty answers",
    kept: 3,
    removed: 2,
    changed: 0,
    reasons: { "the answer is empty": 2 },
    examples: [
      { id: "req-001", reason: "the answer is empty" },
      { id: "req-002", reason: "the answer is empty" },
    ],
  });
});

test("answers of which a part is missing go", () => {
  const rows = rowsOf([
    {},
    { finishReason: "length" },
    { finishReason: "content_filter" },
    { truncated: true },
    { finishReason: "tool_calls" },
  ]);
  expect(dropBroken(rows).report).toMatchObject({
    kept: 2,
    reasons: {
      "cut at the most tokens (length)": 1,
      "cut by the content filter": 1,
      "only a part was captured": 1,
    },
  });
});

test.each([
  ["I'm sorry, but I can't assist with that request.", true],
  ["I’m sorry, I cannot help with that.", true],
  ["Sorry, I can't do that.", true],
  ["I can't help with that.", true],
  ["I cannot provide that information.", true],
  ["I am unable to assist with this.", true],
  ["As an AI language model, I don't have personal opinions.", true],
  ["Unfortunately, I am not able to book a table.", true],
  ["Sorry to hear that! Try another card.", false],
  ["I'm sorry for the delay. Your card is on its way.", false],
  ["I can't wait to hear how it tastes!", false],
  ["Unfortunately, the oven was too hot.", false],
  ["You say: “I'm sorry, but I can't come.”", false],
  ["As an artist, I don't have to explain.", false],
])("%j is a refusal: %s", (text, refused) => {
  expect(isRefusal(text)).toBe(refused);
});

test("no answer of the published sets is taken for a refusal", () => {
  const files = [
    "lesson/18-training-data.jsonl",
    "finetune/recipes_ner_sample.jsonl",
    "vicuna_bench_reference_gpt-4.jsonl",
  ];
  const texts = files.flatMap(rowTexts).flatMap((text): string[] => {
    const { messages, choices } = JSON.parse(text);
    return [messages?.at(-1).content ?? choices[0].turns[0]];
  });
  expect(texts.length).toBeGreaterThan(20);
  expect(texts.filter(isRefusal)).toEqual([]);
});

test("refusals go, by their own member too; a reviewer may well refuse", () => {
  const refusal = "I'm sorry, but I can't help with that.";
  const rows = rowsOf([
    { answer: "Ten." },
    { answer: refusal },
    { answer: { role: "assistant", content: null, refusal: "No." } },
    { answer: "Sure, boil the cat.", feedback: { correction: refusal } },
  ]);
  expect(dropRefusals(rows).rows.map(({ id }) => id)).toEqual(["req-000", "req-003"]);
});

test("JSON that is due must be JSON, and by its schema", () => {
  const schema = { type: "object", properties: { minutes: { type: "integer" } }, required: ["minutes"] };
  const asked = (response_format: unknown, answer: Said["answer"]): Said => ({
    query: { messages: [{ role: "user", content: "Eggs?" }], response_format },
    ...(answer !== undefined && { answer }),
  });
  const object = { type: "json_object" };
  const strict = { type: "json_schema", json_schema: { name: "time", schema } };
  const broken = { type: "json_schema", json_schema: { name: "time", schema: { $ref: "#/nowhere" } } };
  const rows = rowsOf([
    asked(object, '{"minutes":10}'),
    asked(object, "[10]"),
    asked(object, "```json\n{}\n```"),
    asked(strict, '{"minutes":10}'),
    asked(strict, '{"minutes":"ten"}'),
    asked(strict, "ten"),
    asked(broken, '{"minutes":10}'),
    asked({ type: "text" }, "ten"),
    { answer: CALL('{"minutes":10}') },
    { answer: CALL("") },
    { answer: CALL('"{\\"minutes\\":10}"') },
    { answer: CALL('{"minutes":') },
  ]);
  const { rows: kept, report } = dropInvalidJson(rows);
  expect(kept.map(({ at }) => at)).toEqual([0, 3, 6, 7, 8, 9]);
  expect(report.reasons).toEqual({
    "a tool call's arguments are no JSON object": 2,
    "the answer is no JSON object": 2,
    "the answer is no JSON": 1,
    "the answer is not by its JSON schema": 1,
  });
});

test("what the validator refuses goes, with its codes", () => {
  const rows = rowsOf([
    {},
    { answer: CALL("{}") },
    { query: { messages: [{ role: "user", content: [{ type: "video" }] }] } },
  ]);
  expect(dropInvalid(rows, "openai").report).toMatchObject({
    kept: 1,
    reasons: { unknown_tool: 1, invalid_part: 1 },
  });
});

test("rows that a model would cut go", () => {
  const rows = rowsOf([{ answer: "short" }, { answer: "long enough" }]);
  const { rows: kept, report } = dropTooLong(
    rows,
    5,
    ({ messages }) => String(messages.at(-1)?.content).length,
  );
  expect(kept.map(({ at }) => at)).toEqual([0]);
  expect(report.reasons).toEqual({ "more than 5 tokens": 1 });
});

const redaction = {
  secrets: newRedactor({ secrets: ["the-house-secret"] }),
  stored: newRedactor({ secrets: ["the-house-secret"], personal: ["email"] }),
  settings: { personal: ["email"] },
} as const;
const PERSONAL = "Write to ann@example.com.";
const SECRET = "Use the-house-secret.";
const BEFORE = "It is [redacted:phone].";

test.each([
  ["redact", ["Write to [redacted:email].", "Use [redacted:secret].", BEFORE, "Ten."]],
  ["keep", [PERSONAL, "Use [redacted:secret].", BEFORE, "Ten."]],
  ["drop", ["Ten."]],
] as const)("--pii %s", (mode, answers) => {
  const rows = rowsOf([PERSONAL, SECRET, BEFORE, "Ten."].map((answer) => ({ answer })));
  const { rows: kept, report } = cleanPii(rows, mode, redaction);
  expect(kept.map(({ example }) => example.messages.at(-1)?.content)).toEqual(answers);
  const found = mode === "keep" ? 2 : 3;
  expect(mode === "drop" ? report.removed : report.changed).toBe(found);
  expect(Object.values(report.reasons)).toEqual(Array(found).fill(1));
});

test("it is told where nobody looks for personal data", () => {
  const noKinds = { ...redaction, settings: { personal: [] } };
  const rows = rowsOf([{ answer: "Ten." }]);
  expect(cleanPii(rows, "redact", noKinds).report.note).toContain("`redaction.pii` names no kinds");
  expect(cleanPii(rows, "redact", redaction).report.note).toBeUndefined();
});

test("secrets are found wherever they stand in a row", () => {
  const row = rowOf({
    query: {
      messages: [{ role: "user", content: [{ type: "text", text: SECRET }] }],
      tools: [{ type: "function", function: { name: "boil", description: SECRET } }],
    },
    answer: CALL('{"note":"the-house-secret"}'),
  });
  const { rows } = cleanPii([row], "keep", redaction);
  expect(JSON.stringify(rows[0]?.example)).not.toContain("the-house-secret");
});

test("the simulator's answers go where models answered too, unless somebody says otherwise", () => {
  const mixed = rowsOf([{ simulated: true }, {}, { simulated: true, feedback: { correction: "Nine." } }]);
  const alone = rowsOf([{ simulated: true }, { simulated: true }]);
  const left = (rows: typeof mixed, mode: "mixed" | "keep" | "drop") => dropSimulated(rows, mode).rows.length;
  expect((["mixed", "keep", "drop"] as const).map((mode) => left(mixed, mode))).toEqual([2, 3, 2]);
  expect((["mixed", "keep", "drop"] as const).map((mode) => left(alone, mode))).toEqual([2, 2, 0]);
  expect(dropSimulated(mixed, "mixed").report.reasons).toEqual({ "the simulator answered": 1 });
});
