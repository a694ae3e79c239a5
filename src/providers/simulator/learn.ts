import type { Breath } from "./breath.ts";
import { type Classifier, lossOf } from "./classifier.ts";
import type { CheckpointRecord } from "./records.ts";
import { type Sample, type Step, stepsPerEpoch, type Task, train } from "./train.ts";
import { JobProblem } from "./training-file.ts";

export interface Course extends Task {
  /** Samples that are not trained on. */
  readonly validation: readonly Sample[];
}

/** How far training is, after some of its steps. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly endsEpoch: boolean;
  /** Only for the steps that are told. */
  readonly losses: Losses | undefined;
  /** The model as it is now. To be asked for before the next step. */
  readonly weights: Step["weights"];
}

/** Means in nats: of the batch, of some rows of the validation file, of all of them. */
export type Losses = CheckpointRecord["metrics"];

/** Steps are told one by one up to this many, and evenly thinned out beyond. */
const MOST_TOLD = 500;
/** Rows of the validation file whose loss goes with a step. */
const SMALL_VALIDATION = 32;

/** Trains, and measures on the way. @throws JobProblem when the numbers grow without bounds */
export async function* learn(course: Course, breath: Breath): AsyncGenerator<Progress> {
  const perEpoch = stepsPerEpoch(course);
  const steps = perEpoch * course.epochs;
  const every = Math.ceil(steps / MOST_TOLD);
  for await (const { step, loss, weights } of train(course, breath)) {
    if (!Number.isFinite(loss))
      throw new JobProblem(
        "training_diverged",
        "Training diverged: the loss is no number any more. Choose a smaller learning_rate_multiplier",
      );
    const endsEpoch = step % perEpoch === 0;
    const isTold = step === 1 || endsEpoch || step % every === 0;
    const losses = isTold ? await lossesAt({ step, loss, weights }, course, endsEpoch, breath) : undefined;
    yield { step, steps, endsEpoch, losses, weights };
  }
}

async function lossesAt(
  { step, loss, weights }: Step,
  { validation }: Course,
  endsEpoch: boolean,
  breath: Breath,
): Promise<Losses> {
  if (validation.length === 0) return { step, train_loss: loss };
  const model = await weights();
  const from = ((step - 1) * SMALL_VALIDATION) % validation.length;
  const losses: Losses = {
    step,
    train_loss: loss,
    valid_loss: await meanLoss(model, validation.slice(from, from + SMALL_VALIDATION), breath),
  };
  if (!endsEpoch) return losses;
  return { ...losses, full_valid_loss: await meanLoss(model, validation, breath) };
}

async function meanLoss(
  model: Pick<Classifier, "weights" | "bias">,
  samples: readonly Sample[],
  breath: Breath,
): Promise<number> {
  let sum = 0;
  for (const { features, answer } of samples) {
    sum += lossOf(model, features, answer);
    await breath.take();
  }
  return sum / samples.length;
}
