import { simulatedEpochs } from "../../domain/simulated-epochs.ts";
import { Breath } from "./breath.ts";
import type { Classifier } from "./classifier.ts";
import type { Files } from "./files.ts";
import type { Journal } from "./journal.ts";
import { type Course, type Losses, learn } from "./learn.ts";
import { answersOf, samplesOf } from "./lessons.ts";
import { type CheckpointRecord, type Hyperparameters, type JobRecord, newId, nowSeconds } from "./records.ts";
import { type FileParam, fileProblem, JobProblem, readTrainingFile } from "./training-file.ts";
import type { TunedModels } from "./tuned-models.ts";

/** What a job's worker has to do with. */
export interface Workplace {
  readonly files: Files;
  readonly models: TunedModels;
  readonly journal: Journal;
  /** To be asked each now and then. @throws Interruption when the work has to end */
  readonly goOn: () => Promise<void>;
}

/** Somebody asked for the job's end, or another process has taken it over and this one must write nothing more. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly why: "cancelled" | "lost";

  constructor(why: "cancelled" | "lost") {
    super(why);
    this.why = why;
  }
}

/** What is made of a job's files. */
interface Material extends Course {
  readonly names: readonly string[];
  readonly trainedTokens: number;
}

/** A model on the way. */
interface Snapshot {
  readonly losses: Losses;
  readonly model: Classifier;
}

/** How often progress is written down, in milliseconds. */
const SAVE_MS = 500;
const KEPT_CHECKPOINTS = 3;

/** Works on a job until it has ended. The same files, hyperparameters and seed make the same weights. */
export async function runJob(place: Workplace): Promise<void> {
  try {
    await succeed(place, await teach(place, await prepare(place)));
  } catch (error) {
    if (!(error instanceof Interruption)) await fail(place.journal, error);
    else if (error.why === "cancelled") await cancelJob(place.journal);
  }
}

export async function cancelJob(journal: Journal): Promise<void> {
  journal.tell("Fine-tuning job cancelled");
  await journal.save({ status: "cancelled" });
}

async function fail(journal: Journal, error: unknown): Promise<void> {
  const { code, message, param } =
    error instanceof JobProblem ? error : new JobProblem("server_error", String(error));
  journal.tell(message, { level: "error" });
  await journal.save({ status: "failed", error: { code, message, param } });
}

async function prepare({ files, journal, goOn }: Workplace): Promise<Material> {
  const { training_file: training, validation_file: held, status, seed } = journal.job;
  const breath = new Breath();
  if (status === "running") journal.tell("Training begins anew after an interruption", { level: "warn" });
  journal.tell(
    `Validating training file: ${training}${held === null ? "" : ` and validation file: ${held}`}`,
  );
  await journal.save();
  const read = async (id: string, param: FileParam) => {
    const text = await files.text(id);
    if (text === undefined) throw fileProblem(param, `File ${id} is not there any more`);
    return readTrainingFile(text, param, breath);
  };
  const { lessons, tokens } = await read(training, "training_file");
  const unseen = held === null ? [] : (await read(held, "validation_file")).lessons;
  const { answers: names, leftOut } = answersOf(lessons);
  if (leftOut > 0)
    journal.tell(`The ${names.length} most frequent answers are learnt, ${leftOut} others are left out`, {
      level: "warn",
    });
  const samples = await samplesOf(lessons, names, breath);
  const validation = await samplesOf(unseen, names, breath);
  if (validation.length < unseen.length)
    journal.tell(
      `${unseen.length - validation.length} answers of the validation file are not learnt, and left out of its loss`,
      { level: "warn" },
    );
  const hyperparameters = resolve(journal.job.hyperparameters, lessons.length, names.length);
  journal.tell("Files validated, moving job to queued state");
  await goOn();
  await journal.save({ hyperparameters, ...(status === "running" ? {} : { status: "queued" as const }) });
  return {
    names,
    answers: names.length,
    samples,
    validation,
    epochs: hyperparameters.n_epochs,
    batchSize: hyperparameters.batch_size,
    learningRateMultiplier: hyperparameters.learning_rate_multiplier,
    seed,
    trainedTokens: tokens * hyperparameters.n_epochs,
  };
}

function resolve(asked: Hyperparameters, rows: number, answers: number) {
  const { n_epochs: epochs, batch_size: size, learning_rate_multiplier: rate } = asked;
  return {
    n_epochs: epochs === "auto" ? simulatedEpochs(rows, answers) : epochs,
    batch_size: size === "auto" ? Math.min(32, Math.ceil(rows / 4)) : size,
    learning_rate_multiplier: rate === "auto" ? 1 : rate,
  };
}

async function teach({ journal, goOn }: Workplace, material: Material) {
  let snapshots: readonly Snapshot[] = [];
  journal.tell("Fine-tuning job started");
  await journal.save({ status: "running" });
  const startedAt = performance.now();
  let savedAt = startedAt;
  for await (const { step, steps, endsEpoch, losses, weights } of learn(material, new Breath())) {
    if (losses !== undefined) tellStep(journal, losses, steps);
    if (losses !== undefined && endsEpoch) {
      const model = { answers: material.names, ...(await weights()) };
      snapshots = [...snapshots, { losses, model }].slice(-KEPT_CHECKPOINTS);
    }
    const now = performance.now();
    if (now - savedAt < SAVE_MS) continue;
    savedAt = now;
    await goOn();
    const leftMs = ((now - startedAt) / step) * (steps - step);
    await journal.save({ estimated_finish: Math.ceil((Date.now() + leftMs) / 1000) });
  }
  return { snapshots, trainedTokens: material.trainedTokens };
}

function tellStep(journal: Journal, { step, ...losses }: Losses, steps: number): void {
  const { train_loss: train, valid_loss: valid, full_valid_loss: full } = losses;
  const told = [
    `training loss=${train.toFixed(2)}`,
    ...(valid === undefined ? [] : [`validation loss=${valid.toFixed(2)}`]),
    ...(full === undefined ? [] : [`full validation loss=${full.toFixed(2)}`]),
  ];
  journal.tell(`Step ${step}/${steps}: ${told.join(", ")}`, {
    data: { step, total_steps: steps, ...losses },
  });
}

async function succeed(
  { journal, models, goOn }: Workplace,
  { snapshots, trainedTokens }: Awaited<ReturnType<typeof teach>>,
): Promise<void> {
  const name = nameOf(journal.job);
  const checkpoints = snapshots.map(
    ({ losses }): CheckpointRecord => ({
      id: newId("ftckpt_"),
      created_at: nowSeconds(),
      fine_tuned_model_checkpoint: `${name}:ckpt-step-${losses.step}`,
      step_number: losses.step,
      metrics: losses,
    }),
  );
  for (const [at, { model }] of snapshots.entries()) {
    await models.keep(checkpoints[at]?.fine_tuned_model_checkpoint ?? name, model);
    if (at === snapshots.length - 1) await models.keep(name, model);
  }
  for (const { step_number: step } of checkpoints) journal.tell(`Checkpoint created at step ${step}`);
  journal.tell(`New fine-tuned model created: ${name}`);
  journal.tell("The job has successfully completed");
  await goOn();
  await journal.save({
    status: "succeeded",
    fine_tuned_model: name,
    trained_tokens: trainedTokens,
    checkpoints,
  });
}

/** As OpenAI names models: base, organisation, suffix and an id. */
function nameOf({ id, model, suffix }: JobRecord): string {
  const plain = suffix.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
  return `ft:${model}:crossover:${plain}:${id.slice(-8)}`;
}
