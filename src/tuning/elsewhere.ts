import type { Step, StepContext } from "./context.ts";
import type { TuningJob } from "./job.ts";
import { troubled } from "./transitions.ts";

/** Looks in which a gateway that has the files would have taken the job over. */
const LOOKS = 24;
const MESSAGE =
  "The job's files are not on the machine that works on it: it waits for the one that has them in its data folder.";

/**
 * A step that reads the job's files. Where they are not on this machine the job is given back, so that one that has them can go on. A
 * data set that nobody has can't be uploaded; a comparison is not waited for as long.
 */
export function withFiles(step: Step): Step {
  return async (context) => {
    const { job, deps } = context;
    if (!needsFiles(job) || (await deps.folders.has(job.id))) return step(context);
    await context.update((current, now) =>
      toldAt(current) === undefined ? troubled(current, MESSAGE, now) : current,
    );
    if (job.state === "evaluating" && hasWaited(context)) return step(context);
    throw context.held.leave();
  };
}

function needsFiles({ state, spec, remote }: TuningJob): boolean {
  if (state === "evaluating") return spec.validation !== null;
  return remote.training_file === null || (spec.validation !== null && remote.validation_file === null);
}

function hasWaited({ job, timing }: StepContext): boolean {
  return Date.now() - (toldAt(job) ?? Date.now()) > LOOKS * timing.scanMs;
}

/** When it came up in this state, in milliseconds since 1970. */
function toldAt({ journal, state }: TuningJob): number | undefined {
  return journal.findLast((entry) => entry.state === state && entry.message === MESSAGE)?.at;
}
