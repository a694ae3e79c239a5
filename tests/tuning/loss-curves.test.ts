import fc from "fast-check";
import { expect, test } from "vitest";
import { lossCurves, shareOf } from "../../src/tuning/loss-curves.ts";

test("both curves go by step, without what is no number", () => {
  expect(
    lossCurves([
      { step: 9, training: 0.5, validation: 0.75 },
      { step: 5, training: Number.NaN, validation: Number.POSITIVE_INFINITY },
      { step: 1, training: 2.5, validation: null },
    ]),
  ).toEqual({
    training: [
      { step: 1, value: 2.5 },
      { step: 9, value: 0.5 },
    ],
    validation: [{ step: 9, value: 0.75 }],
    steps: { low: 1, high: 9 },
    values: { low: 0.5, high: 2.5 },
  });
});

test("without a value there is nothing to draw", () => {
  expect(lossCurves([])).toBeUndefined();
  expect(lossCurves([{ step: 1, training: null, validation: Number.NaN }])).toBeUndefined();
});

test("a number of a range stands from 0 to 1 in it, however far it reaches", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(number, number, number, (a, b, c) => {
      const [low = 0, middle = 0, high = 0] = [a, b, c].toSorted((one, other) => one - other);
      const share = shareOf(middle, { low, high });
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }),
  );
  expect(shareOf(7, { low: 7, high: 7 })).toBe(0.5);
  expect(shareOf(-Number.MAX_VALUE, { low: -Number.MAX_VALUE, high: Number.MAX_VALUE })).toBe(0);
});
