import { cancelStep } from "./cancel-step.ts";
import { type Step, StepContext } from "./context.ts";
import { createStep } from "./create-step.ts";
import { isOverdue, timeoutOf } from "./deadline.ts";
import { deployStep } from "./deploy-step.ts";
import type { TunerDeps, TuningTiming } from "./deps.ts";
import { withFiles } from "./elsewhere.ts";
import { evaluateStep } from "./evaluate-step.ts";
import { type HeldJob, isWorkable } from "./held-job.ts";
import { type Places, placed } from "./places.ts";
import { registerStep } from "./register-step.ts";
import { trainStep } from "./train-step.ts";
import { halted } from "./transitions.ts";
import { Trouble } from "./trouble.ts";
import { uploadStep } from "./upload-step.ts";

/**
 * Works on a job, one step after the other, until it has ended or waits for a person.
 * @throws the held job's signal's reason, StoreError for a store that is broken for good
 */
export async function drive(
  held: HeldJob,
  deps: TunerDeps,
  timing: TuningTiming,
  places: Places,
): Promise<void> {
  const context = new StepContext(held, deps, timing, places);
  const trouble = new Trouble(context);
  while (isWorkable(held.job)) {
    held.signal.throwIfAborted();
    const { state, cancel_asked } = held.job;
    try {
      const pause = await stepOf(context)(context);
      // A job that was looked for and not found does not make up for an answer that was lost.
      if (state !== "creating") await trouble.over();
      if (pause > 0) await waited(context, pause);
    } catch (error) {
      held.signal.throwIfAborted();
      await trouble.met(error);
    }
    if (held.job.state !== state || held.job.cancel_asked !== cancel_asked) await trouble.over();
  }
}

/** Waits before the next look, unless it has taken too long. What it became while nobody looked has been seen by then. */
async function waited(context: StepContext, ms: number): Promise<void> {
  // The provider is asked to end a training, and says how that went.
  if (isOverdue(context) && context.job.state !== "training")
    await context.update((job, now) => halted(job, timeoutOf(context), now));
  else await context.held.sleep(ms);
}

function stepOf({ job }: StepContext): Step {
  if (job.cancel_asked) return cancelStep;
  switch (job.state) {
    case "uploading":
      return withFiles(placed(uploadStep));
    case "creating":
      return createStep;
    case "training":
      return trainStep;
    case "deploying":
      return deployStep;
    case "evaluating":
      return withFiles(placed(evaluateStep));
    case "registering":
      return registerStep;
    default:
      throw new TypeError(`a job that is ${job.state} is not worked on`);
  }
}
