import fc from "fast-check";
import { expect, test } from "vitest";
import type { LossPoint } from "../../../src/tuning/job.ts";
import { lossChart } from "../../../src/tuning/pages/loss-chart.ts";

const chart = (...points: readonly LossPoint[]): string => lossChart(points).text;
const numbersOf = (text: string, pattern: RegExp): number[] =>
  [...text.matchAll(pattern)].flatMap((match) => (match[1] ?? "").split(/[ ,]/).map(Number));

test("there is no chart without a value", () => {
  expect(chart()).toBe("");
  expect(chart({ step: 1, training: null, validation: null })).toBe("");
  expect(chart({ step: 1, training: Number.NaN, validation: Number.POSITIVE_INFINITY })).toBe("");
});

test("both curves, named in the legend and for those who do not see them", () => {
  const text = chart(
    { step: 1, training: 2.5, validation: null },
    { step: 9, training: 0.5, validation: 0.75 },
  );
  expect(text).toContain('aria-label="Loss by step: training loss 2.5 to 0.5, validation loss 0.75 to 0.75"');
  expect(text.match(/<polyline/g)).toHaveLength(2);
  expect(text).toContain('<span class="validation">validation loss</span>');
  expect(chart({ step: 1, training: 2, validation: null })).not.toContain("validation");
});

test("a lower loss stands lower, a later step to the right", () => {
  const text = chart(
    { step: 1, training: 2.5, validation: null },
    { step: 9, training: 0.5, validation: null },
  );
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = numbersOf(text, /points="([^"]*)"/g);
  expect(x2).toBeGreaterThan(x1);
  expect(y2).toBeGreaterThan(y1);
});

test("whatever the losses are, all is drawn inside, with numbers on both axes", () => {
  const loss = fc.option(fc.double({ min: -1e12, max: 1e12, noNaN: true }));
  const point = fc.record({ step: fc.nat(1e9), training: loss, validation: loss });
  fc.assert(
    fc.property(fc.array(point, { maxLength: 60 }), (points) => {
      const text = lossChart(points).text;
      if (text === "") return points.every(({ training, validation }) => (training ?? validation) === null);
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
      const places = numbersOf(text, /points="([^"]*)"/g);
      for (const [index, place] of places.entries()) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(index % 2 === 0 ? 720 : 260);
      }
      expect((text.match(/class="grid"/g) ?? []).length).toBeLessThanOrEqual(12);
      return true;
    }),
  );
});
