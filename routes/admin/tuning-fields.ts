import { z } from "zod";
import type { DatasetReport } from "../../src/datasets/validate.ts";
import { CODES } from "../../src/datasets/validate-codes.ts";
import { jobEstimate, tuningJob, tuningSpec } from "../../src/tuning/job.ts";
import { LIMITS, type Limit } from "../../src/tuning/limits.ts";
import type {
  DeploymentOverview,
  ListedDeployment,
  TuningPlan,
  TuningQuestion,
} from "../../src/tuning/tuning.ts";
import type { DatasetFiles } from "../platform.ts";
import { limitOf, yesOrNo } from "../query.ts";

const text = z.string().regex(/\S/, "a text is expected");

/** As OpenAI's own API takes it. */
function orAuto({ schema, rule }: Limit<number>) {
  return z.union([z.literal("auto"), schema], `${rule}, or be auto`).optional();
}

/** What is to be trained, as a request's body. */
export const newTuningJob = z.strictObject({
  route: text,
  dataset: z
    .union([
      text.describe("On the gateway's machine: a folder with train.jsonl, or a .jsonl file."),
      z.strictObject({ training: text, validation: text.optional() }).describe("JSONL."),
    ])
    .describe("Where the data set is, or what is in it."),
  provider: text
    .optional()
    .describe("A provider's name, or its kind where it is the only one. Default: `tuning.provider`."),
  base_model: text.optional().describe("Default: the model of the control."),
  control: text
    .optional()
    .describe("The variant to compare with. Default: the route's first one with a prompt."),
  model: text.optional().describe("The name of the model that comes out."),
  variant: text.optional().describe("The name of the variant that comes out."),
  hyperparameters: z
    .strictObject({
      n_epochs: orAuto(LIMITS.epochs),
      batch_size: orAuto(LIMITS.batchSize),
      learning_rate_multiplier: orAuto(LIMITS.learningRateMultiplier),
    })
    .optional()
    .describe("What is left out is the provider's choice, and so is `auto`."),
  suffix: LIMITS.suffix.schema
    .optional()
    .describe("A part of the tuned model's name; Azure takes 40 characters."),
  seed: LIMITS.seed.schema.optional(),
  usd_per_million: LIMITS.usdPerMillion.schema
    .optional()
    .describe("USD for a million trained tokens, in place of the price list's."),
  dry_run: z.boolean().default(false).describe("Answer with the plan, and begin nothing."),
  force: z.boolean().default(false).describe("Begin it though the same was trained before."),
});
export type NewTuningJob = Readonly<z.infer<typeof newTuningJob>>;

export const registration = z.strictObject({
  address: text.describe(
    "What was trained and deployed by hand: an `ft:` id, a deployment, an endpoint's URL.",
  ),
  model: text.optional().describe("Another name for the model that comes out, where the job's is taken."),
  variant: text.optional().describe("Another name for the variant that comes out."),
});

export const scaling = z.strictObject({
  capacity: z.int().min(0).describe("Thousands of tokens a minute at Azure, replicas at Hugging Face."),
});

/** For what takes no members. */
export const nothing = z.strictObject({});

const format = z.enum(["json", "html"]).default("json").describe("A page to read, or JSON.");

export const jobsQuery = z.strictObject({
  route: text.optional().describe("Default: every route."),
  limit: limitOf("jobs"),
  format,
});
export const jobQuery = z.strictObject({ format });
export const removalQuery = z.strictObject({
  forget: yesOrNo
    .prefault("false")
    .describe("Delete what is here, though something elsewhere can't be. Default: nothing then."),
});
export const deploymentsQuery = z.strictObject({
  provider: text.optional().describe("Default: every provider that deploys."),
  format,
});

const fileReport = z.object({
  examples: z.int(),
  errors: z.int(),
  warnings: z.int(),
  counts: z.partialRecord(z.enum(Object.keys(CODES)), z.int()).describe("How often each code was told."),
});

/** A job that could begin. */
export const tuningPlan = z.object({
  object: z.literal("crossover.tuning_plan"),
  spec: tuningSpec,
  estimate: jobEstimate,
  reports: z.object({ training: fileReport, validation: fileReport.nullable() }),
  notes: z.array(z.string()).describe("What should be known before."),
  earlier: z.array(z.string()).describe("Ids of jobs that have trained the same, or are about to."),
});

