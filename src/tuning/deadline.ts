import type { StepContext } from "./context.ts";
import type { JobState, TuningJob } from "./job.ts";
import type { Problem } from "./transitions.ts";

/** States whose length a provider decides; what comes later is ours, and a person may have come between. */
const TIMED: ReadonlySet<JobState> = new Set(["uploading", "creating", "training", "deploying"]);

/** Has a job been in its state for longer than the configuration allows? One whose end was asked for is not timed here. */
export function isOverdue({ job, table }: StepContext): boolean {
  const deadline = deadlineOf(job, table.tuning.deadlineMs);
  return deadline !== undefined && Date.now() > deadline;
}

/** When that will be, in milliseconds since 1970; undefined where a job may take as long as it takes. */
export function deadlineOf(
  {
    state,
    entered,
    updated,
    cancel_asked,
  }: Pick<TuningJob, "state" | "entered" | "updated" | "cancel_asked">,
  deadlineMs: number,
): number | undefined {
  return cancel_asked || !TIMED.has(state) ? undefined : (entered ?? updated) + deadlineMs;
}

/** Of a job, not of an answer. */
const TIMEOUT = "timeout";

/** @param why what went wrong until then */
export function timeoutOf({ table }: StepContext, why?: Problem): Problem {
  const hours = table.tuning.deadlineMs / 3_600_000;
  const message = `It took longer than the ${hours} hours that the configuration allows.`;
  return {
    message: why === undefined ? message : `${message} ${why.message}`,
    hint: why?.hint ?? "`tuning.deadlineHours` allows more.",
    status: why?.status ?? null,
    code: TIMEOUT,
    raw: why?.raw ?? "",
  };
}
