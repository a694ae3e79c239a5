import { memberOf } from "./json.ts";

/** Tokens that an upstream reports for one answer. `cachedInput` is a part of `input`. */
export interface Usage {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** USD per million tokens. */
export interface Price {
  readonly input: number;
  /** Price of cached input; the price of input when absent. */
  readonly cachedInput?: number | undefined;
  readonly output: number;
  /** USD for each hour that a dedicated deployment stands, whether used or not. */
  readonly hostingPerHour?: number | undefined;
}

/** Names of the models of which nobody knows what they cost, each once. */
export function unpriced(
  models: readonly { readonly name: string; readonly price?: Price | undefined }[],
): string[] {
  return [...new Set(models.filter(({ price }) => price === undefined).map(({ name }) => name))];
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Reads OpenAI's `usage` object; undefined when it is not one. */
export function readUsage(value: unknown): Usage | undefined {
  if (typeof memberOf(value, "prompt_tokens") !== "number") return undefined;
  return {
    input: count(memberOf(value, "prompt_tokens")),
    cachedInput: count(memberOf(memberOf(value, "prompt_tokens_details"), "cached_tokens")),
    output: count(memberOf(value, "completion_tokens")),
  };
}

/** Cost of one answer in USD, without hosting: (input - cached) * p_in + cached * p_cached + output * p_out. */
export function costOf(usage: Usage, price: Price): number {
  const cached = Math.min(usage.cachedInput, usage.input);
  const perMillion =
    (usage.input - cached) * price.input +
    cached * (price.cachedInput ?? price.input) +
    usage.output * price.output;
  return perMillion / 1e6;
}
