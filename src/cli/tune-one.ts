import { parseArgs } from "node:util";
import { isEnded, type TuningJob } from "../tuning/job.ts";
import { printJson } from "./admin-api.ts";
import { consent } from "./consent.ts";
import { UsageError } from "./error-text.ts";
import { plainLine } from "./plain-text.ts";
import { followToEnd, waysOn } from "./tune-follow.ts";
import { jobOf, oneId } from "./tune-job.ts";
import { type OpenedTuning, type OpenTuning, withTuning } from "./tune-open.ts";

const JOB_OPTIONS = {
  json: { type: "boolean", default: false },
  config: { type: "string", short: "c" },
} as const;

/** `crossover tune cancel`. @returns the exit code */
export async function cancel(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...JOB_OPTIONS, yes: { type: "boolean", short: "y", default: false } },
  });
  const id = oneId(positionals);
  return withTuning(open, args, async (opened) => {
    const { state } = await jobOf(opened.tuning, id);
    if (!isEnded(state)) await consent(`Cancel job ${id}, which is ${state}?`, values.yes);
    await opened.tuning.cancel(id);
    // Its provider has to be told, and a gateway that does so need not run.
    return followToEnd(opened, id, values.json, "cancelled");
  });
}

/** `crossover tune resume`. @returns the exit code */
export async function resume(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...JOB_OPTIONS, detach: { type: "boolean", default: false } },
  });
  const id = oneId(positionals);
  return withTuning(open, args, async (opened) => {
    await jobOf(opened.tuning, id);
    const job = await opened.tuning.resume(id);
    return goneOn(opened, job, values, "where it was");
  });
}

/** `crossover tune register`. @returns the exit code */
export async function register(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...JOB_OPTIONS,
      address: { type: "string" },
      model: { type: "string" },
      variant: { type: "string" },
      detach: { type: "boolean", default: false },
    },
  });
  const id = oneId(positionals);
  const { address, model, variant } = values;
  if (address === undefined || address.trim() === "")
    throw new UsageError("say what answers: --address with an endpoint's URL, a deployment or an ft: id");
  return withTuning(open, args, async (opened) => {
    await jobOf(opened.tuning, id);
    const job = await opened.tuning.register(id, address, { model, variant });
    return goneOn(opened, job, values, `with ${address}`);
  });
}

async function goneOn(
  opened: OpenedTuning,
  job: TuningJob,
  { detach, json }: { readonly detach: boolean; readonly json: boolean },
  how: string,
): Promise<number> {
  if (!detach) return followToEnd(opened, job.id, json);
  if (json) printJson(job);
  else process.stdout.write(`Job ${job.id} goes on ${how}.\n${waysOn(job.id)}`);
  return 0;
}

/** `crossover tune delete`. @returns the exit code */
export async function remove(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      yes: { type: "boolean", short: "y", default: false },
      forget: { type: "boolean", default: false },
      config: { type: "string", short: "c" },
    },
  });
  const id = oneId(positionals);
  return withTuning(open, args, async ({ tuning }) => {
    const { state, spec } = await jobOf(tuning, id);
    await consent(
      `Delete job ${id}, which is ${state}, and all copies of its data set, those at ${spec.provider} too?`,
      values.yes,
    );
    const { deleted, left } = await tuning.remove(id, values.forget);
    if (left !== undefined) process.stderr.write(`${plainLine(left)}\n`);
    process.stdout.write(
      deleted
        ? `Job ${id} is deleted, with all ${left === undefined ? "" : "that is here of the "}copies of its data set.\n`
        : `Job ${id} is not deleted, so that it can be tried again. With --forget what is here is deleted all the same.\n`,
    );
    return deleted ? 0 : 1;
  });
}
