import type { Step, StepContext } from "./context.ts";
import { problemOf, redactedSeen } from "./problems.ts";
import { type Observation, ProviderProblem } from "./trainer.ts";
import { cancelled, failed, moved, observed } from "./transitions.ts";

/** Asks how far the training is. */
export const trainStep: Step = async (context) => {
  const seen = await observe(context);
  switch (seen.phase) {
    case "waiting":
    case "running":
      return context.table.tuning.pollMs;
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
      await context.update((job, now) => cancelled(job, "The provider has cancelled the job.", now));
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
