import { CONFIDENCE, reachOf } from "../domain/statistics.ts";

/** A number that was estimated, with its standard error; undefined where too little is known for one. */
export interface Estimate {
  readonly value: number;
  readonly error: number | undefined;
}

/** A number with its 95% interval. Ends are undefined where no interval is known; `Infinity` is no end at all. */
export interface Bounds {
  readonly value: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** @param b independent of `a` */
export function minus(a: Estimate, b: Estimate): Estimate {
  return {
    value: a.value - b.value,
    error: a.error === undefined || b.error === undefined ? undefined : Math.hypot(a.error, b.error),
  };
}

/**
 * A product. Its variance is a²Var(b) + b²Var(a) + Var(a)Var(b), after Goodman, "On the Exact Variance of Products",
 * Journal of the American Statistical Association 55 (1960).
 * @param b independent of `a`
 */
export function times(a: Estimate, b: Estimate): Estimate {
  return {
    value: a.value * b.value,
    error:
      a.error === undefined || b.error === undefined
        ? undefined
        : Math.hypot(a.value * b.error, b.value * a.error, a.error * b.error),
  };
}

export function scaled({ value, error }: Estimate, factor: number): Estimate {
  return {
    value: value * factor,
    error: error === undefined ? undefined : error * Math.abs(factor),
  };
}

export function shifted({ value, error }: Estimate, by: number): Estimate {
  return { value: value + by, error };
}

/** The 95% interval by the normal approximation. */
export function boundsOf({ value, error }: Estimate): Bounds {
  if (error === undefined) return { value, low: undefined, high: undefined };
  const reach = reachOf(CONFIDENCE) * error;
  return { value, low: value - reach, high: value + reach };
}

/**
 * How often `divisor` goes into a sum that is known: `Infinity` when it is 0 or less, so that the sum is never
 * reached. The interval is Fieller's ("Some Problems in Interval Estimation", Journal of the Royal Statistical
 * Society B 16, 1954), which for a numerator without error holds the quotients by all values of the divisor's interval.
 * @param sum at least 0
 */
export function quotient(sum: number, divisor: Estimate): Bounds {
  const { value, low, high } = boundsOf(divisor);
  const by = (number: number): number => (number > 0 ? sum / number : Number.POSITIVE_INFINITY);
  return {
    value: by(value),
    low: high === undefined ? undefined : by(high),
    high: low === undefined ? undefined : by(low),
  };
}
