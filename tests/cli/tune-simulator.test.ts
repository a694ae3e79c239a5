import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { tuningJobList } from "../../routes/admin/tuning-fields.ts";
import { projectNode, runCommand, temporaryFiles } from "./command.ts";

const TASKS = {
  card_lost: ["I lost my card", "my card is gone", "the card is lost somewhere", "can't find my card"],
  transfer_late: [
    "my transfer is late",
    "the transfer has not come",
    "where is my transfer",
    "transfer still not there",
  ],
  pin_change: ["change my pin", "I want a new pin", "how do I set another pin", "pin must be changed"],
} as const;
const OPENINGS = ["", "Hello, ", "Please help: ", "Quick one, ", "Hi there, ", "Sorry, "];

/** Questions with their labels, of which every fourth is held out. */
const rows = Object.entries(TASKS).flatMap(([label, questions]) =>
  questions.flatMap((question) => OPENINGS.map((opening) => ({ question: `${opening}${question}.`, label }))),
);

function lines(isHeldOut: boolean): string {
  return rows
    .filter((_, index) => (index % 4 === 3) === isHeldOut)
    .map(({ question, label }) =>
      JSON.stringify({
        messages: [
          { role: "user", content: question },
          { role: "assistant", content: label },
        ],
      }),
    )
    .join("\n");
}

const CONFIG = {
  providers: { openai: { kind: "openai", apiKey: "", withoutKey: "simulator" } },
  models: { base: { provider: "openai", model: "gpt-4.1-mini" } },
  prompts: {
    intents: {
      system: "Name the intent. Answer with card_lost, transfer_late or pin_change alone.",
      examples: Object.entries(TASKS).map(([label, [question]]) => ({ user: question, assistant: label })),
    },
  },
  variants: { prompted: { model: "base", prompt: "intents" } },
  routes: { bank: { default: "prompted" } },
  tuning: { pollSeconds: 0.1 },
};

test("without a key the whole road is walked at the simulator, and nobody could take it for more", async () => {
  const path = temporaryFiles({
    "c.yaml": stringify(CONFIG),
    "keyed.yaml": stringify({ ...CONFIG, providers: { openai: { kind: "openai", apiKey: "sk-1" } } }),
    "train.jsonl": lines(false),
    "validation.jsonl": lines(true),
  });
  const folder = dirname(path("c.yaml"));
  const env = { CROSSOVER_DATA_DIR: join(folder, "data") };
  const run = (...args: readonly string[]) =>
    runCommand(projectNode, ["tune", ...args, "--config", path("c.yaml")], { env });
  const { code, stdout, stderr } = await run("start", "--route", "bank", "--dataset", folder, "--yes");
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^Training gpt-4\.1-mini for the route bank: openai, SIMULATED by the built-in simulator\n/,
    ),
  ]);
  const page = /^Answers side by side: (.+)$/m.exec(stdout)?.[1] ?? "";
  expect(existsSync(page)).toBe(true);
  const { stdout: listed } = await run("list", "--json");
  const [job] = tuningJobList.parse(JSON.parse(listed)).data;
  const { control, candidate } = job?.evaluation ?? {};
  expect(job).toMatchObject({ state: "succeeded", spec: { simulated: true }, evaluation: { rows: 18 } });
  expect(candidate?.exact).toBeGreaterThanOrEqual(control?.exact ?? 1);
  expect(candidate?.input_tokens).toBeLessThan((control?.input_tokens ?? 0) / 2);
  // With a key there is no such model any more.
  const check = (file: "c.yaml" | "keyed.yaml") => runCommand(projectNode, ["check", path(file)], { env });
  expect((await check("c.yaml")).stdout).not.toContain("left out");
  const checked = await check("keyed.yaml");
  expect([checked.code, checked.stdout + checked.stderr]).toEqual([
    0,
    expect.stringMatching(
      /models\.bank-tj-\w+\.simulated is left out.* made by the simulator: train it again/,
    ),
  ]);
  // What it was trained on is here, and goes all the same.
  const data = env.CROSSOVER_DATA_DIR;
  const copies = (): readonly string[] =>
    ["simulator", "tuning"].flatMap((part) =>
      readdirSync(join(data, part), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .filter((file) => readFileSync(file, "utf8").includes("I lost my card")),
    );
  expect(copies().length).toBeGreaterThan(2);
  const gone = await runCommand(
    projectNode,
    ["tune", "delete", job?.id ?? "", "--yes", "--config", path("keyed.yaml")],
    { env },
  );
  expect([gone.code, gone.stdout]).toEqual([0, expect.stringContaining("with all copies of its data set")]);
  expect(copies()).toEqual([]);
  expect(stdout).toMatch(/^prompted +\d[\d.]*% +\d+.*\nbank-tj-\w+ +\d[\d.]*% +\d/m);
}, 120_000);
