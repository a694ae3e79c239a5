import type { Step, StepContext } from "./context.ts";
import type { TuningJob } from "./job.ts";
import { ProviderProblem, type TrainingRequest } from "./trainer.ts";
import { known, moved } from "./transitions.ts";

/**
 * Creates the provider's job, once. That it is tried is saved before: after a crash or a lost answer it is looked for, for
 * a while, before it is created again.
 */
export const createStep: Step = async (context) => {
  if (await findCreated(context)) return 0;
  if (inGrace(context)) return context.timing.lookMs;
  await create(context);
  return 0;
};

/** What was created counts, whoever did it. @returns false where there is none */
export async function findCreated(context: StepContext): Promise<boolean> {
  const trainer = await context.trainer();
  const found = await trainer.find(requestOf(context.job), context.signal);
  if (found === undefined) return false;
  await context.update((job, now) => created(job, found, `Found the job ${found} at the provider.`, now));
  return true;
}

/** May a job whose creation had no answer still turn up? */
export function inGrace({ job, timing }: StepContext): boolean {
  const { create_tried_at } = job.remote;
  return create_tried_at !== null && Date.now() < create_tried_at + timing.graceMs;
}

async function create(context: StepContext): Promise<void> {
  const trainer = await context.trainer();
  await context.update((job, now) => {
    const again = job.remote.create_tried_at !== null;
    const message = again
      ? "No job turned up: the provider is asked for it again."
      : "The provider is asked for a job.";
    return known(job, { create_tried_at: now }, message, now);
  });
  // A wish for its end that came meanwhile: nothing has been sent.
  if (context.job.cancel_asked) return notTried(context);
  try {
    const id = await trainer.create(requestOf(context.job), context.signal);
    await context.update((job, now) => created(job, id, `The provider has the job ${id}.`, now));
  } catch (error) {
    if (!(error instanceof ProviderProblem)) throw error;
    // A refusal is an answer: nothing was created, and nothing has to be looked for.
    await (error.kind === "unknown" ? unanswered(context) : notTried(context));
    throw error;
  }
}

/** It may have taken a while until that was known: the time of grace begins anew. */
async function unanswered(context: StepContext): Promise<void> {
  await context.update((job, now) =>
    known(job, { create_tried_at: now }, "No answer came: the job is looked for.", now),
  );
}

/** Nothing is at the provider that would have to be looked for. */
export async function notTried(context: StepContext): Promise<void> {
  await context.update((job, now) => known(job, { create_tried_at: null }, "Nothing was created.", now));
}

function created(job: TuningJob, id: string, message: string, now: number): TuningJob {
  return moved({ ...job, remote: { ...job.remote, id } }, "training", message, now);
}

function requestOf({ id, spec, remote }: TuningJob): TrainingRequest {
  return {
    jobId: id,
    spec,
    trainingFile: remote.training_file ?? "",
    validationFile: remote.validation_file ?? undefined,
  };
}
