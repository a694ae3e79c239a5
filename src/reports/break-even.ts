import type { UsageHour } from "../domain/capture.ts";
import type { Price } from "../domain/usage.ts";
import { type Bounds, type Estimate, minus, quotient, scaled, shifted, times } from "./estimate.ts";
import type { PriceOf } from "./prompt-cost.ts";
import { MONTH_DAYS } from "./rate.ts";
import { meanCost, type Totals, totalsOf } from "./totals.ts";

/**
 * Requests of a known cost that each path needs before their means are compared. Costs are lopsided, and below some
 * hundred requests the normal approximation is not to be trusted.
 */
export const FEWEST_MEASURED = 100;

const VOLUMES = [0.25, 0.5, 1, 2, 4];

export interface BreakEvenInput {
  /** What pays for prompts today. */
  readonly enriched: readonly UsageHour[];
  /** What the candidate answered; none: its cost is modelled. */
  readonly candidate: readonly UsageHour[];
  /** Requests of a known cost in a day, of both together: all of them are thought to move. */
  readonly rate: Estimate;
  /** The candidate's, hosting included. */
  readonly price: Price;
  /** USD, once. Undefined: not known. */
  readonly trainingCost: number | undefined;
  readonly priceOf: PriceOf;
}

export interface BreakEven {
  /** Are the candidate's costs those of requests that it answered, or worked out from the enriched ones? */
  readonly basis: "measured" | "modelled";
  /** Mean costs of a request in USD. */
  readonly enrichedUsd: Estimate;
  readonly candidateUsd: Estimate;
  readonly savingUsd: Estimate;
  readonly hostingPerDay: number;
  /** Saving at today's rate less hosting, in USD a day. */
  readonly netPerDay: Estimate;
  /** Requests that pay back the training, hosting left aside. Undefined: the training's cost is not known. */
  readonly requests: Bounds | undefined;
  /** Days at today's rate that pay back training and hosting. Undefined: the training's cost is not known, and would matter. */
  readonly days: Bounds | undefined;
  /** Requests a day above which there is a saving at all; `Infinity`: no volume is enough. */
  readonly requestsPerDayNeeded: number;
  readonly sensitivity: readonly Volume[];
}

/** How it would be at another volume. */
export interface Volume {
  /** Times today's. */
  readonly factor: number;
  readonly requestsPerDay: number;
  /** Days to break even; `Infinity`: never. Undefined: the training's cost is not known. */
  readonly days: number | undefined;
  /** Saving less hosting in USD, 30 days. */
  readonly netPerMonth: number;
}

/** @returns undefined when no enriched request has a known cost */
export function breakEven(input: BreakEvenInput): BreakEven | undefined {
  const { rate, price, trainingCost } = input;
  const enriched = totalsOf(input.enriched);
  const enrichedUsd = meanCost(enriched);
  if (enrichedUsd === undefined) return undefined;
  const costs = measured(enriched, totalsOf(input.candidate)) ?? modelled(input, enrichedUsd);
  const hostingPerDay = (price.hostingPerHour ?? 0) * 24;
  const netPerDay = shifted(times(rate, costs.savingUsd), -hostingPerDay);
  const saving = costs.savingUsd.value;
  return {
    ...costs,
    enrichedUsd,
    hostingPerDay,
    netPerDay,
    requests: trainingCost === undefined ? undefined : quotient(trainingCost, costs.savingUsd),
    days: trainingCost === undefined ? unlessNever(netPerDay) : quotient(trainingCost, netPerDay),
    requestsPerDayNeeded: saving > 0 ? hostingPerDay / saving : Number.POSITIVE_INFINITY,
    sensitivity: VOLUMES.map((factor) => {
      const net = factor * rate.value * saving - hostingPerDay;
      return {
        factor,
        requestsPerDay: factor * rate.value,
        days: trainingCost === undefined ? undefined : quotient(trainingCost, { value: net, error: 0 }).value,
        netPerMonth: net * MONTH_DAYS,
      };
    }),
  };
}

