import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { main } from "./main.ts";
import type { MigrationClient } from "./migration-client.ts";
import type { Question, Questions } from "./migration-questions.ts";
import { type Contender, type Contest, isRight, measured, measuredText } from "./migration-result.ts";

export interface Road {
  readonly client: MigrationClient;
  readonly questions: Questions;
  /** How many questions of the traffic come before the first training. */
  readonly early: number;
  readonly configPath: string;
  /** Where data sets go. */
  readonly folder: string;
  /** What the gateway's store has by now. */
  readonly captured: () => Promise<Captured>;
  readonly signal: AbortSignal;
}

/** Numbers of requests that are kept, and of those among them that have a correction. */
export interface Captured {
  readonly all: number;
  readonly corrected: number;
}

/** How often what comes by itself is looked for, in milliseconds, and for how long. */
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

/**
 * Walks from the prompt to a tuned variant, first with a part of the traffic and then with all of it.
 * @returns what the held-out questions show
 * @throws OpenAI.APIError, Error for what fails on the way, and the signal's reason
 */
export async function walk(road: Road): Promise<Contest> {
  const { questions, early } = road;
  const { traffic, heldOut } = questions;
  title(`${early} questions go through the prompt, and a model is tuned on them`);
  const begun = await serve(road, traffic.slice(0, early), { all: 0, corrected: 0 });
  const first = await tune(road, `tuned-${early}`);
  title(`${traffic.length - early} more, and a model is tuned on all`);
  const served = await serve(road, traffic.slice(early), begun);
  const second = await tune(road, `tuned-${traffic.length}`);
  title(`${heldOut.length} questions that nobody has asked yet go to each variant`);
  const names = ["bare", "prompted", first, second];
  const asked = await road.client.askEach(names, heldOut);
  await untilWritten(road, { ...served, all: served.all + names.length * heldOut.length });
  const contender = (name: string): Contender => ({ name, measured: measured(asked.get(name) ?? []) });
  return {
    bare: contender("bare"),
    prompted: contender("prompted"),
    early: contender(first),
    tuned: contender(second),
  };
}

/** Runs a command of `crossover` in this process. @throws Error where it fails, and the signal's reason */
export async function crossover({ configPath, signal }: Road, args: readonly string[]): Promise<void> {
  process.stdout.write(`\n$ crossover ${args.join(" ")}\n`);
  const code = await main([...args, "--config", configPath]);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`crossover ${args.slice(0, 2).join(" ")} ended with ${code}`);
}

/** Asks, and has reviewers correct what was answered wrongly. @returns what the store has then */
async function serve(road: Road, questions: readonly Question[], before: Captured): Promise<Captured> {
  const asked = await road.client.ask(questions);
  process.stdout.write(`prompted: ${measuredText(measured(asked))}\n`);
  const wrong = asked.filter((one) => !isRight(one));
  const all = before.all + asked.length;
  await untilWritten(road, { ...before, all });
  await road.client.correct(wrong);
  process.stdout.write(
    `Reviewers corrected ${wrong.length} answers by POST /v1/feedback. The others are right.\n`,
  );
  const captured = { all, corrected: before.corrected + wrong.length };
  await untilWritten(road, captured);
  return captured;
}

/** Makes a data set of all captures and trains on it. @returns the variant's name, once the gateway has it */
async function tune(road: Road, variant: string): Promise<string> {
  const set = join(road.folder, `set-${variant}`);
  process.stdout.write(
    "\nElsewhere the simulator's answers stay out of a data set, and the warning of them is right: there is nothing to learn from them.\nIn this demonstration the simulator is the provider, and what it got right is learned from.\n",
  );
  await crossover(road, ["dataset", "build", "--route", "intents", "--simulated", "keep", "--out", set]);
  const names = ["--variant", variant, "--model", variant];
  await crossover(road, ["tune", "start", "--route", "intents", "--dataset", set, ...names, "--yes"]);
  await until(road, `the gateway has no variant ${variant}`, () => road.client.knows(variant));
  process.stdout.write(`\nThe running gateway has read its configuration anew: ${variant} can be asked.\n`);
  return variant;
}

/** What was asked and corrected is written down a moment later. */
function untilWritten(road: Road, expected: Captured): Promise<void> {
  return until(road, `the store lacks some of ${expected.all} captures`, async () => {
    const { all, corrected } = await road.captured();
    return all >= expected.all && corrected >= expected.corrected;
  });
}

/** @param problem what is told when it does not come */
async function until({ signal }: Road, problem: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${problem} after ${PATIENCE_MS / 1000} seconds`);
    await setTimeout(LOOK_MS, undefined, { signal });
  }
}

function title(text: string): void {
  process.stdout.write(`\n${text}\n${"=".repeat(text.length)}\n`);
}
