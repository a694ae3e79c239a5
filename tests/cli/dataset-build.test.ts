import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseBuildOptions } from "../../src/cli/dataset-build-options.ts";
import { UsageError } from "../../src/cli/error-text.ts";
import { openStore } from "../../src/store/open.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { captured, type Said } from "../datasets/captures.ts";
import { rowTexts } from "../datasets/files.ts";
import { twoPaths } from "../support/config.ts";
import { type Ended, projectNode, runCommand, temporaryFiles } from "./command.ts";

const SECRET = "sk-upstream-secret-0001"; // the configuration's

const CONFIG = {
  ...twoPaths("http://127.0.0.1:9"),
  variants: {
    prompted: { model: "base", prompt: "helper" },
    tuned: { model: "ft" },
    kept: { model: "ft", bare: "keep" },
  },
};

/** A folder with a configuration and a store of these captures. */
async function place(captures: readonly StoredCapture[]): Promise<{
  readonly path: (name: string) => string;
  readonly build: (...args: readonly string[]) => Promise<Ended>;
}> {
  const file = temporaryFiles({ "crossover.yaml": JSON.stringify(CONFIG) });
  const path = (name: string): string => join(file("crossover.yaml"), "..", name);
  const store = await openStore(`file:${path("crossover.db")}`);
  await store.write({ captures, recipes: [], usage: [] });
  for (const { feedback } of captures) for (const one of feedback) await store.addFeedback(one);
  await store.close();
  const env = { CROSSOVER_CONFIG: file("crossover.yaml"), CROSSOVER_DATA_DIR: path("") };
  return { path, build: (...args) => runCommand(projectNode, ["dataset", "build", ...args], { env }) };
}

const BANK = rowTexts("banking77_sample.jsonl").map((text): { text: string; category: string } =>
  JSON.parse(text),
);

/** Sixty questions to a bank that are good to learn from. */
const GOOD: readonly Said[] = BANK.slice(0, 60).map(({ text, category }, index) => ({
  id: `req-${index}`,
  at: Date.parse("2026-11-01T00:00:00Z") + index * 1000,
  query: {
    messages: [
      { role: "system", content: "You are the bank's app." },
      { role: "user", content: text },
    ],
  },
  answer: category,
  user: `user-${index % 30}`,
}));

const OTHERS: readonly Said[] = [
  { id: "bad-length", answer: "card_", finishReason: "length" },
  { id: "bad-secret", query: "Which key?", answer: `It is ${SECRET}.` },
  { ...GOOD[0], id: "bad-double", at: 1 },
  { id: "other-route", route: "soup", query: "Soup?" },
  { id: "other-path", path: "bare", query: "Bare?" },
  { id: "other-outcome", outcome: "timeout", query: "Late?" },
  { id: "cached", cached: true, query: "Cached?" },
];

const ALL = [...GOOD, ...OTHERS].map(captured);

const filesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
const rowsIn = (text: string | undefined): readonly unknown[] =>
  (text ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("captures become a set with its card", async () => {
  const { path, build } = await place(ALL);
  const { code, stdout, stderr } = await build(
    "--route",
    "recipes",
    "--out",
    path("set"),
    "--validation",
    "0.2",
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^broken answers +62 +1 +0 +cut at the most tokens \(length\) \(1\)$/m);
  expect(stdout).toMatch(
    /^secrets and personal data +62 +0 +1 +\[redacted:(secret|api-key)\] \(1\), personal data: not looked for/m,
  );
  expect(stdout).toMatch(/^exact duplicates +61 +1 +0/m);
  const files = filesIn(path("set"));
  expect([...files.keys()].sort()).toEqual([
    "README.md",
    "captures.sha256",
    "card.json",
    "train.jsonl",
    "validation.jsonl",
  ]);
  const [train, validation] = [rowsIn(files.get("train.jsonl")), rowsIn(files.get("validation.jsonl"))];
  expect(train.length + validation.length).toBe(61);
  expect(validation.length).toBeGreaterThan(2);
  expect([...train, ...validation]).toContainEqual({
    messages: [
      { role: "user", content: BANK[5]?.text },
      { role: "assistant", content: BANK[5]?.category },
    ],
  });
  const card = JSON.parse(files.get("card.json") ?? "");
  expect(card).toMatchObject({
    format: "openai",
    source: { kind: "captures", filters: { route: "recipes", path: "enriched" } },
    rows: { train: train.length, validation: validation.length },
    origins: { variants: { prompted: 61 }, promptVersions: { p1: 61 } },
    split: { leaks: 0, seed: "1", validation: 0.2 },
  });
  for (const { name, bytes, sha256 } of card.files) {
    const text = files.get(name) ?? "";
    expect([name, bytes, sha256]).toEqual([
      name,
      Buffer.byteLength(text),
      createHash("sha256").update(text).digest("hex"),
    ]);
  }
  const hashed = createHash("sha256").update("req-5").digest("hex");
  expect(files.get("captures.sha256")).toContain(hashed);
  expect([...files.values()].join("")).not.toContain(SECRET);
});

test("the same captures give the same bytes, in whatever order they were stored", async () => {
  const first = await place(ALL);
  const second = await place(ALL.toReversed());
  for (const { path, build } of [first, second])
    expect((await build("--route", "recipes", "--out", path("set"))).code).toBe(0);
  expect(filesIn(second.path("set"))).toEqual(filesIn(first.path("set")));
});

test("filters choose the captures, and --for says what the client's messages keep", async () => {
  const praised = GOOD.map((said, index) => ({ ...said, feedback: { score: index % 5 } }));
  const { path, build } = await place(praised.map(captured));
  const built = await build(
    ...[
      "--route",
      "recipes",
      "--feedback",
      "score>=3",
      "--from",
      "2026-11-01",
      "--to",
      "2026-11-01T00:00:50Z",
    ],
    ...["--for", "kept", "--format", "azure", "--out", path("set"), "--json"],
  );
  expect(built.code, built.stderr).toBe(0);
  const { card } = JSON.parse(built.stdout);
  expect(card.rows.train + card.rows.validation).toBe(20);
  expect(card.model).toBe("base-model-tuned");
  const text = readFileSync(join(path("set"), "train.jsonl"), "utf8");
  expect(text.startsWith("\uFEFF")).toBe(true);
  expect(rowsIn(text.slice(1))[0]).toMatchObject({
    messages: [
      { role: "system", content: "You are the bank's app." },
      { role: "user" },
      { role: "assistant" },
    ],
  });
});

test("too few examples end with 1, and nothing is written", async () => {
  const { path, build } = await place(OTHERS.map(captured));
  const none = await build(
    "--route",
    "recipes",
    "--cached",
    "--path",
    "any",
    "--out",
    path("none"),
    "--json",
  );
  expect([none.code, JSON.parse(none.stdout)]).toEqual([
    1,
    expect.objectContaining({ built: false, problem: expect.stringContaining(" examples are left") }),
  ]);
  expect(existsSync(path("none"))).toBe(false);
});

test("where no capture matches, that is said, and which routes have some", async () => {
  const { path, build } = await place([captured({ id: "one" }), captured({ id: "two", route: "soup" })]);
  const route = await build("--route", "nope", "--out", path("none"));
  expect(route).toEqual({
    code: 1,
    stdout: "",
    stderr: "crossover dataset: there is no capture of the route nope. There are some of recipes, soup\n",
  });
  const late = await build("--route", "recipes", "--from", "2027-01-01", "--out", path("none"));
  expect([late.code, late.stdout]).toEqual([1, ""]);
  expect(late.stderr).toContain("no capture matches: --path enriched --route recipes --from 2027-01-01");
});

test("a store that is not there is not made", async () => {
  const { path, build } = await place([]);
  const store = `file:${path("elsewhere/none.db")}`;
  const { code, stderr } = await build("--route", "recipes", "--store", store, "--out", path("set"));
  expect(code).toBe(1);
  expect(stderr).toContain(`there is no store at ${path("elsewhere/none.db")}`);
  expect(existsSync(path("elsewhere"))).toBe(false);
});

test("versions of prompts, earlier answers for TRL, personal data and an unknown price are told of", async () => {
  const turns = {
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "And which card?" },
    ],
  };
  const other = { ...captured({ id: "other", query: turns, answer: "card" }), promptVersion: "p2" };
  const { path, build } = await place([...GOOD.map(captured), other]);
  const args = ["--route", "recipes", "--format", "trl-messages", "--model", "llama", "--out", path("set")];
  const { code, stdout, stderr } = await build(...args);
  expect([code, stdout]).toEqual([0, expect.stringContaining("give --price")]);
  expect(stdout).toContain("personal data: not looked for (`redaction.pii` names no kinds)");
  expect(readFileSync(join(path("set"), "README.md"), "utf8")).toContain("personal data: not looked for");
  expect(stderr).toContain(
    "recipe-assistant p1 (60), recipe-assistant p2 (1). --prompt-version V or --variant",
  );
  expect(stderr).toContain("1 rows have earlier answers of the assistant");
  const priced = await build(...args, "--force", "--price", "1000");
  expect(priced.stdout).toMatch(/, about \d+\.\d\d USD/);
});

