import type { UsageHour } from "../domain/capture.ts";
import { standardErrorOf } from "../domain/statistics.ts";
import type { Estimate } from "./estimate.ts";
import type { Totals } from "./totals.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** A month in every number of a report, in days. */
export const MONTH_DAYS = 30;

/** With fewer whole days the spread between hours has to do: a week shows each of its days once. */
const FEWEST_DAYS = 7;

/** Milliseconds since 1970; `to` is not part of it. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** From the first hour with traffic on: what came before is not known to be quiet. @returns undefined without traffic */
export function observed(hours: readonly UsageHour[], { from, to }: Period): Period | undefined {
  if (hours.length === 0) return undefined;
  const first = hours.reduce((least, { hour }) => Math.min(least, hour), Number.POSITIVE_INFINITY);
  const begins = Math.max(first, from);
  return { from: begins, to: Math.max(to, begins + HOUR_MS) };
}

export function daysIn({ from, to }: Period): number {
  return (to - from) / DAY_MS;
}

/**
 * How many come in a day. The error is that of a mean of independent counts: of days where there are seven whole ones,
 * else of hours; undefined below two. Counts of requests spread wider than chance alone would spread them (days of the
 * week, batches), so the spread is measured, not taken from the count.
 */
export function ratePerDay(
  hours: readonly UsageHour[],
  period: Period,
  countOf: (hour: Totals) => number,
): Estimate {
  const total = hours.reduce((sum, hour) => sum + countOf(hour), 0);
  const days = Math.floor(daysIn(period));
  const unit = days >= FEWEST_DAYS ? DAY_MS : HOUR_MS;
  const counts = countsBackFromEnd(hours, period, unit, countOf);
  const error = standardErrorOf({
    count: counts.length,
    sum: counts.reduce((sum, count) => sum + count, 0),
    squares: counts.reduce((sum, count) => sum + count ** 2, 0),
  });
  return {
    value: total / daysIn(period),
    error: error === undefined ? undefined : (error * DAY_MS) / unit,
  };
}

/** Counts of whole windows, the latest first. */
function countsBackFromEnd(
  hours: readonly UsageHour[],
  period: Period,
  unit: number,
  countOf: (hour: Totals) => number,
): readonly number[] {
  const counts = Array.from({ length: Math.floor((period.to - period.from) / unit) }, () => 0);
  const end = Math.ceil(period.to / HOUR_MS) * HOUR_MS;
  for (const hour of hours) {
    const window = Math.floor((end - HOUR_MS - hour.hour) / unit);
    if (window in counts) counts[window] = (counts[window] ?? 0) + countOf(hour);
  }
  return counts;
}
