import { expect, test } from "vitest";
import { seededRandom } from "../../src/domain/statistics.ts";
import { sampleRatioProcess } from "../../src/statistics/sample-ratio.ts";

/** After how many units evidence of 1,000 is there; undefined: it never is within `most`. */
function foundAfter(seed: number, real: number, share: number, most: number): number | undefined {
  const random = seededRandom(seed);
  const process = sampleRatioProcess();
  for (let i = 1; i <= most; i++) {
    process.event(0, random() < real ? "candidate" : "control", share);
    if (process.logEvidence >= Math.log(1_000)) return i;
  }
  return undefined;
}

const seeds = Array.from({ length: 100 }, (_, i) => i + 1);

test("shares that are as they should be are never found to be others", () => {
  for (const share of [0.01, 0.05, 0.5])
    expect(
      seeds.map((seed) => foundAfter(seed, share, share, 5_000)).filter((at) => at !== undefined),
    ).toEqual([]);
});

test("4 % instead of 5 % is found within 8,000 units in half of the cases, and too many as well as too few", () => {
  const median = (real: number, share: number): number =>
    seeds.map((seed) => foundAfter(seed, real, share, 60_000) ?? 60_000).sort((a, b) => a - b)[50] ?? 0;
  expect(median(0.04, 0.05)).toBeLessThan(8_000);
  expect(median(0.06, 0.05)).toBeLessThan(12_000);
  expect(median(0.6, 0.5)).toBeLessThan(1_000);
  expect(median(0, 0.5)).toBeLessThan(50);
});