export const tuningJobList = z.object({ object: z.literal("list"), data: z.array(tuningJob) });

const deployment = z.object({
  object: z.literal("crossover.deployment"),
  provider: z.string(),
  name: z.string(),
  model: z.string().nullable(),
  phase: z.enum(["creating", "running", "asleep", "failed"]),
  status: z.string().describe("In the provider's own word."),
  message: z.string().nullable(),
  address: z.string().nullable(),
  capacity: z.number().nullable(),
  hosting_per_hour: z.number().nullable().describe("USD, used or not."),
  models: z.array(z.string()).describe("Models of the configuration that it answers for."),
  last_used: z.string().nullable().describe("The last hour with a request through one of them."),
  idle: z.boolean().describe("It costs by the hour, and for a day had no request and no job that made it."),
});
const which = { object: z.literal("crossover.deployment"), provider: z.string(), name: z.string() };
export const removedDeployment = z.object({ ...which, deleted: z.literal(true) });
export const scaledDeployment = z.object({ ...which, capacity: z.int() });
export const removedJob = z.object({
  object: z.literal("crossover.tuning_job"),
  id: z.string(),
  deleted: z
    .boolean()
    .describe(
      "False: something can't be deleted elsewhere. All stays here, to be tried again, or deleted with `forget`.",
    ),
  left: z.string().nullable().describe("What is left, and why."),
});

export const deploymentList = z.object({
  object: z.literal("list"),
  data: z.array(deployment),
  problems: z
    .array(
      z.object({
        provider: z.string().nullable().describe("Null: the store, which knows when one was last used."),
        message: z.string(),
      }),
    )
    .describe("What could not be asked: it may have more deployments."),
});

export function questionOf(wanted: NewTuningJob, files: DatasetFiles): TuningQuestion {
  const { hyperparameters } = wanted;
  return {
    route: wanted.route,
    training: files.training,
    validation: files.validation,
    provider: wanted.provider,
    baseModel: wanted.base_model,
    control: wanted.control,
    model: wanted.model,
    variant: wanted.variant,
    epochs: chosen(hyperparameters?.n_epochs),
    batchSize: chosen(hyperparameters?.batch_size),
    learningRateMultiplier: chosen(hyperparameters?.learning_rate_multiplier),
    suffix: wanted.suffix,
    seed: wanted.seed,
    usdPerMillion: wanted.usd_per_million,
  };
}

function chosen(value: number | "auto" | undefined): number | undefined {
  return value === "auto" ? undefined : value;
}

export function shownPlan({
  spec,
  estimate,
  reports,
  notes,
  earlier,
}: TuningPlan): z.infer<typeof tuningPlan> {
  return {
    object: "crossover.tuning_plan",
    spec,
    estimate,
    reports: {
      training: shownReport(reports.training),
      validation: reports.validation === undefined ? null : shownReport(reports.validation),
    },
    notes: [...notes],
    earlier: earlier.map(({ id }) => id),
  };
}

/** Counts alone: what the lines hold stays where it is. */
function shownReport({ examples, errors, warnings, counts }: DatasetReport): z.infer<typeof fileReport> {
  return { examples, errors, warnings, counts };
}

export function shownDeployments({
  deployments,
  problems,
}: DeploymentOverview): z.infer<typeof deploymentList> {
  return {
    object: "list",
    data: deployments.map(shownDeployment),
    problems: problems.map(({ provider, message }) => ({ provider: provider ?? null, message })),
  };
}

function shownDeployment(one: ListedDeployment): z.infer<typeof deployment> {
  return {
    object: "crossover.deployment",
    provider: one.provider,
    name: one.name,
    model: one.model ?? null,
    phase: one.phase,
    status: one.status,
    message: one.message ?? null,
    address: one.address ?? null,
    capacity: one.capacity ?? null,
    hosting_per_hour: one.hostingPerHour ?? null,
    models: [...one.models],
    last_used: one.lastUsed === undefined ? null : new Date(one.lastUsed).toISOString(),
    idle: one.idle,
  };
}
