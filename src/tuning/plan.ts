import { createHash, randomBytes } from "node:crypto";
import { trainedName } from "../datasets/tunable-models.ts";
import { badRequest } from "../domain/errors.ts";
import type { Route, Table, Variant } from "../domain/table.ts";
import { variantsOf } from "../routing/reach.ts";
import { requireBaseModel } from "./base-model.ts";
import { type CheckedFile, checkedFile, comparableRows } from "./data-files.ts";
import type { TunerDeps } from "./deps.ts";
import { isEarlier } from "./earlier.ts";
import { forecast } from "./forecast.ts";
import { hourlyPrice } from "./hourly-price.ts";
import type { TuningSpec } from "./job.ts";
import type { DataSource } from "./job-folders.ts";
import { requireInLimits } from "./limits.ts";
import { mayReplace, otherRoutes, requireNames, unmeasured } from "./names.ts";
import { notesOn } from "./plan-notes.ts";
import { type TrainingProvider, trainingProvider } from "./provider-choice.ts";
import { jobIn } from "./stored-job.ts";
import type { TuningPlan, TuningQuestion } from "./tuning.ts";

/** Earlier jobs that are looked at, the latest: each is read with all of its journal. */
const EARLIER = 50;

/** A job that could begin. @throws GatewayError 400 for what can't be trained, StoreError */
export async function planned(question: TuningQuestion, deps: TunerDeps): Promise<TuningPlan> {
  const table = deps.table();
  const control = controlOf(question, table);
  const { provider, baseModel } = trainedBy(question, control, table);
  requireInLimits(question, provider.kind);
  const check = { model: baseModel, api: provider.tuning.api };
  const training = await checkedFile(question.training, deps.folders, { ...check, part: "training" });
  const validation =
    question.validation &&
    (await checkedFile(question.validation, deps.folders, {
      ...check,
      part: "validation",
      training: training.report,
    }));
  const jobId = `tj-${randomBytes(6).toString("hex")}`;
  const spec = specOf({ question, jobId, control, provider, baseModel, training, validation, table });
  const comparable = validation === undefined ? 0 : comparableRows(validation.report);
  if (spec.replaces && comparable === 0) throw unmeasured(spec.variant);
  const fingerprint = fingerprintOf(spec);
  await requireNames({ jobId, spec, fingerprint }, deps);
  const rows = await deps.store.tuningJobs({ fingerprint, limit: EARLIER });
  const ended = await deps.store.tuningJobs({ open: false, limit: EARLIER });
  return {
    jobId,
    spec,
    estimate: forecast(spec, training.report, {
      epochs: question.epochs,
      usdPerMillion: question.usdPerMillion,
      usdPerHour: await hourlyPrice(provider.tuning),
      earlier: ended.flatMap((row) => jobIn(row) ?? []),
    }),
    reports: { training: training.report, validation: validation?.report },
    fingerprint,
    earlier: rows.filter(isEarlier).flatMap((row) => jobIn(row) ?? []),
    sources: sourcesOf(question),
    notes: notesOn(spec, provider, {
      systems: training.report.systems,
      comparable,
      otherRoutes: otherRoutes(spec.variant, spec.route, table),
    }),
  };
}

/** The variant to compare with. @throws GatewayError 400 */
function controlOf({ route: name, control }: TuningQuestion, { routes, variants }: Table): Variant {
  const route = routes.get(name);
  if (route === undefined)
    throw badRequest(
      "unknown_route",
      `The configuration has no route ${JSON.stringify(name.slice(0, 64))}.`,
      "route",
    );
  const found = control === undefined ? promptedIn(route) : variants.get(control);
  if (found !== undefined) return found;
  throw control === undefined
    ? badRequest(
        "no_control",
        `No rule of the route \`${name}\` uses a variant with a prompt: name the variant to compare with.`,
        "control",
      )
    : badRequest(
        "unknown_variant",
        `There is no variant ${JSON.stringify(control.slice(0, 64))}.`,
        "control",
      );
}

function promptedIn({ rules }: Route): Variant | undefined {
  return rules.flatMap(({ use }) => variantsOf(use)).find(({ prompt }) => prompt !== undefined);
}

/** Who trains what. @throws GatewayError 400 */
function trainedBy(
  { provider: wanted, baseModel: named }: TuningQuestion,
  control: Variant,
  table: Table,
): { readonly provider: TrainingProvider; readonly baseModel: string } {
  const configured = named === undefined ? control.model : table.models.get(named);
  const name = wanted ?? table.tuning.provider ?? (configured ?? control.model).provider;
  const provider = trainingProvider(name, table);
  const baseModel = configured?.upstreamModel ?? named ?? control.model.upstreamModel;
  requireBaseModel(baseModel, provider);
  return { provider, baseModel };
}

interface SpecParts {
  readonly question: TuningQuestion;
  readonly jobId: string;
  readonly control: Variant;
  readonly provider: TrainingProvider;
  readonly baseModel: string;
  readonly training: CheckedFile;
  readonly validation: CheckedFile | undefined;
  readonly table: Table;
}

function specOf(parts: SpecParts): TuningSpec {
  const { question, jobId, control, provider, baseModel, training, validation, table } = parts;
  const { route, epochs, batchSize, learningRateMultiplier, suffix, seed } = question;
  // A name has at most 64 characters.
  const name = `${route.slice(0, 42)}-${jobId}`;
  return {
    route,
    provider: provider.name,
    api: provider.tuning.api,
    simulated: provider.simulated,
    base_model: baseModel,
    control: control.name,
    model: question.model ?? name,
    variant: question.variant ?? name,
    replaces: mayReplace(question.variant ?? name, route, table),
    method: "supervised",
    hyperparameters: {
      n_epochs: epochs ?? null,
      batch_size: batchSize ?? null,
      learning_rate_multiplier: learningRateMultiplier ?? null,
    },
    suffix: suffix ?? null,
    seed: seed ?? null,
    training: training.file,
    validation: validation?.file ?? null,
  };
}

/** The suffix is a name alone, and the validation file only measures: they change nothing of what is learned. */
function fingerprintOf(spec: TuningSpec): string {
  const { provider, simulated, api, method, hyperparameters, seed, training } = spec;
  const { n_epochs, batch_size, learning_rate_multiplier } = hyperparameters;
  // Names without a date are trained under one with a date.
  const model = api === "huggingface" ? spec.base_model : trainedName(spec.base_model, api);
  const parts = [provider, simulated, model, method, n_epochs, batch_size, learning_rate_multiplier, seed];
  return createHash("sha256")
    .update(JSON.stringify([...parts, training.sha256]))
    .digest("hex");
}

function sourcesOf({ training, validation }: TuningQuestion): ReadonlyMap<string, DataSource> {
  const sources = new Map([["train.jsonl", training]]);
  if (validation !== undefined) sources.set("validation.jsonl", validation);
  return sources;
}
