import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CODES, type Code } from "../../src/datasets/validate-codes.ts";
import { isObject } from "../../src/domain/json.ts";
import { anyBytes } from "../fuzz/bytes.ts";
import { readPage } from "../support/markdown.ts";
import { bytesOf, check, PUBLISHED, rowTexts, told } from "./files.ts";
import { MUTATIONS, parse, put, reversed, withCall } from "./mutations.ts";

const FILES = Object.entries(PUBLISHED);

/** What is told of the published files: they are excerpts, and the cookbook's have defects on purpose. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "lesson/18-training-data.jsonl": [],
  "finetune/recipes_ner_sample.jsonl": ["file too_few_examples"],
  "finetune/cookbook_toy_chat_fine_tuning.jsonl": [
    "file too_few_examples",
    "3 missing_system messages",
    "4 missing_user messages",
    "5 too_long",
  ],
  "finetune/cookbook_drone_training_rows1-3.jsonl": [
    "file too_few_examples",
    "3 double_encoded_arguments messages[2].tool_calls[0].function.arguments",
  ],
};

test.each(FILES)("%s: what is told of it as it was published", async (name, model) => {
  const report = await check(bytesOf(name), { model });
  expect(told(report)).toEqual(KNOWN[name]);
  expect([report.examples, report.rows]).toEqual([report.tokens.length, rowTexts(name).length]);
  expect(report.valid).toBe(name === "lesson/18-training-data.jsonl");
});

describe.each(FILES)("%s, broken", (name, model) => {
  const rows = rowTexts(name);
  test.each(Object.entries(MUTATIONS))("%s", async (code, mutate) => {
    for (const at of new Set([0, 1, rows.length - 1])) {
      // A row that lacks what is to be taken from it is not broken by that.
      if (KNOWN[name]?.some((one) => one.startsWith(`${at + 1} ${code}`))) continue;
      const { file, line, path, options } = await mutate(rows, at);
      const report = await check(file, { model, ...options });
      expect(told(report)).toContain(`${line ?? "file"} ${code} ${path}`.trim());
    }
  });
});

test("what the mutations put into a row is good before it is broken", async () => {
  for (const [name, model] of FILES) {
    const rows = rowTexts(name).map((row) => JSON.stringify(withCall(parse(row))));
    const codes = told(await check(rows.join("\n"), { model })).map((one) =>
      one.replace(/ messages\S*$/, ""),
    );
    expect(codes).toEqual(KNOWN[name]?.map((one) => one.replace(/ messages\S*$/, "")));
  }
});

/** The lesson's file, as long as training asks. */
const GOOD = rowTexts("lesson/18-training-data.jsonl");

test("a good file stays good in another order of its rows and members, with CRLF, and without a last line end", async () => {
  const order = fc.shuffledSubarray([...GOOD], { minLength: GOOD.length });
  const ends = fc.constantFrom("\n", "\r\n");
  await fc.assert(
    fc.asyncProperty(order, ends, fc.boolean(), fc.nat(3), async (rows, end, turn, blanks) => {
      const lines = turn ? rows.map(reversed) : rows;
      const report = await check(lines.join(end) + end.repeat(blanks));
      expect([report.valid, told(report), report.examples]).toEqual([true, [], 10]);
    }),
    { numRuns: 30 },
  );
});

test("bytes of any kind are told of, and never thrown at", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyBytes,
      fc.constantFrom("openai", "azure", "trl-messages", "trl-prompt-completion"),
      async (bytes, format) => {
        const report = await check(new Uint8Array(bytes), { format });
        expect(report.examples).toBeLessThanOrEqual(report.rows);
      },
    ),
    { numRuns: 300 },
  );
});

test("JSON of any kind in the place of any part of a row is told of, and never thrown at", async () => {
  const drone = parse(rowTexts("finetune/cookbook_drone_training_rows1-3.jsonl")[0]);
  const places = fc.constantFrom(...pathsIn(drone));
  await fc.assert(
    fc.asyncProperty(places, fc.jsonValue(), async (place, value) => {
      const row = JSON.stringify(replaced(drone, place, value));
      for (const format of ["openai", "trl-messages"] as const) await check(row, { format });
    }),
    { numRuns: 150 },
  );
});

function pathsIn(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner).map((path) => [key, ...path])),
  ];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], inner: unknown): unknown {
  if (key === undefined) return inner;
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? replaced(item, rest, inner) : item));
  return isObject(value) ? { ...value, [key]: replaced(value[key], rest, inner) } : value;
}

test("a thousand questions to a bank, answered with their intents, are a good set", async () => {
  const rows = rowTexts("banking77_sample.jsonl").map((row) => {
    const { text, category } = parse(row);
    const system = { role: "system", content: "Name the intent." };
    const messages = [system, { role: "user", content: text }, { role: "assistant", content: category }];
    return JSON.stringify({ messages });
  });
  const report = await check(rows.join("\n"));
  expect([told(report), report.examples, report.exact]).toEqual([[], 1000, true]);
});

test("many problems are counted, and the first of each code are kept", async () => {
  const report = await check("{}\n".repeat(50) + "x\n".repeat(30), { keep: 5 });
  expect(report.counts).toEqual({ missing_messages: 50, invalid_json: 30 });
  expect([report.errors, report.problems.length, report.valid]).toEqual([80, 10, false]);
});

