import type { Step, StepContext } from "./context.ts";
import { isOverdue, timeoutOf } from "./deadline.ts";
import { problemOf, redactedSeen } from "./problems.ts";
import { type Observation, ProviderProblem } from "./trainer.ts";
import { cancelled, failed, known, moved, observed } from "./transitions.ts";

/** Asks how far the training is. What it has become counts, however long it took; what still trains then is ended. */
export const trainStep: Step = async (context) => {
  const seen = await observe(context);
  switch (seen.phase) {
    case "waiting":
    case "running":
      if (isOverdue(context)) await stopTraining(context);
      return context.nextLook();
    case "succeeded":
      if (context.job.remote.model === null) throw withoutModel();
      await context.update((job, now) =>
        moved(job, "deploying", `The model ${job.remote.model} is trained.`, now),
      );
      return 0;
    case "failed":
      await fail(context, seen);
      return 0;
    case "cancelled":
      await context.update((job, now) =>
        job.remote.end_asked_at === null
          ? cancelled(job, "The provider has cancelled the job.", now)
          : failed(job, timeoutOf(context), now),
      );
      return 0;
  }
};

/** What the provider says, once it is saved. */
export async function observe(context: StepContext): Promise<Observation> {
  const { id, seen } = context.job.remote;
  const trainer = await context.trainer();
  const observation = await trainer.observe(id ?? "", seen ?? undefined, context.signal);
  const redacted = redactedSeen(observation, context.redact);
  await context.update((job, now) => observed(job, redacted, now));
  return observation;
}

/**
 * Asks the provider for the end of what trains, since it costs.
 * @returns false when it knows no such job
 * @throws ProviderProblem when it refuses
 */
export async function stopTraining(context: StepContext): Promise<boolean> {
  const { id, end_asked_at } = context.job.remote;
  try {
    await (await context.trainer()).cancel(id ?? "", context.signal);
  } catch (error) {
    if (!(error instanceof ProviderProblem && error.kind === "final")) throw error;
    if (error.status === 404) return false;
    // What is being ended may refuse to be ended again.
    if (end_asked_at === null) throw error;
  }
  if (end_asked_at === null)
    await context.update((job, now) =>
      known(job, { end_asked_at: now }, "The provider was asked to end the training.", now),
    );
  return true;
}

export async function fail(context: StepContext, { problem, status }: Observation): Promise<void> {
  const told =
    problem ??
    new ProviderProblem({
      message: `The training has failed: the provider says ${status}, and not why.`,
      raw: "",
      kind: "final",
    });
  const kept = problemOf(told, context.redact);
  await context.update((job, now) => failed(job, kept, now));
}

function withoutModel(): ProviderProblem {
  return new ProviderProblem({
    message: "The provider says that the training succeeded, and does not name a model.",
    raw: "",
    kind: "temporary",
  });
}
