import type { Step, StepContext } from "./context.ts";
import { isOverdue, timeoutOf } from "./deadline.ts";
import { problemOf, redactedSeen } from "./problems.ts";
import { type Observation, ProviderProblem } from "./trainer.ts";
import { cancelled, failed, handedOver, known, moved, observed, type Problem } from "./transitions.ts";

/** Asks how far the training is. What it has become counts, however long it took; what still trains then is ended. */
export const trainStep: Step = async (context) => {
  const seen = await observe(context);
  switch (seen.phase) {
    case "waiting":
    case "running":
      if (isOverdue(context)) {
        const longAsked = isEndOverdue(context);
        await stopTraining(context);
        if (longAsked) return handOver(context, timeoutOf(context, trainsOn(context)));
      }
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
    if (end_asked_at === null || isEndOverdue(context)) throw error;
  }
  if (end_asked_at === null)
    await context.update((job, now) =>
      known(job, { end_asked_at: now }, "The provider was asked to end the training.", now),
    );
  return true;
}

/** Was the provider asked for the end longer ago than any provider takes? */
export function isEndOverdue({ job, timing }: StepContext): boolean {
  const { end_asked_at } = job.remote;
  return end_asked_at !== null && Date.now() >= end_asked_at + timing.patienceMs;
}

/** The provider took the wish for the end, and trains all the same. */
export function trainsOn({ job }: StepContext): Problem {
  const cancelling = job.cancel_asked ? "gives the job up" : "asks for it once more";
  return {
    message: "The provider was asked to end the training, and it goes on.",
    hint: `End it there. Then \`crossover tune resume ${job.id}\` takes what became of it; \`crossover tune cancel ${job.id}\` ${cancelling}.`,
    status: null,
    code: null,
    raw: "",
  };
}

/** What may be trained on is paid for: a person sees to it. */
export async function handOver(context: StepContext, problem: Problem): Promise<number> {
  await context.update((job, now) => handedOver(job, problem, now));
  return 0;
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
