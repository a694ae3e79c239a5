import { mean, sampleStandardDeviation } from "simple-statistics";
import { CONFIDENCE, reachOf, wilsonInterval } from "../domain/statistics.ts";

/** A part of a whole with its 95% interval; shares from 0 to 1. */
export interface Share {
  readonly n: number;
  readonly count: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** A mean with its 95% interval, which takes two values at least. */
export interface Mean {
  readonly n: number;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The 97.5% quantile of the normal distribution. */
const Z = reachOf(CONFIDENCE);

/** @returns undefined for n = 0 */
export function shareOf(count: number, n: number): Share | undefined {
  return n === 0 ? undefined : { n, count, share: count / n, ...wilsonInterval(count, n) };
}

/**
 * Student's interval of a mean, which is honest for few values too: m ± t s / √n, with the 97.5% quantile t of n - 1 degrees of freedom ("The Probable
 * Error of a Mean", 1908).
 * @param bounds of the values, past which the interval does not go
 * @returns undefined for no values
 */
export function meanOf(
  values: readonly number[],
  bounds: readonly [number, number] = [-Infinity, Infinity],
): Mean | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  const middle = mean([...values]);
  if (n === 1) return { n, mean: middle, low: null, high: null };
  const spread = (studentT(n - 1) * sampleStandardDeviation([...values])) / Math.sqrt(n);
  return {
    n,
    mean: middle,
    low: Math.max(bounds[0], middle - spread),
    high: Math.min(bounds[1], middle + spread),
  };
}

/**
 * The 97.5% quantile of Student's t: exact for 1 and 2 degrees of freedom, else by the Cornish-Fisher expansion
 * (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5), to within 0.2% for 3 degrees and 0.01% from 6.
 */
export function studentT(degrees: number): number {
  if (degrees === 1) return Math.tan(Math.PI * 0.475);
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (0.975 * 0.025 * 4));
  const g = [
    (Z ** 3 + Z) / 4,
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96,
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384,
    (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92_160,
  ];
  return g.reduce((t, term, index) => t + term / degrees ** (index + 1), Z);
}
