import { count, duration, percent } from "../reports/words.ts";
import type { RemoteJob, TuningSpec } from "../tuning/job.ts";

const DAY_SECONDS = 86_400;

/** Who trains it. */
export function placeOf({
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

/** `45 seconds`, `2.5 hours` */
export function timeText(seconds: number): string {
  return seconds < 60 ? count(Math.round(seconds), "second") : duration(seconds / DAY_SECONDS);
}

/** `step 12 of 90`; undefined before the first. */
export function stepText({ step, steps }: Pick<RemoteJob, "step" | "steps">): string | undefined {
  if (step === null) return undefined;
  return steps === null ? `step ${step}` : `step ${step} of ${steps}`;
}

export function shareText(share: number | null): string {
  return share === null ? "" : percent(share);
}

/** `2027-01-31 18:00:05`, in UTC. @param at milliseconds since 1970 */
export function timeOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "unknown" : date.toISOString().slice(0, 19).replace("T", " ");
}
