import { parseArgs } from "node:util";
import { shownPlan } from "../../routes/admin/tuning-fields.ts";
import { isEnded } from "../tuning/job.ts";
import type { DataSource } from "../tuning/job-folders.ts";
import { LIMITS, type Limit } from "../tuning/limits.ts";
import type { TuningPlan, TuningQuestion } from "../tuning/tuning.ts";
import { printJson } from "./admin-api.ts";
import { consent } from "./consent.ts";
import { datasetIn } from "./dataset-place.ts";
import { UsageError } from "./error-text.ts";
import { followToEnd, waysOn } from "./tune-follow.ts";
import { type OpenedTuning, type OpenTuning, withTuning } from "./tune-open.ts";
import { planText } from "./tune-plan-text.ts";

const OPTIONS = {
  route: { type: "string" },
  dataset: { type: "string" },
  validation: { type: "string" },
  provider: { type: "string" },
  base: { type: "string" },
  control: { type: "string" },
  variant: { type: "string" },
  model: { type: "string" },
  epochs: { type: "string" },
  "batch-size": { type: "string" },
  "learning-rate-multiplier": { type: "string" },
  suffix: { type: "string" },
  seed: { type: "string" },
  price: { type: "string" },
  force: { type: "boolean", default: false },
  detach: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  yes: { type: "boolean", short: "y", default: false },
  json: { type: "boolean", default: false },
  config: { type: "string", short: "c" },
} as const;

/** `crossover tune start`. @returns the exit code */
export async function start(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const question = await questionOf(values);
  return withTuning(open, args, async (opened) => {
    const plan = await opened.tuning.plan(question);
    if (values["dry-run"]) {
      if (values.json) printJson(shownPlan(plan));
      else process.stdout.write(planText(plan));
      return 0;
    }
    process.stderr.write(`${planText(plan)}\n`);
    requireNew(plan, values.force);
    await consent("Begin?", values.yes);
    return begin(opened, plan, values);
  });
}

type Options = ReturnType<typeof parseArgs<{ readonly options: typeof OPTIONS }>>["values"];

/** @throws UsageError for what can't be asked so */
async function questionOf(values: Options): Promise<TuningQuestion> {
  if (values.route === undefined) throw new UsageError("name the route: --route ROUTE");
  if (values.dataset === undefined)
    throw new UsageError("give the data set: --dataset FOLDER, or --dataset FILE.jsonl");
  const { training, validation } = await datasetIn(values.dataset, values.validation);
  return {
    route: values.route,
    training: fileSource(training),
    validation: validation === undefined ? undefined : fileSource(validation),
    provider: values.provider,
    baseModel: values.base,
    control: values.control,
    model: values.model,
    variant: values.variant,
    epochs: chosen("--epochs", values.epochs, LIMITS.epochs),
    batchSize: chosen("--batch-size", values["batch-size"], LIMITS.batchSize),
    learningRateMultiplier: chosen(
      "--learning-rate-multiplier",
      values["learning-rate-multiplier"],
      LIMITS.learningRateMultiplier,
    ),
    suffix: values.suffix === undefined ? undefined : within("--suffix", values.suffix, LIMITS.suffix),
    seed: numberOf("--seed", values.seed, LIMITS.seed),
    usdPerMillion: numberOf("--price", values.price, LIMITS.usdPerMillion),
  };
}

/** `auto` leaves it to the provider, as it does in OpenAI's API. */
function chosen(
  option: string,
  text: string | undefined,
  { schema, rule }: Limit<number>,
): number | undefined {
  return text === "auto" ? undefined : numberOf(option, text, { schema, rule: `${rule}, or auto` });
}

function numberOf(option: string, text: string | undefined, limit: Limit<number>): number | undefined {
  if (text === undefined) return undefined;
  return within(option, text.trim() === "" ? Number.NaN : Number(text), limit);
}

/** @throws UsageError */
function within<T>(option: string, value: T, { schema, rule }: Limit<T>): T {
  if (!schema.safeParse(value).success) throw new UsageError(`${option} ${rule}`);
  return value;
}

function fileSource(path: string): DataSource {
  return { kind: "file", path, name: path };
}

/** Starting would refuse it too, but only after the question. @throws Error for what was trained before, or is about to be */
function requireNew({ earlier }: TuningPlan, force: boolean): void {
  const open = earlier.find(({ state }) => !isEnded(state));
  if (open !== undefined) throw new Error(`job ${open.id} does the same already: follow it, or cancel it`);
  if (earlier.length > 0 && !force) throw new Error("it was trained before. --force trains it again");
}

async function begin(
  opened: OpenedTuning,
  plan: TuningPlan,
  { force, detach, json }: Pick<Options, "force" | "detach" | "json">,
): Promise<number> {
  const job = await opened.tuning.start(plan, force);
  if (!detach) return followToEnd(opened, job.id, json);
  if (json) printJson(job);
  else
    process.stdout.write(
      `Job ${job.id} is in the store. A gateway that runs with this store works on it, or who follows it does.\n${waysOn(job.id)}`,
    );
  return 0;
}
