import fc from "fast-check";
import { expect, test } from "vitest";
import { boundsOf, minus, quotient, scaled, shifted, times } from "../../src/reports/estimate.ts";

const of = (value: number, error: number | undefined) => ({ value, error });

test("by hand", () => {
  expect(minus(of(5, 3), of(2, 4))).toEqual(of(3, 5));
  // 10 +- 1 times 20 +- 2: (10 x 2)^2 + (20 x 1)^2 + (1 x 2)^2 = 400 + 400 + 4
  expect(times(of(10, 1), of(20, 2)).value).toBe(200);
  expect(times(of(10, 1), of(20, 2)).error).toBeCloseTo(Math.sqrt(804), 12);
  expect(scaled(of(3, 2), -2)).toEqual(of(-6, 4));
  expect(shifted(of(3, 2), -4)).toEqual(of(-1, 2));
  expect(boundsOf(of(10, 1)).low).toBeCloseTo(8.04, 3);
  // 100 by 10 +- 1: from 100 / 11.96 to 100 / 8.04
  expect(quotient(100, of(10, 1)).value).toBe(10);
  expect(quotient(100, of(10, 1)).low).toBeCloseTo(100 / 11.96, 3);
  expect(quotient(100, of(10, 1)).high).toBeCloseTo(100 / 8.04, 3);
});

test("what has no error gives none", () => {
  const none = of(1, undefined);
  expect([minus(none, of(1, 1)), times(of(1, 1), none), scaled(none, 2)].map(({ error }) => error)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(boundsOf(none)).toEqual({ value: 1, low: undefined, high: undefined });
  expect(quotient(2, none)).toEqual({ value: 2, low: undefined, high: undefined });
});

test("a divisor of nothing or less is never reached, and one that may be has no upper end", () => {
  const never = Number.POSITIVE_INFINITY;
  expect(quotient(5, of(0, 0))).toEqual({ value: never, low: never, high: never });
  expect(quotient(5, of(-1, 0.1)).low).toBe(never);
  expect(quotient(5, of(1, 2))).toMatchObject({ value: 5, high: never });
  expect(quotient(5, of(-1, 2)).low).toBeLessThan(never);
});

test("a quotient lies within its interval", () => {
  const number = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), number, number, (sum, value, error) => {
      const bounds = quotient(sum, of(value, Math.abs(error)));
      expect(bounds.low).toBeLessThanOrEqual(bounds.value);
      expect(bounds.high).toBeGreaterThanOrEqual(bounds.value);
    }),
  );
});
