import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { questionsIn } from "../../src/cli/migration-questions.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { loadFromDisk } from "../../src/load-from-disk.ts";
import { startNode } from "../../src/node.ts";
import { openStore } from "../../src/store/open.ts";
import { tuningJob } from "../../src/tuning/job.ts";
import { type Child, startChild } from "../platforms/child.ts";
import { until } from "../support/until.ts";
import { projectNode } from "./command.ts";

const root = join(import.meta.dirname, "../..");
const configPath = join(root, "demo/migration.yaml");
const [queries, examples] = ["queries.jsonl", "examples.jsonl"].map((name) =>
  readFileSync(join(root, "demo/banking77", name), "utf8"),
);

const shot = z.strictObject({ user: z.string(), assistant: z.string() });

interface Started {
  readonly child: Child;
  /** Where it makes its folder. */
  readonly place: string;
  /** The folders that are there. */
  readonly folders: () => readonly string[];
}

function startDemo(args: readonly string[]): Started {
  const place = mkdtempSync(join(tmpdir(), "crossover-road-"));
  onTestFinished(() => rmSync(place, { recursive: true }));
  const child = startChild(projectNode, [join(root, "src/cli/demo-migration.ts"), ...args], {
    cwd: root,
    env: { TMPDIR: place },
  });
  onTestFinished(() => child.stop());
  const folders = () => readdirSync(place).filter((name) => name.startsWith("crossover-migration-"));
  return { child, place, folders };
}

interface Row {
  readonly variant: string;
  /** Percent. */
  readonly right: number;
  readonly tokens: number;
  readonly usd: number;
}

/** The table of the held-out questions. */
function contestIn(text: string): readonly Row[] {
  const rows = text.matchAll(/^(\S+) +([\d.]+)% +[\d.]+% to [\d.]+% +([\d,]+) +\$([\d.]+)$/gm);
  return [...rows].map(([, variant = "", right, tokens = "", usd]) => ({
    variant,
    right: Number(right),
    tokens: Number(tokens.replaceAll(",", "")),
    usd: Number(usd),
  }));
}

function sdk(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "none-needed", maxRetries: 0 });
}

test("the road leads from traffic to a variant that is better by far and takes few tokens, all of it kept", {
  timeout: 300_000,
}, async () => {
  const { child, place, folders } = startDemo(["--rows", "600", "--keep"]);
  expect([await child.ended, child.stdout()]).toEqual([0, expect.stringContaining("tuned-600 is the best")]);
  const [bare, prompted, early, tuned] = contestIn(child.stdout());
  expect([bare, prompted, early, tuned].map((row) => row?.variant)).toEqual([
    "bare",
    "prompted",
    "tuned-200",
    "tuned-600",
  ]);
  if (!bare || !prompted || !early || !tuned) throw new Error("the table lacks rows");
  expect(bare.right).toBeLessThan(5);
  expect(prompted.right).toBeGreaterThan(bare.right + 20);
  expect(tuned.right).toBeGreaterThan(prompted.right + 12);
  expect(tuned.right).toBeGreaterThan(early.right + 10);
  expect(tuned.tokens * 100).toBeLessThan(prompted.tokens);
  expect(tuned.usd * 20).toBeLessThan(prompted.usd);
  expect(child.stdout()).toMatch(/^Break-even with tuned-600/m);

  const [folder = ""] = folders();
  const dataDir = join(place, folder, "data");
  const registered = parse(readFileSync(join(dataDir, "registered.yaml"), "utf8"));
  expect(Object.keys(registered.models)).toEqual(["tuned-200", "tuned-600"]);
  expect(registered.variants["tuned-600"]).toMatchObject({ model: "tuned-600" });

  const store = await openStore(`file:${join(dataDir, "crossover.db")}`, { make: false });
  onTestFinished(() => store.close());
  const jobs = (await store.tuningJobs({ limit: 10 })).map((row) =>
    tuningJob.parse(JSON.parse(row.document)),
  );
  expect(jobs.map(({ state, registered }) => [state, registered])).toEqual([
    ["succeeded", true],
    ["succeeded", true],
  ]);
  const [last] = jobs;
  expect(last?.proposal).toContain("rollouts:");
  expect(last?.evaluation?.candidate.exact).toBeGreaterThan(last?.evaluation?.control.exact ?? 1);
  expect((await store.comparisons(10)).map(({ id }) => id)).toContain(last?.evaluation?.comparison);
  const corrected = await store.count({ route: "intents", feedback: { name: "correction" } });
  expect(corrected).toBeGreaterThan(200);

  // What is kept goes on in a gateway that knows nothing of the demo.
  const running = await startNode({
    configPath,
    env: { CROSSOVER_DATA_DIR: dataDir, PORT: "0" },
    log: () => {},
    keys: new KeyRing(),
    store: false,
    watch: false,
  });
  onTestFinished(() => running.close(0));
  const answer = await sdk(running.url).chat.completions.create(
    { model: "intents", messages: [{ role: "user", content: "How do I change my PIN?" }] },
    { headers: { "x-crossover-variant": "tuned-600" } },
  );
  expect(answer.choices[0]?.message.content).toBe("change_pin");
});

test.each([
  ["asks", " questions\n"],
  ["trains", "Fine-tuning job started"],
])("Control-C while it %s leaves nothing behind", { timeout: 120_000 }, async (_, seen) => {
  const { child, folders } = startDemo([]);
  await until(() => child.stderr().includes(seen) || child.hasEnded(), 100_000);
  expect(folders()).toHaveLength(1);
  child.process.kill("SIGINT");
  expect([await child.ended, child.stderr()]).toEqual([130, expect.not.stringContaining("demo:migration:")]);
  expect(folders()).toEqual([]);
});

test.each([
  ["--rows", "2"],
  ["--rows", "many"],
  ["--what", "--rows"],
])("%s %s is refused before anything begins", async (...args) => {
  const { child, folders } = startDemo(args);
  expect(await child.ended).toBe(2);
  expect(child.stderr()).toContain(args[0]);
  expect(folders()).toEqual([]);
});

test("--help tells what it does", async () => {
  const { child } = startDemo(["--help"]);
  expect([await child.ended, child.stderr()]).toEqual([0, ""]);
  expect(child.stdout()).toMatch(/^Usage: npm run demo:migration/);
});

test("the prompt shows each intent twice, and no question that is asked", () => {
  const { prompts, notices } = loadFromDisk(configPath, {});
  expect(notices).toEqual([]);
  const shown = (examples ?? "")
    .trimEnd()
    .split("\n")
    .map((line) => shot.parse(JSON.parse(line)));
  expect(prompts.get("intents")?.examples).toHaveLength(2 * shown.length);
  const counts = new Map<string, number>();
  for (const { assistant } of shown) counts.set(assistant, (counts.get(assistant) ?? 0) + 1);
  expect(counts.size).toBe(77);
  expect(new Set(counts.values())).toEqual(new Set([2]));
  const { traffic, heldOut } = questionsIn(queries ?? "", examples ?? "", { traffic: 2400, heldOut: 300 });
  expect([traffic.length, heldOut.length]).toEqual([2400, 300]);
  const asked = [...traffic, ...heldOut].map(({ text }) => text);
  expect(new Set(asked).size).toBe(2700);
  expect(shown.filter(({ user }) => asked.includes(user))).toEqual([]);
});
