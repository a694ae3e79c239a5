import { estimate } from "../datasets/estimate.ts";
import type { DatasetReport } from "../datasets/validate.ts";
import { simulatedEpochs } from "../domain/simulated-epochs.ts";
import { count } from "../reports/words.ts";
import type { HourlyPrice } from "./hourly-price.ts";
import type { JobEstimate, TuningJob, TuningSpec } from "./job.ts";
import { stayIn } from "./journal.ts";
import { type Trained, timeForecast } from "./time-forecast.ts";
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
  report: DatasetReport,
  { epochs, usdPerMillion, usdPerHour, earlier }: ForecastOptions,
): JobEstimate {
  const estimated = (passes: number | undefined) =>
    estimate(report.tokens, {
      model: spec.base_model,
      epochs: passes,
      usdPerMillion,
      forOpenAI: spec.api === "openai",
    });
  const took = estimated(epochs ?? ownEpochs(spec, report));
  // The simulator takes nothing: what is told is what the provider would.
  const priced = spec.simulated ? estimated(epochs) : took;
  const alike = earlier.filter((job) => isAlike(job, spec));
  const time = timeForecast(
    took.billedTokens,
    alike.flatMap((job) => trainedIn(job) ?? []),
  );
  return {
    epochs: took.epochs,
    billed_tokens: took.billedTokens,
    usd: priced.usd ?? null,
    usd_as_of: priced.priceAsOf ?? null,
    usd_per_hour: usdPerHour?.usd ?? null,
    usd_most: usdPerHour === undefined ? null : usdPerHour.usd * usdPerHour.mostHours,
    seconds: time.seconds,
    basis: [costBasis(spec, priced, usdPerHour), time.basis].join(" "),
  };
}

/** @returns undefined for OpenAI's rule */
function ownEpochs(
  { api, simulated }: Pick<TuningSpec, "api" | "simulated">,
  { rows, answers }: DatasetReport,
): number | undefined {
  if (simulated) return simulatedEpochs(rows, answers);
  return api === "huggingface" ? DEFAULT_EPOCHS : undefined;
}

function isAlike(
  { state, spec }: TuningJob,
  wanted: Pick<TuningSpec, "provider" | "base_model" | "simulated">,
): boolean {
  const isSamePlace = spec.provider === wanted.provider && spec.simulated === wanted.simulated;
  return state === "succeeded" && isSamePlace && spec.base_model === wanted.base_model;
}

/** @returns undefined where it is not known, such as for what a person trained */
function trainedIn({ journal, remote, estimate }: TuningJob): Trained | undefined {
  const stay = stayIn("training", journal);
  const seconds = stay === undefined ? 0 : (stay.to - stay.from) / 1000;
  const tokens = remote.trained_tokens ?? estimate.billed_tokens;
  return seconds > 0 && tokens > 0 ? { tokens, seconds } : undefined;
}

function costBasis(
  { api, simulated }: Pick<TuningSpec, "api" | "simulated">,
  { usdPerMillion, priceAsOf, epochs }: ReturnType<typeof estimate>,
  usdPerHour: HourlyPrice | undefined,
): string {
  const price = priceBasis(usdPerMillion, priceAsOf);
  if (simulated) {
    const free = "The simulator trains in the provider's place: nothing is billed.";
    return price === undefined ? free : `${free} At the provider ${count(epochs, "epoch")} at ${price}`;
  }
  if (price === undefined)
    return api === "huggingface" ? hourBasis(usdPerHour) : "What a trained token costs is not known here.";
  return price;
}

function priceBasis(usdPerMillion: number | undefined, asOf: string | undefined): string | undefined {
  if (usdPerMillion === undefined) return undefined;
  const price = `USD ${usdPerMillion} per million trained tokens`;
  return asOf === undefined ? `${price}, as given.` : `${price}, OpenAI's list of ${asOf}.`;
}

function hourBasis(price: HourlyPrice | undefined): string {
  const billed = "Training is billed by the hour of the hardware, not by the token";
  if (price === undefined) return `${billed}; what an hour costs could not be found out.`;
  const { usd, hardware, mostHours } = price;
  return `${billed}: USD ${usd} an hour of ${hardware} by Hugging Face's list, and a job is stopped after ${count(mostHours, "hour")}.`;
}
