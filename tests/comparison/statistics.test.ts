import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meanOf, shareOf, studentT } from "../../src/comparison/statistics.ts";

describe("studentT", () => {
  // From the tables of the 97.5% quantile.
  test.each([
    [1, 12.7062, 4],
    [2, 4.3027, 4],
    [3, 3.1824, 2],
    [4, 2.7764, 2],
    [5, 2.5706, 3],
    [9, 2.2622, 3],
    [29, 2.0452, 4],
    [99, 1.9842, 4],
  ])("with %i degrees of freedom", (degrees, quantile, digits) => {
    expect(studentT(degrees)).toBeCloseTo(quantile, digits);
  });
});

describe("meanOf", () => {
  test("two values: half their distance times t over the root of two", () => {
    // m = 2, s = √2, t(1) = 12.7062: 2 ± 12.7062 * √2 / √2
    const interval = meanOf([1, 3]);
    expect(interval?.mean).toBe(2);
    expect(interval?.low).toBeCloseTo(2 - 12.7062, 3);
    expect(interval?.high).toBeCloseTo(2 + 12.7062, 3);
  });

  test("five values by hand", () => {
    // m = 6, s² = (16 + 4 + 0 + 4 + 16) / 4 = 10, t(4) = 2.776: 6 ± 2.776 * √(10 / 5)
    const interval = meanOf([2, 4, 6, 8, 10]);
    expect(interval?.low).toBeCloseTo(6 - 2.776 * Math.SQRT2, 2);
    expect(interval?.high).toBeCloseTo(6 + 2.776 * Math.SQRT2, 2);
  });

  test("one value has no interval, none has no mean", () => {
    expect(meanOf([7])).toEqual({ n: 1, mean: 7, low: null, high: null });
    expect(meanOf([])).toBeUndefined();
  });

  test("the interval stays within the bounds of the values", () => {
    expect(meanOf([0, 1], [0, 1])).toEqual({ n: 2, mean: 0.5, low: 0, high: 1 });
  });
});

test("a share lies within its interval, which lies within 0 and 1", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
      const count = Math.round(part * n);
      const share = shareOf(count, n);
      expect(share?.low).toBeGreaterThanOrEqual(0);
      expect(share?.low).toBeLessThanOrEqual(count / n);
      expect(share?.high).toBeGreaterThanOrEqual(count / n);
      expect(share?.high).toBeLessThanOrEqual(1);
    }),
  );
  expect(shareOf(0, 0)).toBeUndefined();
});
