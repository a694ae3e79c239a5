import type { Step, StepContext } from "./context.ts";
import { findCreated, inGrace, notTried } from "./create-step.ts";
import { registerStep } from "./register-step.ts";
import { fail, handOver, isEndOverdue, observe, stopTraining, trainsOn } from "./train-step.ts";
import { cancelled, known } from "./transitions.ts";

/** Ends a job whose end was asked for, and what it has under way or made at the provider. */
export const cancelStep: Step = async (context) => {
  switch (context.job.state) {
    case "creating":
      return endCreating(context);
    case "training":
      return endTraining(context);
    case "deploying":
    case "evaluating":
      await undeploy(context);
      return end(context, "Cancelled.");
    case "registering":
      // It may be in the configuration already, and is not taken out again.
      return registerStep(context);
    default:
      return end(context, "Cancelled.");
  }
};

/** An answer may have been lost: what was created is looked for, so that it is not trained for nothing. */
async function endCreating(context: StepContext): Promise<number> {
  if (context.job.remote.create_tried_at !== null) {
    if (await findCreated(context)) return 0;
    if (inGrace(context)) return context.timing.lookMs;
    await notTried(context);
  }
  return end(context, "Cancelled before the provider had the job.");
}

async function endTraining(context: StepContext): Promise<number> {
  const longAsked = isEndOverdue(context);
  if (!(await stopTraining(context))) return end(context, "Cancelled. The provider knows no such job.");
  const seen = await observe(context);
  switch (seen.phase) {
    case "waiting":
    case "running":
      return longAsked ? handOver(context, trainsOn(context)) : context.nextLook();
    case "cancelled":
      return end(context, "Cancelled, at the provider too.");
    case "succeeded":
      return end(context, "Cancelled, but the model was trained already.");
    case "failed":
      await fail(context, seen);
      return 0;
  }
}

/** The deployment that the job made. Where none can be removed from here, its end tells what stays. */
async function undeploy(context: StepContext): Promise<void> {
  const { deployment } = context.job.remote;
  if (deployment === null) return;
  const deployer = await context.deployer();
  if (deployer === undefined) return;
  await deployer.remove(deployment, context.signal);
  const gone = { deployment: null, hosting_per_hour: null };
  await context.update((job, now) => known(job, gone, `Removed the deployment ${deployment}.`, now));
}

async function end(context: StepContext, message: string): Promise<number> {
  await context.update((job, now) => cancelled(job, message, now));
  return 0;
}
