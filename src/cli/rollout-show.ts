import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  type ChangeDocument,
  changeList,
  type RolloutDocument,
  rolloutDocument,
  rolloutList,
} from "../rollouts/document.ts";
import { askAdmin, CONNECTION_OPTIONS, NoAnswer, printJson } from "./admin-api.ts";
import { numberOf, whole } from "./number-option.ts";
import { oneRollout, pathOf } from "./rollout.ts";
import { historyText, rolloutTable, rolloutText } from "./rollout-text.ts";

const LISTED = 20;
const MOST_LISTED = 1000;
/** Of the audit trail, so many are looked at for the stages that were passed. */
const PASSED = 200;
const FOLLOW_MS = 2000;
/** A gateway that is followed may be away so long, as it starts anew, in milliseconds. */
const AWAY_MS = 60_000;

/** `crossover rollout list`. @returns the exit code */
export async function list(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: CONNECTION_OPTIONS });
  const answer = await askAdmin(values.url, { method: "GET", path: "/rollouts" }, rolloutList);
  if (values.json) printJson(answer);
  else if (answer.data.length === 0) process.stderr.write("The configuration has no rollouts.\n");
  else process.stdout.write(rolloutTable(answer.data));
  return 0;
}

/** `crossover rollout show`. @returns the exit code */
export async function show(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONNECTION_OPTIONS, follow: { type: "boolean", default: false } },
  });
  const name = oneRollout(positionals);
  const look = () => askAdmin(values.url, { method: "GET", path: pathOf(name) }, rolloutDocument);
  const textOf = async (rollout: RolloutDocument): Promise<string> =>
    values.json
      ? `${JSON.stringify(rollout, null, 2)}\n`
      : rolloutText(rollout, await changesOf(values.url, name, PASSED));
  let shown = await look();
  process.stdout.write(await textOf(shown));
  while (values.follow && isOpen(shown)) {
    await delay(FOLLOW_MS);
    const now = await patiently(look);
    if (isSame(now, shown)) continue;
    const text = await patiently(() => textOf(now));
    process.stdout.write(values.json ? text : `\n${text}`);
    shown = now;
  }
  return 0;
}

/** Goes on asking while nobody answers, for a minute. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const since = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NoAnswer) || performance.now() - since > AWAY_MS) throw error;
      if (tries === 1) process.stderr.write("The gateway does not answer. It is asked again for a minute.\n");
      await delay(FOLLOW_MS);
    }
  }
}

function isOpen({ state }: RolloutDocument): boolean {
  return state === "running" || state === "paused";
}

function isSame(one: RolloutDocument, other: RolloutDocument): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** `crossover rollout history`. @returns the exit code */
export async function history(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONNECTION_OPTIONS, limit: { type: "string" } },
  });
  const name = oneRollout(positionals);
  const limit = numberOf("--limit", values.limit, whole(1, MOST_LISTED)) ?? LISTED;
  const changes = await changesOf(values.url, name, limit);
  if (values.json) printJson({ object: "list", data: changes });
  else if (changes.length === 0) process.stderr.write("Nothing was done to it yet.\n");
  else process.stdout.write(historyText(changes));
  return 0;
}

/** Newest first. */
async function changesOf(
  url: string | undefined,
  name: string,
  limit: number,
): Promise<readonly ChangeDocument[]> {
  const path = `${pathOf(name)}/changes?limit=${limit}`;
  return (await askAdmin(url, { method: "GET", path }, changeList)).data;
}
