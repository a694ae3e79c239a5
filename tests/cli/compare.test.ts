import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { wholeComparison } from "../../routes/admin/comparisons.ts";
import { main } from "../../src/cli/main.ts";
import { openStore } from "../../src/store/open.ts";
import { contentOf } from "../store/samples.ts";
import { captured } from "../support/captured.ts";
import { askedOf, byModel, comparable, likesTheFirst } from "../support/compare.ts";
import { until } from "../support/gateway.ts";
import { type Respond, respondStream, sendJson, startStream, startUpstream } from "../support/upstream.ts";
import { projectNode, runCommand, startCommand, temporaryFiles } from "./command.ts";

/** Within this process, as a start takes a while. */
async function expectRefusedUse(args: readonly string[], problem: string): Promise<void> {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await main(["compare", ...args])).toBe(2);
  expect(stderr.mock.calls.flat().join("")).toContain(problem);
}

const EXAMPLES = [
  { messages: [{ role: "user", content: "One?" }] },
  {
    messages: [
      { role: "user", content: "Two?" },
      { role: "assistant", content: "Prompted.", weight: 1 },
    ],
  },
];

/** An upstream, and the command on it with files beside its configuration. */
async function start(respond: Respond, files: Readonly<Record<string, string>> = {}) {
  const upstream = await startUpstream(respond);
  const lines = EXAMPLES.map((example) => JSON.stringify(example)).join("\n");
  const all: Readonly<Record<string, string>> = {
    "c.yaml": stringify(comparable(upstream.url)),
    "in.jsonl": `${lines}\n\n`,
    ...files,
  };
  const path = temporaryFiles(all);
  const folder = dirname(path("c.yaml"));
  const argsOf = (args: readonly string[]): readonly string[] => ["compare", "-c", path("c.yaml"), ...args];
  const options = { env: { CROSSOVER_DATA_DIR: join(folder, "data") } };
  const store = () => openStore(`file:${join(folder, "data", "crossover.db")}`);
  return {
    upstream,
    path,
    store,
    run: (...args: readonly string[]) => runCommand(projectNode, argsOf(args), options),
    begin: (...args: readonly string[]) => startCommand(projectNode, argsOf(args), options),
  };
}

const bothPaths = byModel({
  "base-model": respondStream(["Prom", "pted."]),
  "ft-model": respondStream(["Tuned."]),
  "judge-model": likesTheFirst,
});
const BOTH = ["--variants", "prompted,tuned"];

