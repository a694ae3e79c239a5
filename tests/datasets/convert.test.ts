import { expect, test } from "vitest";
import { type Converted, convertRow, convertRows } from "../../src/datasets/convert.ts";
import { linesOf, readLines } from "../../src/datasets/read.ts";
import { bytesOf, check, rowTexts, told } from "./files.ts";

async function converted(file: string | Uint8Array): Promise<readonly Converted[]> {
  const rows: Converted[] = [];
  for await (const row of convertRows(typeof file === "string" ? linesOf(file) : readLines([file])))
    rows.push(row);
  return rows;
}

const examplesOf = (rows: readonly Converted[]) =>
  rows.flatMap((row) => ("examples" in row ? row.examples : []));

test("Self-Instruct's seed tasks become an example for each instance, and a good file", async () => {
  const rows = await converted(bytesOf("finetune/self_instruct_seed_tasks_sample.jsonl"));
  expect(rows.filter((row) => "reason" in row)).toEqual([]);
  const examples = examplesOf(rows);
  const source = rowTexts("finetune/self_instruct_seed_tasks_sample.jsonl").map((row) => JSON.parse(row));
  expect(examples).toHaveLength(source.flatMap(({ instances }) => instances).length);
  expect(examples[0]?.messages).toEqual([
    { role: "user", content: source[0].instruction },
    { role: "assistant", content: source[0].instances[0].output },
  ]);
  expect(examples[1]?.messages[0]?.content).toBe(
    `${source[1].instruction}\n\n${source[1].instances[0].input}`,
  );
  const file = examples.map((example) => JSON.stringify(example)).join("\n");
  expect(told(await check(file))).toEqual(["file missing_system"]);
});

test("FastChat's conversations, a JSON array, become examples of the same turns", async () => {
  const rows = await converted(bytesOf("finetune/fastchat_dummy_conversation_sample.json"));
  const examples = examplesOf(rows);
  expect([rows.length, examples.length]).toEqual([40, 40]);
  expect(examples[0]?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  expect(examples[0]?.messages[0]).toEqual({ role: "user", content: "Who are you?" });
});

test("a set in the chat format stays as it is", async () => {
  const name = "finetune/cookbook_drone_training_rows1-3.jsonl";
  const examples = examplesOf(await converted(bytesOf(name)));
  const source = rowTexts(name).map((row) => JSON.parse(row));
  expect(examples).toEqual(source.map(({ messages, tools }) => ({ messages, tools })));
});

test.each([
  [
    { instruction: "Translate.", input: "Good morning", output: "Buenos días", system: "Be exact." },
    [
      { role: "system", content: "Be exact." },
      { role: "user", content: "Translate.\n\nGood morning" },
      { role: "assistant", content: "Buenos días" },
    ],
  ],
  [
    { prompt: "1 + 1?", completion: "2" },
    [
      { role: "user", content: "1 + 1?" },
      { role: "assistant", content: "2" },
    ],
  ],
  [
    { prompt: [{ role: "user", content: "Hi" }], completion: [{ role: "assistant", content: "Hello" }] },
    [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
    ],
  ],
  [
    {
      system: "Be brief.",
      conversations: [
        { from: "human", value: "Hi" },
        { from: "gpt", value: "Hello" },
      ],
    },
    [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
    ],
  ],
])("%j is converted", (row, messages) => {
  expect(convertRow(1, row)).toEqual({ line: 1, examples: [{ messages }] });
});

test.each([
  ["x", "it is no JSON object"],
  [{}, "its shape is not known: no members"],
  [{ question: "a" }, "its shape is not known: question"],
  [{ messages: [] }, "it has no messages"],
  [{ messages: [{ role: "robot", content: "x" }] }, "a message has no known role"],
  [{ instruction: "Do it.", input: "", output: " " }, "`output` has no text"],
  [{ instruction: "Do it.", input: 1, output: "x" }, "`input` is no text"],
  [{ instruction: "Do it.", instances: [] }, "it has no instances"],
  [{ conversations: [{ from: "human", value: "Hi" }] }, "the last turn is not the model's"],
  [{ conversations: [{ from: "tool", value: "Hi" }] }, 'who speaks is not known: "tool"'],
  [{ conversations: [{ from: "constructor", value: "Hi" }] }, 'who speaks is not known: "constructor"'],
  [{ prompt: "a", completion: null }, "`completion` has no text"],
])("%j can't be converted: %s", (row, reason) => {
  expect(convertRow(3, row)).toEqual({ line: 3, reason });
});

test("lines that are not JSON, and a broken array, are told of", async () => {
  expect(await converted('{"prompt":"a","completion":"b"}\n\nx\n')).toMatchObject([
    { line: 1 },
    { line: 3, reason: "it is no JSON object" },
  ]);
  expect(await converted("[{]")).toEqual([
    { line: 1, reason: "the file begins as a JSON array, but is none" },
  ]);
});
