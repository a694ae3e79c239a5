import { quantileSorted } from "simple-statistics";
import { PRICES_AS_OF, tunableModel } from "./tunable-models.ts";

/** What training on a set is going to take. */
export interface Estimate {
  readonly epochs: number;
  /** Were the epochs given, or are they OpenAI's default? */
  readonly epochsGiven: boolean;
  /** Tokens in a pass over the set, each example cut off at the model's limit. */
  readonly tokensPerEpoch: number;
  readonly billedTokens: number;
  /** USD per million tokens; undefined when nobody said and the table does not know the model. */
  readonly usdPerMillion: number | undefined;
  /** The date of the price list; undefined when the price was given. */
  readonly priceAsOf: string | undefined;
  readonly usd: number | undefined;
}

export interface EstimateOptions {
  readonly model: string;
  /** Passes over the set, from 1. Default {@link defaultEpochs} */
  readonly epochs?: number | undefined;
  /** USD per million trained tokens, at least 0. Default: OpenAI's list price */
  readonly usdPerMillion?: number | undefined;
  /** Is the set for OpenAI itself, whose prices the table has? */
  readonly forOpenAI: boolean;
}

/** How long training takes is not said: nobody publishes a rate to reckon it by. */
export function estimate(tokens: readonly number[], options: EstimateOptions): Estimate {
  const known = tunableModel(options.model);
  const limit = known?.exampleLimit ?? Number.POSITIVE_INFINITY;
  const epochs = options.epochs ?? defaultEpochs(tokens.length);
  const tokensPerEpoch = tokens.reduce((sum, count) => sum + Math.min(count, limit), 0);
  const billedTokens = tokensPerEpoch * epochs;
  const listed = options.forOpenAI ? known?.usdPerMillion : undefined;
  const usdPerMillion = options.usdPerMillion ?? listed;
  return {
    epochs,
    epochsGiven: options.epochs !== undefined,
    tokensPerEpoch,
    billedTokens,
    usdPerMillion,
    priceAsOf: options.usdPerMillion === undefined && listed !== undefined ? PRICES_AS_OF : undefined,
    usd: usdPerMillion === undefined ? undefined : (billedTokens / 1e6) * usdPerMillion,
  };
}

const TARGET_EPOCHS = 3;
const LEAST_SEEN = 100;
const MOST_SEEN = 25_000;
const MOST_EPOCHS = 25;

/**
 * The passes over a set that OpenAI trains by default: 3, more when that shows the model fewer than 100
 * examples, fewer when it shows more than 25,000. The rule is that of OpenAI's cookbook, "Data preparation and
 * analysis for chat model fine-tuning"; OpenAI may choose otherwise.
 * @returns a whole number from 1 to 25
 */
export function defaultEpochs(examples: number): number {
  if (examples === 0) return TARGET_EPOCHS;
  const seen = examples * TARGET_EPOCHS;
  if (seen < LEAST_SEEN) return Math.min(MOST_EPOCHS, Math.floor(LEAST_SEEN / examples));
  if (seen > MOST_SEEN) return Math.max(1, Math.floor(MOST_SEEN / examples));
  return TARGET_EPOCHS;
}

/** How many tokens the examples of a set have. */
export interface TokenStats {
  readonly total: number;
  readonly min: number;
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
}

/** @returns undefined for a set without examples */
export function tokenStats(tokens: readonly number[]): TokenStats | undefined {
  const sorted = tokens.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const total = sorted.reduce((sum, count) => sum + count, 0);
  return { total, min, mean: total / sorted.length, p95: quantileSorted(sorted, 0.95), max };
}
