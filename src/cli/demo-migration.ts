import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { KeyRing } from "../keys/key-ring.ts";
import type { Log } from "../metrics/log.ts";
import { type RunningGateway, startNode } from "../node.ts";
import { rounded } from "../reports/words.ts";
import { errorText, UsageError } from "./error-text.ts";
import { Leaving, leavingOnSignals } from "./leaving.ts";
import { MigrationClient } from "./migration-client.ts";
import { type Questions, questionsIn } from "./migration-questions.ts";
import { type Contest, contestTable, doubtsIn } from "./migration-result.ts";
import { type Captured, crossover, type Road, walk } from "./migration-road.ts";
import { Notes } from "./notes.ts";
import { numberOf, whole } from "./number-option.ts";
import { RequestLines } from "./request-lines.ts";

const HELP = `Usage: npm run demo:migration [-- --rows NUMBER] [-- --keep]

Walks the whole road from a prompt to a tuned model: traffic, corrections, a data set, a training, a comparison, a new
variant. 3,000 questions to a bank are the traffic, and the built-in simulator is the provider: it needs neither key nor
network, and what it shows is measured while it runs. It takes about a minute.
  --rows  questions of the traffic, from 300 to 2,400. Default 1,800
  --keep  keep the folder with the store, the data sets and the models
Exit code 0: the tuned model is the best, with far fewer tokens. 1: it is not, or something failed.
`;

const DEMO = fileURLToPath(new URL("../../demo/", import.meta.url));
const CONFIG = relative(process.cwd(), join(DEMO, "migration.yaml"));
const EARLY = 1 / 3;
const HELD_OUT = 300;
const ROWS = { least: 300, most: 2400, usual: 1800 } as const;

async function migrate(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const questions = questionsOf(values.rows);
  const leaving = leavingOnSignals();
  const folder = mkdtempSync(join(tmpdir(), "crossover-migration-"));
  // Last of all, when nothing can write there any more.
  process.on("exit", () => cleanUp(folder, values.keep));
  try {
    return await inFolder(folder, questions, leaving);
  } catch (error) {
    if (!(leaving.aborted && leaving.reason instanceof Leaving)) throw error;
    return leaving.reason.exitCode;
  }
}

/** @throws UsageError */
function questionsOf(rows: string | undefined): Questions {
  const traffic = numberOf("--rows", rows, whole(1)) ?? ROWS.usual;
  if (traffic < ROWS.least || traffic > ROWS.most)
    throw new UsageError(`--rows is from ${ROWS.least} to ${ROWS.most}`);
  const read = (name: string): string => readFileSync(join(DEMO, "banking77", name), "utf8");
  return questionsIn(read("queries.jsonl"), read("examples.jsonl"), { traffic, heldOut: HELD_OUT });
}

async function inFolder(folder: string, questions: Questions, leaving: AbortSignal): Promise<number> {
  const beganAt = performance.now();
  // The gateway and the commands find it there.
  process.env["CROSSOVER_DATA_DIR"] = dataDirIn(folder);
  const lines = new RequestLines();
  const notes = new Notes();
  const log: Log = (...entry) => {
    lines.log(...entry);
    notes.log(...entry);
  };
  const running = await startNode({
    configPath: CONFIG,
    env: { ...process.env, PORT: "0" },
    log,
    keys: new KeyRing(), // created keys are for others' gateways
  });
  try {
    process.stdout.write(beginning(running.url, folder));
    const road: Road = {
      client: new MigrationClient(running.url, lines, leaving),
      questions,
      early: Math.round(questions.traffic.length * EARLY),
      configPath: CONFIG,
      folder,
      captured: () => capturedIn(running),
      signal: leaving,
    };
    const contest = await walk(road);
    process.stdout.write(`\n${contestTable(contest)}`);
    const { name } = contest.tuned;
    const price = ["--training-cost", String(await listedCost(running, name))];
    await crossover(road, ["report", "--route", "intents", "--candidate", name, ...price]);
    return conclude(contest, (performance.now() - beganAt) / 1000);
  } finally {
    await running.close(1000);
    notes.tell(process.stderr);
  }
}

/** What the training would have cost at the list price, in USD: the simulator took nothing. */
async function listedCost({ tuner }: RunningGateway, variant: string): Promise<number> {
  const jobs = (await tuner?.jobs({ route: "intents", limit: 10 })) ?? [];
  return jobs.find(({ spec }) => spec.variant === variant)?.estimate.usd ?? 0;
}

async function capturedIn({ store }: RunningGateway): Promise<Captured> {
  if (store === undefined) throw new TypeError("the configuration has a store");
  const [all, corrected] = await Promise.all([
    store.count({ route: "intents" }),
    store.count({ route: "intents", feedback: { name: "correction" } }),
  ]);
  return { all, corrected };
}

function beginning(url: string, folder: string): string {
  return `Crossover listens on ${url}/v1, with ${CONFIG}. Its store and all else are in ${folder}.
While it runs, ${url}/admin shows it in a browser.
The built-in simulator plays the provider: nothing is paid, and no network is used. Costs are at OpenAI's list prices.
`;
}

/** @param seconds since the beginning @returns the exit code */
function conclude(contest: Contest, seconds: number): number {
  const doubts = doubtsIn(contest);
  const took = `All of this was measured in the last ${Math.round(seconds)} seconds.`;
  if (doubts.length > 0) {
    process.stdout.write(
      `\nIt did not come out as it should:\n${doubts.map((one) => `  ${one}\n`).join("")}${took}\n`,
    );
    return 1;
  }
  const { prompted, tuned } = contest;
  const factor = prompted.measured.inputTokens / tuned.measured.inputTokens;
  process.stdout.write(
    `\n${tuned.name} is the best, and takes 1/${rounded(Math.round(factor))} of the tokens that ${prompted.name} takes. ${took}\nWith a model of your own the next step is to put the rollout that its job proposes into the configuration, and to start it with \`crossover rollout start\`.\n`,
  );
  return 0;
}

function dataDirIn(folder: string): string {
  return join(folder, "data");
}

function cleanUp(folder: string, keep: boolean): void {
  if (!keep) rmSync(folder, { recursive: true, force: true });
  process.stdout.write(
    keep
      ? `It is all kept in ${folder}. To go on with it, and to see it on the page that this names:\n  CROSSOVER_DATA_DIR=${dataDirIn(folder)} npx crossover start --config ${CONFIG}\n`
      : `${folder} is gone again; --keep keeps it.\n`,
  );
}

let code = 1;
try {
  code = await migrate(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`demo:migration: ${errorText(error)}\n`);
  if (error instanceof UsageError || (error instanceof TypeError && "code" in error)) code = 2;
}
// What is trained when somebody leaves ends with the process.
process.exit(code);