describe("crossover compare", () => {
  test("a file: a table on standard output, counts on standard error, and all in the store", async () => {
    const { upstream, path, store, run } = await start(bothPaths);
    const { code, stdout, stderr } = await run(...BOTH, "--input", path("in.jsonl"), "--judge");
    expect([code, stderr.split("\n")[0]]).toEqual([
      0,
      expect.stringMatching(/^2 queries, 8 calls, at most about \$/),
    ]);
    expect(stderr).toContain("2 of 2 queries\n");
    expect(stdout).toMatch(/^prompted +enriched +2 +0 +10 +5 /m);
    expect(stdout).toMatch(/^tuned +bare +2 +0 +10 +5 +0 /m);
    expect(stdout).toMatch(/^prompted +\(expected\) +1 +100% \(21–100\) +1\.00/m);
    // The judge prefers what comes first: ties, all of them by orders that disagree.
    expect(stdout).toMatch(
      /^tuned +prompted +0% \(0–66\) +100% \(34–100\) +0% \(0–66\) +100% \(34–100\) +0 +0 /m,
    );
    const [sent] = askedOf(upstream.received, "ft-model");
    expect(sent?.body["messages"]).toEqual([{ role: "user", content: "One?" }]);
    const kept = await store();
    const [comparison] = await kept.comparisons(10);
    const rows = (await kept.comparison(comparison?.id ?? ""))?.rows;
    await kept.close();
    expect(comparison?.variants).toEqual(["prompted", "tuned"]);
    expect(rows).toHaveLength(2);
  });

  test("as JSON and as a page", async () => {
    const { path, run } = await start(bothPaths);
    const page = `${path("in.jsonl")}.html`;
    const args = [...BOTH, "--input", path("in.jsonl"), "--html", page];
    const { stdout, stderr } = await run(...args, "--json");
    const { id, rows, summary } = wholeComparison.parse(JSON.parse(stdout));
    expect(rows.map(({ query, expected }) => [query, expected])).toEqual([
      ["One?", null],
      ["Two?", "Prompted."],
    ]);
    expect(summary.pairs).toHaveLength(3);
    expect(stderr).toContain(`Wrote ${page}\nComparison ${id} is kept in the store: `);
    expect(await run(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is there already"),
    });
    expect(readFileSync(page, "utf8")).toContain("<h4>Expected</h4><pre>Prompted.</pre>");
    expect(statSync(page).mode & 0o777).toBe(0o600);
  });

  test("one query: the answers themselves; nothing is kept where that is not wanted", async () => {
    const { store, run } = await start(bothPaths);
    const { code, stdout } = await run(...BOTH, "--query", "Why?", "--no-store");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^prompted\n\n {2}Prompted\.\n\ntuned\n\n {2}Tuned\.\n/);
    const kept = await store();
    expect(await kept.comparisons(10)).toEqual([]);
    await kept.close();
  });

  test("captured queries are sent anew, and compared with the captured answers where that is wanted", async () => {
    const { upstream, store, run } = await start(bothPaths);
    const kept = await store();
    const capture = captured({ content: contentOf("Captured?", "Tuned."), route: "bare" });
    await kept.write({ captures: [capture], recipes: [], usage: [] });
    const { stdout } = await run(...BOTH, "--captures", "--route", "bare", "--reference", "--json");
    const { route, rows, summary } = wholeComparison.parse(JSON.parse(stdout));
    expect([route, rows.map(({ capture_id, query, expected }) => [capture_id, query, expected])]).toEqual([
      "bare",
      [[capture.id, "Captured?", "Tuned."]],
    ]);
    expect(rows[0]?.agreement.at(-1)).toMatchObject({ variant: "tuned", against: null, exact: true });
    expect(summary.reference).toBe("captured");
    expect(upstream.received).toHaveLength(2);
    // Its row is the user's data.
    expect((await kept.delete({ user: "ada" })).comparisonRows).toBe(1);
    await kept.close();
  });

  test("a variant that fails ends nothing; where none answers, the code is 1", async () => {
    const failing: Respond = (_received, response) => sendJson(response, {}, 500);
    const { path, run } = await start(
      byModel({ "ft-model": failing, "base-model": respondStream(["Yes."]) }),
    );
    const some = await run(...BOTH, "--input", path("in.jsonl"));
    expect([some.code, some.stderr]).toEqual([0, expect.stringContaining("2 of 2 queries, 2 errors\n")]);
    expect(some.stdout).toMatch(/^tuned +bare +0 +2 /m);
    expect((await run("--variants", "tuned", "--query", "Why?")).code).toBe(1);
  });

  test("Control-C ends the calls under way, and shows what has come", async () => {
    const { upstream, begin, path } = await start((received, response) =>
      received.text.includes("Two?") ? startStream(response) : respondStream(["Yes."])(received, response),
    );
    const child = begin(...BOTH, "--input", path("in.jsonl"));
    await until(() => upstream.received.length === 4 && child.stderr().includes("1 of 2 queries"), 30_000);
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect(child.stdout()).toMatch(/^prompted +enriched +1 +0 /m);
    await until(() => upstream.received.filter(({ aborted }) => aborted()).length === 2);
  });

  test("many calls are not made unasked where nobody can be asked", async () => {
    const line = JSON.stringify(EXAMPLES[0]);
    const { upstream, path, run } = await start(bothPaths, { "many.jsonl": `${line}\n`.repeat(51) });
    const refused = await run(...BOTH, "--input", path("many.jsonl"));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("made only with --yes")]);
    expect(upstream.received).toEqual([]);
    expect((await run(...BOTH, "--input", path("many.jsonl"), "--yes")).code).toBe(0);
    expect(upstream.received).toHaveLength(102);
  });

  test.each([
    [["--query", "a"], "name the variants"],
    [["--variants", "prompted"], "give one of --query, --input and --captures"],
    [["--variants", "prompted", "--query", "a", "--captures"], "give one of --query"],
    [["--variants", "prompted,nobody", "--query", "a"], "there is no variant nobody"],
    [["--variants", "tuned,tuned", "--query", "a"], "`tuned` is named twice"],
    [["--variants", "tuned", "--route", "none", "--query", "a"], "there is no route none"],
    [["--variants", "tuned", "--query", "a", "--concurrency", "0"], "--concurrency is a whole number"],
    [["--variants", "tuned", "--captures", "--from", "soon"], "--from: "],
    [["--variants", "tuned", "--captures", "--limit", "1.5"], "--limit is a whole number"],
    [["--variants", "tuned", "--what"], "--what"],
  ])("wrong use: %j", async (args, problem) => {
    const path = temporaryFiles({ "c.yaml": stringify(comparable("http://127.0.0.1:9")) });
    vi.stubEnv("CROSSOVER_DATA_DIR", join(dirname(path("c.yaml")), "data"));
    await expectRefusedUse(["-c", path("c.yaml"), ...args], problem);
  });

  test("a judge that is not configured", async () => {
    const path = temporaryFiles({ "c.yaml": stringify(comparable("http://127.0.0.1:9", { compare: {} })) });
    const args = ["-c", path("c.yaml"), ...BOTH, "--query", "a", "--judge", "--no-store"];
    await expectRefusedUse(args, "no judge is configured");
  });
});
