import fc from "fast-check";
import { expect, test } from "vitest";
import { lossChart } from "../../src/cli/loss-chart.ts";
import type { LossPoint } from "../../src/tuning/job.ts";

const falling: readonly LossPoint[] = Array.from({ length: 41 }, (_, step) => ({
  step,
  training: 4 - step / 10,
  validation: step % 20 === 0 ? 4 - step / 20 : null,
}));
const SIZE = { width: 48, height: 5, colour: false };

test("a curve from the highest to the lowest loss, marks of validation over it, labelled axes", () => {
  expect(lossChart(falling, SIZE).join("\n")).toBe(`\
4.00 ┤●⠑⠒⠢⠤⢄⣀⣀
     │        ⠉⠉⠒⠒⠤⠤⣀⣀     ●
2.00 ┤                ⠉⠉⠒⠒⠢⠤⠤⢄⣀⡀               ●
     │                         ⠈⠉⠑⠒⠢⠤⢄⣀⡀
0.00 ┤                                 ⠈⠉⠉⠒⠒⠤⠤⣀⣀
     └──────────────────────────────────────────
      step 0                                  40
      ⠒⠒ training loss   ● validation loss`);
});

test("one value is drawn in the middle, and nothing is drawn of nothing", () => {
  const chart = lossChart([{ step: 7, training: null, validation: 0.5 }], { ...SIZE, width: 40 });
  expect(chart[2]).toMatch(/^0\.500 ┤ {16}●$/);
  expect(chart.slice(-2).map((line) => line.trim())).toEqual(["step 7", "● validation loss"]);
  expect(lossChart([], SIZE)).toEqual([]);
  expect(lossChart([{ step: 1, training: null, validation: null }], SIZE)).toEqual([]);
  expect(lossChart(falling, { ...SIZE, width: 12 })).toEqual([]);
});

test("colours are set where they may be, and taken back", () => {
  const plain = lossChart(falling, { ...SIZE, width: 60 }).join("\n");
  const coloured = lossChart(falling, { ...SIZE, width: 60, colour: true }).join("\n");
  expect(plain).not.toContain("\u001b");
  expect(coloured).toContain("\u001b[33m●\u001b[39m validation loss");
  expect(coloured.replaceAll("\u001b[33m", "").replaceAll("\u001b[39m", "")).toBe(plain);
});

const loss = fc.oneof(fc.double(), fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY));
const points = fc.array(
  fc.record({ step: fc.oneof(fc.nat(1000), fc.maxSafeInteger()), training: loss, validation: loss }),
  { maxLength: 60 },
);

test("whatever the losses are: no line is wider than there is room, and each has its place", () => {
  fc.assert(
    fc.property(
      points,
      fc.integer({ min: -5, max: 120 }),
      fc.integer({ min: -5, max: 20 }),
      (all, width, height) => {
        const chart = lossChart(all, { width, height, colour: false });
        expect(chart.filter((line) => line.length > Math.max(0, width))).toEqual([]);
        expect(chart.join("")).not.toMatch(/NaN|undefined|Infinity/);
        if (chart.length > 0)
          expect([2, 3].map((more) => Math.max(2, height) + more)).toContain(chart.length);
      },
    ),
  );
});

test("the highest value is in the first line and the lowest in the last, the first step left of all", () => {
  const two = fc.tuple(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(two, ([a, b]) => {
      fc.pre(Math.abs(a / 2 - b / 2) > 0);
      const chart = lossChart(
        [
          { step: 1, training: null, validation: a },
          { step: 2, training: null, validation: b },
        ],
        { width: 40, height: 6, colour: false },
      );
      const rows = chart.slice(0, 6).map((line) => line.indexOf("●"));
      const [first, last] = a > b ? [rows[0], rows[5]] : [rows[5], rows[0]];
      expect(rows.filter((column) => column !== -1)).toHaveLength(2);
      expect(first).toBeLessThan(last ?? -1);
    }),
  );
});
