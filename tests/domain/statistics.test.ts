import fc from "fast-check";
import { mean, sampleVariance } from "simple-statistics";
import { expect, test } from "vitest";
import {
  meanInterval,
  normalDraw,
  normalQuantile,
  type Sums,
  seededRandom,
  shareDifference,
  standardErrorOf,
  varianceOf,
  wilsonInterval,
} from "../../src/domain/statistics.ts";

function sumsOf(values: readonly number[]): Sums {
  return {
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    squares: values.reduce((sum, value) => sum + value * value, 0),
  };
}

// From the tables that every textbook prints.
test.each([
  [0.5, 0],
  [0.75, 0.67448975],
  [0.95, 1.644853627],
  [0.975, 1.959963985],
  [0.995, 2.575829304],
  [0.9995, 3.290526731],
  [1 - 1e-9, 5.997807019],
  [1e-12, -7.034483825],
])("the normal quantile of %d is %d", (p, quantile) => {
  expect(Math.abs(normalQuantile(p) - quantile)).toBeLessThan(1e-6);
});

// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
  [29, 29, 0.883, 1],
])("Wilson's interval for %d of %d is the published one", (successes, trials, low, high) => {
  const interval = wilsonInterval(successes, trials);
  expect(Math.abs(interval.low - low)).toBeLessThan(6e-5);
  expect(Math.abs(interval.high - high)).toBeLessThan(6e-5);
});

test("Wilson's interval holds the share, stays within 0 and 1, and of nothing says nothing", () => {
  expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, p) => {
      const successes = Math.round(p * trials);
      const { low, high } = wilsonInterval(successes, trials);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(successes / trials);
      expect(high).toBeGreaterThanOrEqual(successes / trials);
    }),
  );
});

// Newcombe 1998, table II, method 10; his differences are the first minus the second.
test.each([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [5, 56, 0, 29, -0.0381, 0.1926],
  [10, 10, 0, 10, 0.6075, 1],
])("the difference of %d/%d and %d/%d is the published one", (a, m, b, n, low, high) => {
  const interval = shareDifference({ successes: b, trials: n }, { successes: a, trials: m });
  expect(Math.abs(interval.low - low)).toBeLessThan(6e-5);
  expect(Math.abs(interval.high - high)).toBeLessThan(6e-5);
});

test("a share of nothing differs by anything", () => {
  expect(shareDifference({ successes: 0, trials: 0 }, { successes: 1, trials: 2 })).toEqual({
    low: -1,
    high: 1,
  });
});

test("mean and variance from sums are those of the numbers themselves", () => {
  const values = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(values, (numbers) => {
      const variance = sampleVariance(numbers);
      expect(varianceOf(sumsOf(numbers))).toBeCloseTo(variance, 6);
      // Squared: what rounding leaves of no variance at all has a root that can be seen.
      expect((standardErrorOf(sumsOf(numbers)) ?? Number.NaN) ** 2).toBeCloseTo(variance / numbers.length, 6);
      const interval = meanInterval(sumsOf(numbers));
      expect(((interval?.low ?? 0) + (interval?.high ?? 0)) / 2).toBeCloseTo(mean(numbers), 6);
    }),
  );
});

test("by hand: 1, 2, 3, 4 have mean 2.5, variance 5/3 and a standard error of 0.6455", () => {
  const interval = meanInterval(sumsOf([1, 2, 3, 4]));
  expect(interval?.low).toBeCloseTo(2.5 - 1.96 * 0.6455, 3);
  expect(interval?.high).toBeCloseTo(2.5 + 1.96 * 0.6455, 3);
});

test("one number has no interval, and equal ones have a narrow one, however they round", () => {
  expect(meanInterval(sumsOf([5]))).toBeUndefined();
  const same = varianceOf(sumsOf(Array.from({ length: 1000 }, () => 0.1)));
  expect(same).toBeGreaterThanOrEqual(0);
  expect(same).toBeLessThan(1e-12);
});

test("the same seed gives the same numbers, another seed others, all spread evenly", () => {
  const draws = (seed: number): number[] => Array.from({ length: 20_000 }, seededRandom(seed));
  const first = draws(1);
  expect(draws(1)).toEqual(first);
  expect(draws(2).slice(0, 5)).not.toEqual(first.slice(0, 5));
  const bins = Array.from({ length: 20 }, () => 0);
  for (const value of first) bins[Math.floor(value * 20)] = (bins[Math.floor(value * 20)] ?? 0) + 1;
  // Chi-squared with 19 degrees of freedom is above 43.8 once in a thousand.
  expect(bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(43.8);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...first)).toBeLessThan(1);
});

test("normal draws have mean 0 and variance 1", () => {
  const random = seededRandom(7);
  const draws = Array.from({ length: 20_000 }, () => normalDraw(random));
  expect(Math.abs(mean(draws))).toBeLessThan(0.03);
  expect(Math.abs(sampleVariance(draws) - 1)).toBeLessThan(0.05);
});
