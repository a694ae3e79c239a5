import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { timeOf } from "../reports/words.ts";
import type { JobState, TuningJob } from "../tuning/job.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { printJson } from "./admin-api.ts";
import { jobOf, oneId } from "./tune-job.ts";
import { resultText } from "./tune-job-text.ts";
import { type OpenedTuning, type OpenTuning, withTuning } from "./tune-open.ts";
import { type JobView, jobView } from "./tune-progress.ts";

/** What a shell says of a command that SIGINT ended. */
const INTERRUPTED = 130;
const LOOK_EVERY_MS = 500;

/** `crossover tune follow`. @returns the exit code */
export async function follow(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: "boolean" }, config: { type: "string", short: "c" } },
  });
  const id = oneId(positionals);
  return withTuning(open, args, async (opened) => {
    await jobOf(opened.tuning, id);
    return followToEnd(opened, id, values.json ?? false);
  });
}

/**
 * Works on a job, shows how far it is, and prints what has come of it.
 * @param goal the end that is wished for
 * @returns the exit code
 */
export async function followToEnd(
  opened: OpenedTuning,
  id: string,
  json: boolean,
  goal: JobState = "succeeded",
): Promise<number> {
  const job = await worked(opened, id, jobView(process.stderr, process.env));
  if (job === undefined) {
    process.stderr.write(leavingText(await jobOf(opened.tuning, id)));
    return INTERRUPTED;
  }
  if (json) printJson(job);
  else process.stdout.write(resultText(job, await evaluationPage(job, opened.folders)));
  return job.state === goal ? 0 : 1;
}

/** @returns undefined when SIGINT came first */
async function worked(opened: OpenedTuning, id: string, view: JobView): Promise<TuningJob | undefined> {
  const { tuning } = opened;
  const leaving = new AbortController();
  const ended = new AbortController();
  const leave = (): void => leaving.abort(new Interruption());
  process.once("SIGINT", leave);
  const shown = showUntil(ended.signal, tuning, id, view);
  try {
    const job = await endOf(opened, id, view, leaving.signal);
    if (leaving.signal.aborted) return undefined;
    ended.abort();
    await shown;
    view.show(job);
    return job;
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    return undefined;
  } finally {
    process.removeListener("SIGINT", leave);
    ended.abort();
    await shown;
  }
}

/** Works on a job, or waits for who does. Without its files here what needs them is left to who has them. */
async function endOf(
  { tuning, folders }: OpenedTuning,
  id: string,
  view: JobView,
  signal: AbortSignal,
): Promise<TuningJob> {
  const { cancel_asked } = await jobOf(tuning, id);
  if (!cancel_asked && !(await folders.has(id)))
    view.note(`The files of job ${id} are not in this data folder: what needs them waits for who has them.`);
  let isTold = false;
  return tuning.work(id, signal, (until) => {
    if (!isTold) view.note(elsewhereText(id, until));
    isTold = true;
  });
}

/** Why nothing may happen for a while. @param until in milliseconds since 1970 */
function elsewhereText(id: string, until: number): string {
  return `Another process works on job ${id}. Should that one have been killed, this one goes on at ${timeOf(until)} UTC.`;
}

/** Looks at the job in the store now and then: whoever works on it, it is there that it tells. */
async function showUntil(ended: AbortSignal, tuning: Tuning, id: string, view: JobView): Promise<void> {
  while (!ended.aborted) {
    // That the store fails is for who works on the job to tell.
    const job = await tuning.job(id).catch(() => undefined);
    if (job !== undefined && !ended.aborted) view.show(job);
    await setTimeout(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}

class Interruption extends Error {
  override readonly name = "Interruption";
}

/** What becomes of a job that is followed no longer. */
function leavingText({ id, state, spec, remote }: TuningJob): string {
  const trains = state === "training" && remote.id !== null && !spec.simulated;
  const goesOn = trains
    ? `It goes on at ${spec.provider}`
    : "It rests here, unless a gateway with this store runs and goes on with it";
  return `\nJob ${id} is followed no longer. ${goesOn}.\n${waysOn(id)}`;
}

/** How to come back to a job. */
export function waysOn(id: string): string {
  return `To follow it: crossover tune follow ${id}\nTo cancel it: crossover tune cancel ${id}\n`;
}

async function evaluationPage(job: TuningJob, folders: OpenedTuning["folders"]): Promise<string | undefined> {
  if (job.evaluation === null || !(await folders.has(job.id))) return undefined;
  return folders.pathOf(job.id, "evaluation.html");
}
