import fc from "fast-check";
import { expect, test } from "vitest";
import { usdToNano } from "../../src/limits/ledger.ts";

test.each([
  [0, 0],
  [1, 1_000_000_000],
  [1.1, 1_100_000_000],
  [0.000000183, 183],
  [0.0000000001, 1],
  [1234567.891, 1_234_567_891_000_000],
])("%d USD are %d nano-USD", (usd, nano) => {
  expect(usdToNano(usd)).toBe(nano);
});

test("a price with nine decimals is exact", () => {
  fc.assert(
    fc.property(fc.nat(2_000_000_000), (nano) => {
      expect(usdToNano(nano / 1e9)).toBe(nano);
    }),
  );
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e7])("%d USD are no amount", (usd) => {
  expect(() => usdToNano(usd)).toThrow(RangeError);
});