/** Nothing saved pays for no training, whatever that costs. */
function unlessNever({ value }: Estimate): Bounds | undefined {
  return value > 0 ? undefined : { value: Number.POSITIVE_INFINITY, low: undefined, high: undefined };
}

type Costs = Pick<BreakEven, "basis" | "candidateUsd" | "savingUsd">;

function measured(enriched: Totals, candidate: Totals): Costs | undefined {
  const from = meanCost(enriched);
  const to = meanCost(candidate);
  if (from === undefined || to === undefined) return undefined;
  if (Math.min(enriched.priced, candidate.priced) < FEWEST_MEASURED) return undefined;
  return { basis: "measured", candidateUsd: to, savingUsd: minus(from, to) };
}

/**
 * The enriched requests without the tokens that the prompt added, at the candidate's prices; none of them cached, and
 * the answers as long. The saving's error is that of the enriched mean, times how much wider the candidate's prices
 * spread the same tokens: the prompt's own part hardly varies, and what remains moves in both costs alike.
 */
function modelled({ enriched, price, priceOf }: BreakEvenInput, enrichedUsd: Estimate): Costs {
  const paid = enriched.filter(({ priced }) => priced > 0);
  const { priced } = totalsOf(paid);
  const usd = paid.reduce((sum, hour) => sum + bareCost(hour, price), 0) / priced;
  const steepest = paid.reduce((most, { model }) => Math.max(most, priceRatio(price, priceOf(model))), 0);
  return {
    basis: "modelled",
    candidateUsd: { value: usd, error: undefined },
    savingUsd: {
      value: enrichedUsd.value - usd,
      error: scaled(enrichedUsd, Math.max(1, steepest - 1)).error,
    },
  };
}

function bareCost({ inputTokens, addedTokens, outputTokens }: UsageHour, price: Price): number {
  return (Math.max(0, inputTokens - addedTokens) * price.input + outputTokens * price.output) / 1e6;
}

/** How many times the candidate's prices are the others. */
function priceRatio(candidate: Price, other: Price | undefined): number {
  if (other === undefined) return 0;
  const ratio = (to: number, from: number): number => (from === 0 ? 0 : to / from);
  return Math.max(ratio(candidate.input, other.input), ratio(candidate.output, other.output));
}

export interface Savings {
  /** Requests of a known cost that the candidate answered. */
  readonly requests: number;
  /** What they would have cost at the enriched path's mean, less what they did. */
  readonly gross: Estimate;
  readonly hostingUsd: number;
  /** 0 where it is not known. */
  readonly trainingUsd: number;
  readonly net: Estimate;
}

/**
 * What the candidate saved so far.
 * @param days for which it has stood
 * @returns undefined when nothing can be compared
 */
export function savingsSoFar(
  { enriched, candidate, price, trainingCost }: BreakEvenInput,
  days: number,
): Savings | undefined {
  const { priced, ...took } = totalsOf(candidate);
  const compared = totalsOf(enriched);
  const enrichedUsd = meanCost(compared);
  if (priced === 0 || enrichedUsd === undefined) return undefined;
  const gross = shifted(wouldHaveCost(enrichedUsd, compared.priced, priced), -took.costUsd);
  const hostingUsd = (price.hostingPerHour ?? 0) * 24 * days;
  const trainingUsd = trainingCost ?? 0;
  return { requests: priced, gross, hostingUsd, trainingUsd, net: shifted(gross, -hostingUsd - trainingUsd) };
}

/** The mean of `known` requests times `count` others: off by the mean's own error, and by chance among the others. */
function wouldHaveCost({ value, error }: Estimate, known: number, count: number): Estimate {
  return {
    value: value * count,
    error: error === undefined ? undefined : error * Math.sqrt(count * count + count * known),
  };
}
