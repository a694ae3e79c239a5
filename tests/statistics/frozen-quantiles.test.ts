import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FrozenQuantiles,
  frozenQuantilesState,
  hundredths,
  logarithmicSketch,
} from "../../src/statistics/frozen-quantiles.ts";

function filled(from: number, to: number, quantiles = new FrozenQuantiles([0.5, 0.95])): FrozenQuantiles {
  for (let value = from; value <= to; value++) quantiles.add(value);
  return quantiles;
}

test("thresholds are there from the 200th value on, to within 1 %, and stay until they are to be renewed", () => {
  expect(filled(1, 199).values).toBeUndefined();
  const quantiles = filled(1, 200);
  const [middle = 0, high = 0] = quantiles.values ?? [];
  expect(Math.abs(middle / 100 - 1)).toBeLessThan(0.02);
  expect(Math.abs(high / 190 - 1)).toBeLessThan(0.02);
  filled(1_001, 1_150, quantiles);
  expect([...(quantiles.values ?? [])]).toEqual([middle, high]);
  // Of the values since, of which there are too few yet.
  expect(quantiles.renew()).toBe(false);
  expect([...(quantiles.values ?? [])]).toEqual([middle, high]);
  filled(1_151, 1_199, quantiles);
  expect(quantiles.add(1_200)).toBe(true);
  expect(Math.abs((quantiles.values?.[0] ?? 0) / 1_100 - 1)).toBeLessThan(0.02);
  expect(quantiles.renew()).toBe(false);
  filled(1, 250, quantiles);
  expect(quantiles.renew()).toBe(false);
});

test("where there are enough values already, thresholds are renewed at once", () => {
  const quantiles = filled(1, 450);
  expect(quantiles.renew()).toBe(true);
  expect(Math.abs((quantiles.values?.[0] ?? 0) / 325 - 1)).toBeLessThan(0.02);
});

test("hundredths are exact", () => {
  const quantiles = new FrozenQuantiles([0, 0.1, 0.25, 1], hundredths);
  for (let i = 0; i < 200; i++) quantiles.add(i < 40 ? 0 : i < 100 ? 0.29 : 1);
  expect([...(quantiles.values ?? [])]).toEqual([0, 0, 0.29, 1]);
});

test("they go on after JSON as if nothing had been", () => {
  const values = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e6, noNaN: true })), {
    maxLength: 300,
  });
  for (const make of [logarithmicSketch, hundredths])
    fc.assert(
      fc.property(values, values, fc.boolean(), (before, after, isRenewed) => {
        const inRange = (value: number): number => (make === hundredths ? value / 1e6 : value);
        const quantiles = new FrozenQuantiles([0.1, 0.5, 0.99], make);
        for (const value of before) quantiles.add(inRange(value));
        const copy = new FrozenQuantiles([0.1, 0.5, 0.99], make);
        copy.restore(frozenQuantilesState.parse(JSON.parse(JSON.stringify(quantiles.state()))));
        for (const one of [quantiles, copy]) {
          if (isRenewed) one.renew();
          for (const value of after) one.add(inRange(value));
        }
        expect(copy.values).toEqual(quantiles.values);
        expect(copy.state()).toEqual(quantiles.state());
      }),
      { numRuns: 50 },
    );
});
