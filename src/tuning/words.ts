import type { DatasetReport } from "../datasets/validate.ts";
import { NOTHING, percent, usd } from "../reports/words.ts";
import type { JobEstimate, RemoteJob, TuningSpec } from "./job.ts";

/** What the command and the pages say alike. */

/** Who trains it. */
export function providerText({
  provider,
  api,
  simulated,
}: Pick<TuningSpec, "provider" | "api" | "simulated">): string {
  return simulated ? `${provider}, SIMULATED by the built-in simulator` : `${provider} (${API_NAMES[api]})`;
}

const API_NAMES: Readonly<Record<TuningSpec["api"], string>> = {
  openai: "OpenAI",
  azure: "Azure OpenAI",
  huggingface: "Hugging Face",
};

/** `step 12 of 90`; undefined before the first. */
export function stepText({ step, steps }: Pick<RemoteJob, "step" | "steps">): string | undefined {
  if (step === null) return undefined;
  return steps === null ? `step ${step}` : `step ${step} of ${steps}`;
}

export function shareText(share: number | null): string {
  return share === null ? "" : percent(share);
}

/** How often each warning on a file of a plan was told. A set for a model that is asked the bare query has no system messages. */
export function warningCounts({
  counts,
}: DatasetReport): readonly (readonly [code: string, times: number])[] {
  return Object.entries(counts).filter(([code]) => code !== "missing_system");
}

/** At Hugging Face hours are billed, and nothing by the simulator. */
export function isBilledByToken({ simulated, api }: Pick<TuningSpec, "simulated" | "api">): boolean {
  return !simulated && api !== "huggingface";
}

/** What a job is going to cost; undefined where that is not known. */
export function costText(
  { simulated }: Pick<TuningSpec, "simulated">,
  { usd: cost, usd_per_hour, usd_most, usd_as_of }: JobEstimate,
): string | undefined {
  const dated = usd_as_of === null ? "" : `, by the price list of ${usd_as_of}`;
  const byHour =
    usd_per_hour === null || usd_most === null
      ? undefined
      : `${usd(usd_per_hour)} an hour, ${usd(usd_most)} at most`;
  const price = cost === null ? byHour : `${usd(cost)}${dated}`;
  if (!simulated) return price;
  return price === undefined ? "nothing" : `nothing; at the provider ${price}`;
}

/** The same in a word, for a table. */
export function costCell(
  { simulated }: Pick<TuningSpec, "simulated">,
  { usd: cost, usd_most }: JobEstimate,
): string {
  if (simulated) return "nothing";
  if (cost !== null) return usd(cost);
  return usd_most === null ? NOTHING : `≤ ${usd(usd_most)}`;
}
