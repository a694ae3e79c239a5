import { z } from "zod";

/**
 * Where a job is. `manual`: a person has to see to something, and then lets the job go on with `crossover tune resume`, or
 * says with `crossover tune register` what answers. The last three are ends, which no job leaves.
 */
export const JOB_STATES = [
  "uploading",
  "creating",
  "training",
  "manual",
  "deploying",
  "evaluating",
  "registering",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** A file of the data set, copied into the job's folder when the job began. */
export const jobFile = z.object({
  name: z.string().describe("In the job's folder: train.jsonl or validation.jsonl."),
  rows: z.int(),
  bytes: z.int().describe("With the byte-order mark that Azure asks for."),
  tokens: z.int().describe("In one pass over it."),
  sha256: z.string().describe("Without a byte-order mark: with and without one the data is the same."),
});
export type JobFile = Readonly<z.infer<typeof jobFile>>;

/** What is to be trained. */
export const tuningSpec = z.object({
  route: z.string(),
  provider: z.string().describe("One of the configuration's `providers`."),
  api: z.enum(["openai", "azure", "huggingface"]),
  simulated: z.boolean().describe("Does the built-in simulator train in the provider's place?"),
  base_model: z.string().describe("The upstream's name of the model that is trained."),
  control: z.string().describe("The variant that the route prompts now, to compare with."),
  model: z.string().describe("The configuration's name of the model that comes out."),
  variant: z.string().describe("The variant that comes out."),
  replaces: z
    .boolean()
    .default(false)
    .describe("Does it take the place of a variant that the route uses? `tuning.replaceLive` allows it."),
  method: z.enum(["supervised"]),
  hyperparameters: z.object({
    n_epochs: z.int().positive().nullable().describe("Null: the provider chooses."),
    batch_size: z.int().positive().nullable(),
    learning_rate_multiplier: z.number().positive().nullable(),
  }),
  suffix: z.string().nullable(),
  seed: z.int().nullable(),
  training: jobFile,
  validation: jobFile.nullable(),
});
export type TuningSpec = Readonly<z.infer<typeof tuningSpec>>;

/** What it is going to take. */
export const jobEstimate = z.object({
  epochs: z.int(),
  billed_tokens: z.int().describe("That are trained, billed or not."),
  usd: z
    .number()
    .nullable()
    .describe(
      "Null: no price is known. A simulated job is billed nothing: this is what its provider would take.",
    ),
  usd_per_hour: z
    .number()
    .nullable()
    .default(null)
    .describe("Of the hardware, where training is billed by the hour."),
  usd_most: z.number().nullable().default(null).describe("At that price, until the provider stops the job."),
  usd_as_of: z.string().nullable().describe("The date of the price list."),
  seconds: z.number().nullable().describe("Of training. Null: nothing to reckon from."),
  basis: z.string().describe("What cost and time rest on, in words."),
});
export type JobEstimate = Readonly<z.infer<typeof jobEstimate>>;

/** A provider's error, as it came and in plain words. */
export const jobProblem = z.object({
  state: z.enum(JOB_STATES).describe("In which it happened."),
  message: z.string().describe("What happened, in plain words."),
  hint: z.string().nullable().describe("What to do."),
  status: z.int().nullable().describe("Of HTTP."),
  code: z.string().nullable().describe("The provider's own."),
  raw: z.string().describe("What the provider said, without secrets."),
});
export type JobProblem = Readonly<z.infer<typeof jobProblem>>;

/** One line of what happened. */
export const journalEntry = z.object({
  at: z.number().describe("Milliseconds since 1970."),
  state: z.enum(JOB_STATES),
  kind: z
    .enum(["step", "event", "problem"])
    .describe("Ours, the provider's own, or something that went wrong."),
  message: z.string(),
});
export type JournalEntry = Readonly<z.infer<typeof journalEntry>>;

export const lossPoint = z.object({
  step: z.int(),
  training: z.number().nullable(),
  validation: z.number().nullable(),
});
export type LossPoint = Readonly<z.infer<typeof lossPoint>>;

export const checkpoint = z.object({
  id: z.string(),
  step: z.int(),
  model: z.string().describe("Its name at the provider."),
});
export type Checkpoint = Readonly<z.infer<typeof checkpoint>>;

/** What there is of the job at its provider. */
export const remoteJob = z.object({
  place: z
    .string()
    .nullable()
    .default(null)
    .describe("Fingerprint of where the provider's settings led when its first file was uploaded."),
  training_file: z.string().nullable(),
  validation_file: z.string().nullable(),
  create_tried_at: z
    .number()
    .nullable()
    .describe("When creating it was last tried: an answer may have been lost."),
  id: z.string().nullable().describe("The provider's own id of the job."),
  ended: z.boolean().default(false).describe("Has the provider said that its job is over?"),
  end_asked_at: z.number().nullable().default(null).describe("When the provider was asked to end it."),
  status: z.string().nullable().describe("In the provider's own word."),
  step: z.int().nullable(),
  steps: z.int().nullable(),
  estimated_finish: z.number().nullable().describe("Milliseconds since 1970, as the provider says."),
  trained_tokens: z.int().nullable(),
  epochs: z
    .int()
    .nullable()
    .default(null)
    .describe("Passes over the training file, as the provider says. Null: it has not said."),
  seen: z.string().nullable().describe("The last of its events that was read."),
  model: z.string().nullable().describe("The tuned model's name at the provider."),
  checkpoints: z.array(checkpoint),
  deployment: z.string().nullable().describe("The name of its deployment or endpoint."),
  hosting_per_hour: z
    .number()
    .nullable()
    .default(null)
    .describe("USD an hour that the deployment costs, used or not. Null: not known."),
  address: z
    .string()
    .nullable()
    .describe("What the configuration's model is to be: an id, a deployment, a URL."),
});
export type RemoteJob = Readonly<z.infer<typeof remoteJob>>;

const interval = z.object({ low: z.number(), high: z.number() });

/** How a variant did. What is null where it could be known was not counted when the job ran. */
const jobSide = z.object({
  variant: z.string(),
  answered: z.int().nullable().default(null).describe("Rows that it answered, of those that it was asked."),
  failed: z.int().nullable().default(null).describe("Rows that it was asked and did not answer."),
  exact: z.number().nullable().describe("Share of equal answers, of the rows that both answered."),
  interval: interval.nullable().default(null).describe("95% interval of `exact`."),
  input_tokens: z.number().nullable().describe("Mean of the rows that both answered."),
});

/** How the tuned model did on the validation split beside the control. */
export const jobEvaluation = z.object({
  comparison: z.string().describe("Id of the comparison in the store."),
  rows: z
    .int()
    .describe("Drawn from the validation file. The control was asked those that the candidate answered."),
  compared: z.int().nullable().default(null).describe("Rows that both answered."),
  control: jobSide,
  candidate: jobSide,
  difference: interval
    .nullable()
    .default(null)
    .describe(
      "95% interval of the candidate's `exact` less the control's: where 0 is in it, it may be chance.",
    ),
});
export type JobEvaluation = Readonly<z.infer<typeof jobEvaluation>>;

/** A fine-tuning job, as the store and the admin API have it. */
export const tuningJob = z.object({
  object: z.literal("crossover.tuning_job"),
  id: z.string(),
  created: z.number().describe("Milliseconds since 1970."),
  updated: z.number(),
  state: z.enum(JOB_STATES),
  entered: z
    .number()
    .nullable()
    .default(null)
    .describe("When it came into this state, in milliseconds since 1970. Null: it is not known."),
  cancel_asked: z.boolean(),
  spec: tuningSpec,
  estimate: jobEstimate,
  remote: remoteJob,
  losses: z.array(lossPoint).describe("By step, thinned out where they are many."),
  journal: z.array(journalEntry),
  problem: jobProblem.nullable().describe("Why it failed, what it waits for, or what goes wrong just now."),
  evaluation: jobEvaluation.nullable(),
  registered: z.boolean(),
  proposal: z.string().nullable().describe("YAML: the rollout that would move traffic to it."),
});
export type TuningJob = Readonly<z.infer<typeof tuningJob>>;

/** Is there nothing left to do? */
export function isEnded(state: JobState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