test("a file in the chat format is cleaned and converted", async () => {
  const { path, build } = await place([]);
  const lesson = rowTexts("lesson/18-training-data.jsonl");
  writeFileSync(path("in.jsonl"), `\uFEFF${[...lesson, lesson[0], "{", '{"messages":[]}', ""].join("\r\n")}`);
  const { code, stdout } = await build(
    ...[
      "--input",
      path("in.jsonl"),
      "--format",
      "trl-prompt-completion",
      "--validation",
      "0",
      "--out",
      path("set"),
    ],
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^readable +11 +2 +0 +not a chat example.*\(1\), not valid JSON \(1\)$/m);
  const files = filesIn(path("set"));
  expect([...files.keys()].sort()).toEqual(["README.md", "card.json", "train.jsonl"]);
  expect(rowsIn(files.get("train.jsonl"))).toHaveLength(10);
  expect(rowsIn(files.get("train.jsonl"))[0]).toMatchObject({
    prompt: [{ role: "system" }, { role: "user" }],
    completion: [{ role: "assistant" }],
  });
  const header = /^---\n(.*?)\n---\n/s.exec(files.get("README.md") ?? "")?.[1];
  expect(parse(header ?? "")).toEqual({
    configs: [{ config_name: "default", data_files: [{ split: "train", path: "train.jsonl" }] }],
  });
});

test.each([
  [["--route", "recipes"], "--out FOLDER"],
  [["--out", "x"], "--route NAME"],
  [["--out", "x", "--input", "y", "--route", "recipes"], "--route is for captures"],
  [["--out", "x", "--route", "recipes", "--format", "csv"], "--format is one of openai, azure"],
  [["--out", "x", "--route", "recipes", "--feedback", "thumbs<true"], "--feedback: NAME, NAME=VALUE"],
  [["--out", "x", "--route", "recipes", "--feedback", "score>=good"], "NAME>=NUMBER is expected"],
  [["--out", "x", "--route", "recipes", "--near", "0.2"], "--near is a number from 0.5 to 1"],
  [["--out", "x", "--route", "recipes", "--max-tokens", "1.5"], "--max-tokens is a whole number"],
  [["--out", "x", "--route", "recipes", "--group-by", "colour"], "--group-by is user"],
  [["--out", "x", "--route", "recipes", "--from", "yesterday"], "--from: a date such as"],
])("wrong use is told before anything is read: %j", (args, words) => {
  expect(() => parseBuildOptions(args)).toThrow(words);
  expect(() => parseBuildOptions(args)).toThrow(UsageError);
});

test.each([
  [["--for", "nobody"], "there is no variant"],
  [["--for", "prompted"], "has a prompt"],
])("wrong use ends with 2: %j", async (args, words) => {
  const { build } = await place([]);
  const { code, stdout, stderr } = await build("--out", "x", "--route", "recipes", ...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(words);
});

test("a date means all of its day, in UTC", () => {
  const { filter } = parseBuildOptions([
    "--route",
    "recipes",
    "--out",
    "x",
    "--from",
    "2026-11-01",
    "--to",
    "2026-11-02",
  ]);
  expect([filter.from, filter.to]).toEqual([
    Date.parse("2026-11-01T00:00:00Z"),
    Date.parse("2026-11-03T00:00:00Z"),
  ]);
});

test.each([
  ["thumbs", { name: "thumbs" }],
  ["thumbs:true", { name: "thumbs", equals: true }],
  ["thumbs=false", { name: "thumbs", equals: false }],
  ["score>=4.5", { name: "score", atLeast: 4.5 }],
  ["score:4", { name: "score", equals: 4 }],
  ["label:very good", { name: "label", equals: "very good" }],
])("--feedback %s", (text, feedback) => {
  const { filter } = parseBuildOptions(["--route", "recipes", "--out", "x", "--feedback", text]);
  expect(filter.feedback).toEqual(feedback);
});

test("a set of the simulator's answers is one to try the road with, and says so", async () => {
  const { path, build } = await place(GOOD.map((said) => captured({ ...said, simulated: true })));
  const { code, stderr } = await build("--route", "recipes", "--out", path("set"));
  expect(code).toBe(0);
  expect(stderr).toContain(
    "warning: all 60 answers are the simulator's: good to try the road, not to train\n",
  );
  const files = filesIn(path("set"));
  expect(JSON.parse(files.get("card.json") ?? "")).toMatchObject({ simulated: 60 });
  expect(files.get("README.md")).toContain("- answers of the simulator: 60\n");
});
