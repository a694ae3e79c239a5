import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Child, startChild } from "../platforms/child.ts";
import { projectNode } from "./command.ts";

const root = join(import.meta.dirname, "../..");

async function runDemo(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const child = startChild(projectNode, [join(root, "src/cli/demo.ts"), ...args], { cwd: root, env });
  onTestFinished(() => child.stop());
  await child.ended;
  return child;
}

/** The rows of the printed table, by column. */
function rowsOf(text: string): readonly Readonly<Record<string, string>>[] {
  const lines = text.split("\n");
  const line = lines.findIndex((one) => /^-+( {2}-+)+$/.test(one));
  const head = lines[line - 1]?.split(/ {2,}/) ?? [];
  const end = lines.indexOf("", line);
  return lines
    .slice(line + 1, end)
    .map((one) => Object.fromEntries(one.split(/ {2,}/).map((cell, index) => [head[index] ?? "", cell])));
}

test("without any key the demo shows each case on its path, with what it cost", async () => {
  const dataDir = join(tmpdir(), `crossover-demo-${process.pid}`);
  const child = await runDemo([], { CROSSOVER_DATA_DIR: dataDir });
  expect([await child.ended, child.stderr()]).toEqual([0, ""]);
  expect(existsSync(dataDir)).toBe(false);
  const text = child.stdout();
  expect(text).toContain("provider openai has no key: the built-in simulator answers in its place");
  expect(text).toContain("store   none: nothing of this demo is kept");
  expect(text).toMatch(/routes {2}(?=.*translate)(?=.*recipes)(?=.*haiku)(?=.*support)(?=.*summarise)/);
  const rows = rowsOf(text);
  expect(rows.map(({ route, rule, variant, path }) => [route, rule, variant, path].join(" "))).toEqual([
    "translate default translator enriched",
    "recipes default recipes-tuned bare",
    "haiku forced haiku-prompted enriched",
    "haiku forced haiku-tuned bare",
    "support usual support-tuned bare",
    "support edge-case support-careful enriched",
    "summarise default summary enriched",
    "recipes default recipes-tuned bare",
  ]);
  for (const row of rows) {
    const added = Number(row["added by prompt"]);
    if (row["path"] === "bare") expect(added).toBe(0);
    else expect(added).toBeGreaterThan(0);
    expect(Number(row["tokens sent"])).toBeGreaterThan(added);
    expect(Number(row["cost USD"])).toBeGreaterThan(0);
    expect(Number(row["latency ms"])).toBeGreaterThan(0);
  }
  const [, , prompted, tuned] = rows;
  expect(Number(prompted?.["tokens sent"])).toBeGreaterThan(Number(tuned?.["tokens sent"]));
});

test("an upstream that can't be reached is told for each case, with exit code 1", async () => {
  const child = await runDemo([], {
    AZURE_OPENAI_API_KEY: "key",
    AZURE_OPENAI_ENDPOINT: "http://127.0.0.1:1",
  });
  expect([await child.ended, child.stderr()]).toEqual([1, ""]);
  expect(child.stdout()).toMatch(/Not answered:\n {2}recipes, recipes-tuned: 502 .+\n {2}recipes/);
  expect(rowsOf(child.stdout())).toHaveLength(8);
});

test("a configuration that is not there gives one plain line", async () => {
  const child = await runDemo(["--config", "/nowhere/none.yaml"]);
  expect(await child.ended).toBe(1);
  expect(child.stderr()).toMatch(/^demo: .*\n.*none\.yaml.*can't be read\n$/);
});

test("--help tells what it does", async () => {
  const child = await runDemo(["--help"]);
  expect([await child.ended, child.stderr()]).toEqual([0, ""]);
  expect(child.stdout()).toMatch(/^Usage: npm run demo/);
});
