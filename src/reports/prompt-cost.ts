import type { UsageHour } from "../domain/capture.ts";
import type { Interval } from "../domain/statistics.ts";
import type { Price } from "../domain/usage.ts";
import type { Estimate } from "./estimate.ts";
import { boundsOf } from "./estimate.ts";
import { MONTH_DAYS } from "./rate.ts";
import { totalsOf } from "./totals.ts";

export type PriceOf = (model: string) => Price | undefined;

/** What the tokens that prompts add cost, in USD. */
export interface PromptCost {
  readonly addedTokensPerRequest: number;
  /** Of all input tokens, from 0 to 1. */
  readonly shareOfInput: number;
  /** The two ends: the added tokens are the cached ones, or they are not. Which is not known. */
  readonly usdPerRequest: Interval;
  /** 30 days; the ends also hold those of the rate. */
  readonly usdPerMonth: Interval;
}

/**
 * @param hours of the enriched path
 * @param rate requests of a known cost in a day on that path
 * @returns undefined where no cost is known
 */
export function promptCost(
  hours: readonly UsageHour[],
  rate: Estimate,
  priceOf: PriceOf,
): PromptCost | undefined {
  const priced = hours.flatMap((hour) => {
    const price = priceOf(hour.model);
    return hour.priced === 0 || price === undefined ? [] : [{ hour, price }];
  });
  if (priced.length === 0) return undefined;
  const { priced: requests, addedTokens, inputTokens } = totalsOf(priced.map(({ hour }) => hour));
  const ends = priced.map(({ hour, price }) => addedCost(hour, price));
  const low = ends.reduce((sum, end) => sum + end.low, 0) / requests;
  const high = ends.reduce((sum, end) => sum + end.high, 0) / requests;
  const perDay = boundsOf(rate);
  return {
    addedTokensPerRequest: addedTokens / requests,
    shareOfInput: inputTokens === 0 ? 0 : Math.min(1, addedTokens / inputTokens),
    usdPerRequest: { low, high },
    usdPerMonth: {
      low: low * Math.max(0, perDay.low ?? perDay.value) * MONTH_DAYS,
      high: high * (perDay.high ?? perDay.value) * MONTH_DAYS,
    },
  };
}

/** All cached tokens that can be added ones are, or all that can be others are. */
function addedCost(hour: UsageHour, price: Price): Interval {
  const { inputTokens, cachedInputTokens, addedTokens } = hour;
  const most = Math.min(addedTokens, cachedInputTokens);
  const least = Math.max(0, cachedInputTokens - Math.max(0, inputTokens - addedTokens));
  const cachedPrice = price.cachedInput ?? price.input;
  const cost = (cached: number): number =>
    ((addedTokens - cached) * price.input + cached * cachedPrice) / 1e6;
  const ends = [cost(most), cost(Math.min(least, most))];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}