test("a set without any system message is told of once", async () => {
  const bare = GOOD.map((row) => {
    const { messages } = parse(row);
    return JSON.stringify({ messages: Array.isArray(messages) ? messages.slice(1) : [] });
  });
  expect(told(await check(bare.join("\n")))).toEqual(["file missing_system"]);
});

test("what is shown of a file has nothing that a terminal acts on", async () => {
  const { problems } = await check(JSON.stringify({ "\u001b[2J\u202e": 1, messages: [{ role: "\u0007" }] }));
  for (const { path, message } of problems) expect(path + message).not.toMatch(/\p{C}/u);
  expect(problems.map(({ code }) => code)).toContain("unknown_key");
});

describe("Hugging Face's TRL", () => {
  const trl = { format: "trl-messages" } as const;

  test("takes few rows, columns of its own, calls without ids, arguments as objects, tools as JSON text", async () => {
    const tools = [{ type: "function", function: { name: "now", description: "The time" } }];
    const row = {
      topic: "time",
      tools: JSON.stringify(tools),
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What time is it?" },
        { role: "assistant", tool_calls: [{ type: "function", function: { name: "now", arguments: {} } }] },
        { role: "tool", name: "now", content: "12:00" },
        { role: "assistant", content: "Noon." },
      ],
    };
    expect(told(await check(JSON.stringify(row), trl))).toEqual([]);
    expect(told(await check(JSON.stringify(row)))).toEqual(["file other_format"]);
    const late = [...GOOD.slice(0, 9), JSON.stringify(row)].join("\n");
    expect(told(await check(late))).toContain("10 invalid_tools tools");
  });

  test("takes prompts and completions as texts and as messages", async () => {
    const rows = [
      { prompt: "What is 1 + 1?", completion: "2" },
      { prompt: [{ role: "user", content: "Hi" }], completion: [{ role: "assistant", content: "Hello" }] },
    ];
    const file = rows.map((row) => JSON.stringify(row)).join("\n");
    expect(told(await check(file, { format: "trl-prompt-completion" }))).toEqual([]);
    const turned = JSON.stringify({ ...rows[1], completion: [{ role: "user", content: "Hello" }] });
    expect(told(await check(turned, { format: "trl-prompt-completion" }))).toEqual([
      "1 no_assistant_message prompt",
    ]);
    expect(told(await check(file, trl))).toEqual(["1 other_shape", "2 other_shape"]);
  });
});

test("a call without an answer is told of once, and what has an error is no example", async () => {
  const user = { role: "user", content: "And then?" };
  const row = withCall(parse(GOOD[0]));
  const messages = Array.isArray(row["messages"]) ? row["messages"].toSpliced(-2, 1, user, user) : [];
  const report = await check([...GOOD, JSON.stringify({ ...row, messages })].join("\n"));
  expect(told(report)).toEqual(["11 unanswered_tool_call messages[3]"]);
  expect([report.rows, report.examples, report.tokens.length]).toEqual([11, 10, 10]);
});

test.each([
  [{ $ref: "#" }, "invalid_tool tools[0].function.parameters"],
  [{ required: "text" }, "invalid_tool tools[0].function.parameters"],
  [{ type: "string" }, "invalid_tool tools[0].function.parameters"],
  [{ properties: { text: { $ref: "#/$defs/none" } } }, "arguments_mismatch"],
  [{ additionalProperties: false }, "arguments_mismatch"],
])("a tool's parameters with %j: %s", async (schema, expected) => {
  const row = withCall(parse(GOOD[0]));
  const changed = put(row, ["tools", 0, "function", "parameters"], { type: "object", ...schema });
  const lines = told(await check([...GOOD, JSON.stringify(changed)].join("\n")));
  expect(lines).toEqual([expect.stringMatching(`^11 ${expected.replaceAll(/[[\].]/g, "\\$&")}`)]);
});

test("patterns of a tool's parameters are not looked at: one may take for ever", async () => {
  const properties = { tag: { type: "string", pattern: "^(a+)+$" } };
  const row = withCall(parse(GOOD[0]));
  const tool = put(row, ["tools", 0, "function", "parameters"], { type: "object", properties });
  expect(told(await check([...GOOD, JSON.stringify(tool)].join("\n")))).toEqual([]);
});

test("a JSON array instead of rows is told of as such, on one line and on many", async () => {
  for (const indent of [0, 2]) {
    const [first] = (await check(JSON.stringify(GOOD.map(parse), null, indent))).problems.filter(
      ({ line }) => line === 1,
    );
    expect(first?.message).toMatch(/^A JSON array begins here\./);
  }
});

test("Azure's file begins with a byte-order mark", async () => {
  expect(told(await check(`\uFEFF${GOOD.join("\n")}`, { format: "azure" }))).toEqual([]);
});

test("the validation file may be short, and what it shares with the training file is told", async () => {
  const training = await check(GOOD.join("\n"));
  const validation = await check(bytesOf("lesson/18-validation-data.jsonl"), { training });
  expect([told(validation), validation.valid]).toEqual([[], true]);
});

test("docs/datasets.md has each code with its level and meaning, and no other", () => {
  const table = [...readPage("docs/datasets.md").matchAll(/^\| `(\w+)` \| (error|warning) \| (.+) \|$/gm)];
  const documented = table.map(([, code, level, meaning]) => [code, level, meaning]);
  const codes = Object.entries<(typeof CODES)[Code]>(CODES);
  expect(documented).toEqual(codes.map(([code, { level, meaning }]) => [code, level, meaning]));
});
