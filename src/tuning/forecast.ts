import { median } from "simple-statistics";
import { estimate } from "../datasets/estimate.ts";
import type { DatasetReport } from "../datasets/validate.ts";
import { count } from "../reports/words.ts";
import type { HourlyPrice } from "./hourly-price.ts";
import type { JobEstimate, TuningJob, TuningSpec } from "./job.ts";
import { stayIn } from "./journal.ts";
import { DEFAULT_EPOCHS } from "./training-script.ts";

interface ForecastOptions {
  readonly epochs: number | undefined;
  readonly usdPerMillion: number | undefined;
  readonly usdPerHour: HourlyPrice | undefined;
  /** Jobs that were trained before, of which those count that trained the same model at the same provider. */
  readonly earlier: readonly TuningJob[];
}

/** What the training is going to take, and what that rests on. */
export function forecast(
  spec: Pick<TuningSpec, "api" | "provider" | "base_model" | "simulated">,
  { tokens }: DatasetReport,
  { epochs, usdPerMillion, usdPerHour, earlier }: ForecastOptions,
): JobEstimate {
  const forOpenAI = spec.api === "openai";
  const took = estimate(tokens, {
    model: spec.base_model,
    epochs: epochs ?? (spec.api === "huggingface" ? DEFAULT_EPOCHS : undefined),
    usdPerMillion,
    forOpenAI,
  });
  const rates = earlier.filter((job) => isAlike(job, spec)).flatMap((job) => tokensPerSecond(job) ?? []);
  return {
    epochs: took.epochs,
    billed_tokens: took.billedTokens,
    usd: took.usd ?? null,
    usd_as_of: took.priceAsOf ?? null,
    usd_per_hour: usdPerHour?.usd ?? null,
    usd_most: usdPerHour === undefined ? null : usdPerHour.usd * usdPerHour.mostHours,
    seconds: rates.length === 0 ? null : took.billedTokens / median(rates),
    basis: [costBasis(spec, took, usdPerHour), timeBasis(rates.length)].join(" "),
  };
}

function isAlike(
  { state, spec }: TuningJob,
  wanted: Pick<TuningSpec, "provider" | "base_model" | "simulated">,
): boolean {
  const isSamePlace = spec.provider === wanted.provider && spec.simulated === wanted.simulated;
  return state === "succeeded" && isSamePlace && spec.base_model === wanted.base_model;
}

/** @returns undefined where it is not known, such as for what a person trained */
function tokensPerSecond({ journal, remote, estimate }: TuningJob): number | undefined {
  const stay = stayIn("training", journal);
  const seconds = stay === undefined ? 0 : (stay.to - stay.from) / 1000;
  return seconds > 0 ? (remote.trained_tokens ?? estimate.billed_tokens) / seconds : undefined;
}

function costBasis(
  { api, simulated }: Pick<TuningSpec, "api" | "simulated">,
  { usdPerMillion, priceAsOf }: ReturnType<typeof estimate>,
  usdPerHour: HourlyPrice | undefined,
): string {
  if (usdPerMillion === undefined)
    return api === "huggingface" ? hourBasis(usdPerHour) : "What a trained token costs is not known here.";
  const price = `USD ${usdPerMillion} per million trained tokens`;
  const source = priceAsOf === undefined ? `${price}, as given.` : `${price}, OpenAI's list of ${priceAsOf}.`;
  return simulated ? `${source} The simulator trains in the provider's place: nothing is billed.` : source;
}

function hourBasis(price: HourlyPrice | undefined): string {
  const billed = "Training is billed by the hour of the hardware, not by the token";
  if (price === undefined) return `${billed}; what an hour costs could not be found out.`;
  const { usd, hardware, mostHours } = price;
  return `${billed}: USD ${usd} an hour of ${hardware} by Hugging Face's list, and a job is stopped after ${count(mostHours, "hour")}.`;
}

function timeBasis(jobs: number): string {
  if (jobs === 0) return "How long it takes is not known: no such job has ended here yet.";
  return `The time is reckoned from ${jobs === 1 ? "an earlier job" : `${jobs} earlier jobs`} of this model.`;
}
