import type { Step, StepContext } from "./context.ts";
import { findCreated, inGrace } from "./create-step.ts";
import { fail, observe } from "./train-step.ts";
import { ProviderProblem } from "./trainer.ts";
import { cancelled } from "./transitions.ts";

/** Ends a job whose end was asked for, and what it has under way at the provider. */
export const cancelStep: Step = async (context) => {
  const { state, remote } = context.job;
  switch (state) {
    case "creating":
      // An answer may have been lost: what was created is looked for, so that it is not trained for nothing.
      if (remote.create_tried_at === null || (!(await findCreated(context)) && !inGrace(context)))
        return end(context, "Cancelled before the provider had the job.");
      return context.job.state === "creating" ? context.timing.lookMs : 0;
    case "training":
      return endTraining(context);
    case "deploying":
      await undeploy(context);
      return end(context, `Cancelled. The model ${remote.model} stays at the provider.`);
    case "evaluating":
    case "registering":
      return end(context, `Cancelled before it was registered. ${whatStays(context)}`);
    default:
      return end(context, "Cancelled.");
  }
};

/** Asks the provider for the end of what trains. One that knows no such job has nothing to end. */
export async function stopTraining(context: StepContext): Promise<void> {
  const { id } = context.job.remote;
  if (id === null) return;
  try {
    await (await context.trainer()).cancel(id, context.signal);
  } catch (error) {
    if (!(error instanceof ProviderProblem && error.kind === "final")) throw error;
  }
}

async function endTraining(context: StepContext): Promise<number> {
  await stopTraining(context);
  const seen = await observe(context);
  switch (seen.phase) {
    case "waiting":
    case "running":
      return context.table.tuning.pollMs;
    case "cancelled":
      return end(context, "Cancelled, at the provider too.");
    case "succeeded":
      return end(
        context,
        `Cancelled, but the model ${seen.model ?? ""} was trained already: it stays at the provider.`,
      );
    case "failed":
      await fail(context, seen);
      return 0;
  }
}

async function undeploy(context: StepContext): Promise<void> {
  const { deployment } = context.job.remote;
  if (deployment === null) return;
  const deployer = await context.deployer();
  await deployer?.remove(deployment, context.signal);
}

function whatStays({ job }: StepContext): string {
  const { provider } = job.spec;
  const { deployment, model } = job.remote;
  return deployment === null
    ? `The model ${model} stays at the provider.`
    : `The deployment ${deployment} of the provider ${provider} stays, and may cost by the hour: delete it if nobody needs it.`;
}

async function end(context: StepContext, message: string): Promise<number> {
  await context.update((job, now) => cancelled(job, message, now));
  return 0;
}
