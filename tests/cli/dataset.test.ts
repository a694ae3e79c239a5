import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { bytesOf, rowTexts } from "../datasets/files.ts";
import { type Ended, projectNode, runCommand, temporaryFiles } from "./command.ts";

const LESSON = rowTexts("lesson/18-training-data.jsonl");
const run = (...args: readonly string[]): Promise<Ended> => runCommand(projectNode, ["dataset", ...args]);

test("a good file ends with 0, with its tokens and what training takes", async () => {
  const path = temporaryFiles({ "train.jsonl": LESSON.join("\n") });
  const { code, stdout, stderr } = await run("validate", path("train.jsonl"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(
    `${path("train.jsonl")} can be trained on: 10 rows, 0 errors, 0 warnings.\n` +
      "10 examples with 786 tokens, 402 of them in answers; counted as OpenAI's cookbook does.\n" +
      "Of an example: min 75, mean 78.6, p95 83, max 83.\n" +
      "Training gpt-4.1-mini for 10 epochs (OpenAI's default for so many examples) bills about 7860 tokens: " +
      "USD 0.04 at 5 per million, OpenAI's list price as of 2026-08-05.\n",
  );
});

test("a bad file ends with 1 and a table of what is wrong; leaked rows are told of", async () => {
  const path = temporaryFiles({
    "train.jsonl": [...LESSON.slice(0, 9), "{"].join("\n"),
    "valid.jsonl": `${LESSON[3]}\n${LESSON[9]}\n`,
  });
  const { code, stdout } = await run("validate", path("train.jsonl"), "--validation", path("valid.jsonl"));
  expect(code).toBe(1);
  expect(stdout).toContain("can't be trained on: 10 rows, 1 error, 0 warnings.");
  expect(stdout).toMatch(/^10 {4}error {2}invalid_json .*The line is not JSON: /m);
  expect(stdout).toMatch(/^1 {5}warning {2}leaked_row .*The same row is in line 4 of the training file\.$/m);
});

test("--json prints both reports and the estimate", async () => {
  const path = temporaryFiles({
    "train.jsonl": `\uFEFF${LESSON.join("\n")}`,
    "valid.jsonl": new TextDecoder().decode(bytesOf("lesson/18-validation-data.jsonl")),
  });
  const { code, stdout } = await run(
    "validate",
    path("train.jsonl"),
    ...["--validation", path("valid.jsonl"), "--format", "azure", "--price", "10", "--epochs", "2", "--json"],
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    format: "azure",
    model: "gpt-4.1-mini",
    training: { valid: true, examples: 10, problems: [], tokens: { total: 786, max: 83 } },
    validation: { valid: false, errors: 1, counts: { missing_bom: 1 } },
    estimate: { epochs: 2, billedTokens: 1572, usdPerMillion: 10, usd: 0.01572 },
  });
});

test("each code is one row, errors first", async () => {
  const rows = [LESSON[0], LESSON[0], ...Array.from({ length: 25 }, () => "x")];
  const path = temporaryFiles({ "train.jsonl": rows.join("\n") });
  const { stdout } = await run("validate", path("train.jsonl"));
  const codes = stdout.match(/^.* (?:error|warning) .*$/gm)?.map((line) => line.split(/ {2,}/).slice(0, 3));
  expect(codes).toEqual([
    ["25 lines, first 3", "error", "invalid_json"],
    ["2", "warning", "duplicate_row"],
  ]);
});

const TRL = Array.from({ length: 12 }, (_, index) =>
  JSON.stringify({
    prompt: [{ role: "user", content: `Question ${index}?` }],
    completion: [{ role: "assistant", content: "Answer." }],
  }),
).join("\n");

test("a folder is its two files, and a file of another format is told so once", async () => {
  const path = temporaryFiles({ "train.jsonl": TRL, "validation.jsonl": TRL });
  const folder = dirname(path("train.jsonl"));
  const { code, stdout } = await run("validate", folder);
  expect(code).toBe(1);
  expect(stdout.match(/This looks like trl-prompt-completion, .*: give --format \S+\./g)).toHaveLength(2);
  expect(stdout).toContain(`${path("train.jsonl")} can't be trained on: 12 rows, 1 error, 0 warnings.`);
  expect(stdout).toContain("12 lines, first 1");
  const good = await run("validate", path("train.jsonl"), "--format", "trl-prompt-completion");
  expect(good.code).toBe(0);
});

test("another folder is told so", async () => {
  const folder = dirname(temporaryFiles({ other: "" })("other"));
  const { code, stderr } = await run("validate", folder);
  expect([code, stderr]).toEqual([
    2,
    `crossover dataset: ${folder} is a folder without a train.jsonl: give a file\n`,
  ]);
});

test("wrong use ends with 2, a file that is not there with 1", async () => {
  const wrong = [[], ["fly"], ["validate"], ["validate", "a", "b"], ["validate", "a", "--format", "x"]];
  const ends = await Promise.all([
    ...wrong.map((args) => run(...args)),
    run("validate", "a", "--epochs", "0"),
    run("validate", "a", "--price", ""),
    run("convert", "a", "--out", "./a"),
  ]);
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 2));
  const none = await run("validate", "/nowhere.jsonl");
  expect([none.code, none.stderr]).toEqual([1, "crossover dataset: there is no file /nowhere.jsonl\n"]);
});

test("convert writes the chat format, and tells what it left out", async () => {
  const rows = [{ instruction: "Say hello.", input: "", output: "Hello" }, { "question\u001b[2J": "?" }];
  const path = temporaryFiles({ "alpaca.json": JSON.stringify(rows) });
  const out = `${path("alpaca.json")}l`;
  const { code, stderr } = await run("convert", path("alpaca.json"), "--out", out);
  expect(code).toBe(1);
  expect(stderr).toBe(
    "row 2 can't be converted: its shape is not known: question\ufffd[2J\n1 examples written, 1 rows left out.\n",
  );
  const messages = [
    { role: "user", content: "Say hello." },
    { role: "assistant", content: "Hello" },
  ];
  expect(readFileSync(out, "utf8")).toBe(`${JSON.stringify({ messages })}\n`);
  const shown = await run("convert", out);
  expect([shown.code, shown.stdout]).toEqual([0, `${JSON.stringify({ messages })}\n`]);
});
