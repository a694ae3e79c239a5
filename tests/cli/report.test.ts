import { dirname } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { reportList } from "../../routes/admin/report-query.ts";
import { openStore } from "../../src/store/open.ts";
import { helpConfig } from "../reports/material.ts";
import { daily, hourOf, TUNED } from "../reports/usage.ts";
import { nodes, projectNode, runCommand, temporaryFiles } from "./command.ts";

const RANGE = ["--from", "2026-06-01", "--to", "2026-06-30"];

/** A folder with a configuration, and a store with 30 days of both paths. */
async function prepared(): Promise<{ run(...args: readonly string[]): ReturnType<typeof runCommand> }> {
  const path = temporaryFiles({ "c.yaml": stringify(helpConfig()) });
  const dataDir = dirname(path("c.yaml"));
  const store = await openStore(`file:${dataDir}/crossover.db`);
  const prompted = hourOf(480, { input: 1200, added: 1000, output: 300, cost: 0.0048 });
  const bare = hourOf(480, { input: 200, output: 300, cost: 0.00112 }, TUNED);
  const usage = [...daily(30, prompted), ...daily(30, bare)];
  await store.write({ captures: [], recipes: [], usage });
  await store.close();
  return {
    run: (...args) =>
      runCommand(projectNode, ["report", "-c", path("c.yaml"), ...args], {
        env: { CROSSOVER_DATA_DIR: dataDir },
      }),
  };
}

test("all of a route in tables and sentences", async () => {
  const { run } = await prepared();
  const { code, stdout, stderr } = await run("--route", "help", ...RANGE);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^help, 2026-06-01T00:00 to 2026-07-01T00:00 UTC: 28,800 requests in 30 days, 960 a day\.\n/,
  );
  expect(stdout).toMatch(/^path bare +14,400 +0 +2,880,000 +0 +4,320,000 +16\.1 +0\.00112 +500$/m);
  expect(stdout).toMatch(/^prompt none /m);
  expect(stdout).toContain("The prompt adds 1,000 tokens to a request, 83.3% of its input: $0.002 a request");
  expect(stdout).toContain("training at $100 is paid back after 28.3 days, 27,174 requests");
  expect(stdout).toMatch(/^So far 14,400 requests of the candidate saved \$52\.99; .*: −\$47\.01\.$/m);
  expect(stdout).toMatch(/^Advice: keep the candidate\./m);
});

test("without a route a line for each", async () => {
  const { run } = await prepared();
  const { code, stdout } = await run(...RANGE);
  expect(code).toBe(0);
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["route", "advice", "break-even", "requests", "a day", "cost USD", "prompt USD a month"],
    expect.any(Array),
    ["help", "keep", "28.3 days", "28,800", "960", "85.2", "28.8"],
    ["other", "stay", "unknown", "0", "0"],
    [""],
  ]);
});

test("as JSON, with prices of one's own", async () => {
  const { run } = await prepared();
  const { code, stdout } = await run(
    "--json",
    "--route",
    "help",
    ...RANGE,
    "--input-price",
    "0.8",
    "--output-price",
    "3.2",
    "--hosting-per-hour",
    "0.5",
    "--training-cost",
    "10",
  );
  expect(code).toBe(0);
  const [report] = reportList.parse(JSON.parse(stdout)).data;
  expect(report?.candidate).toEqual({
    variant: null,
    model: null,
    input_price: 0.8,
    output_price: 3.2,
    hosting_per_hour: 0.5,
    training_cost: 10,
  });
  expect(report?.break_even?.verdict).toBe("never");
});

test("wrong use ends with 2, a refusal with 1, each with one plain line", async () => {
  const { run } = await prepared();
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--training-cost", "much"], 2, /--training-cost: a number from 0 to/],
    [["--route", "nowhere"], 2, /--route: there is no route nowhere|there is no route "nowhere"/],
    [["--store", "redis://x"], 1, /a store's url begins with/],
  ];
  for (const [args, expected, words] of cases) {
    const { code, stdout, stderr } = await run(...args);
    expect([args, code, stdout]).toEqual([args, expected, ""]);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  }
});

test.each(nodes)("on %s it tells how it is used", async (_name, node) => {
  const { code, stdout } = await runCommand(node, ["report", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/--candidate/);
});

test("a route that is not there: those that are", async () => {
  const { run } = await prepared();
  const { code, stderr } = await run("--route", "nope");
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('--route: there is no route "nope". There are: help, other\n'),
  ]);
});
