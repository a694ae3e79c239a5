import { readFileSync } from "node:fs";
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

test("the first problems of a code are shown, the others counted", async () => {
  const path = temporaryFiles({ "train.jsonl": "x\n".repeat(25) });
  const { stdout } = await run("validate", path("train.jsonl"));
  expect(stdout.match(/ invalid_json /g)).toHaveLength(20);
  expect(stdout).toContain("\n5 more of invalid_json.\n");
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
