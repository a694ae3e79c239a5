import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/domain/statistics.ts";
import { BettingProcess, bettingState } from "../../src/statistics/betting.ts";
import { MEAN_STAKES, MeanBetting, meanBettingState } from "../../src/statistics/mean-betting.ts";
import { PAIR_STAKES, PairedBetting } from "../../src/statistics/paired-betting.ts";

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test("the evidence is the gamblers' mean capital", () => {
  const betting = new BettingProcess([0.1, 0.9]);
  betting.bet(0.5);
  betting.bet(-1);
  expect(betting.logEvidence).toBeCloseTo(Math.log(mean([1.05 * 0.9, 1.45 * 0.1])), 12);
  expect(betting.bound).toBeCloseTo(Math.log(1.05 * 0.9), 12);
  expect(betting.sums).toEqual({ count: 2, sum: -0.5, squares: 1.25 });
  betting.reset();
  expect([betting.logEvidence, betting.bound, betting.sums.count]).toEqual([0, 0, 0]);
});

test("means: a block ends when both sides are in it, and what one has is set against all that the other has", () => {
  const betting = new MeanBetting();
  betting.add("control", 0.2);
  betting.add("control", 0.4);
  expect(betting.sums.count).toBe(0);
  betting.add("candidate", 0.8);
  expect(betting.logEvidence).toBeCloseTo(Math.log(mean(MEAN_STAKES.map((stake) => 1 + stake * 0.5))), 12);
  betting.add("candidate", 0.5);
  betting.add("candidate", 0.7);
  betting.add("control", 0.6);
  expect(betting.sums.count).toBe(2);
  expect(betting.sums.sum).toBeCloseTo(0.5, 12);
  betting.add("control", 0.1);
  betting.dropBlock();
  betting.add("candidate", 1);
  expect(betting.sums.count).toBe(2);
});

test("pairs: the margin is what the candidate may be worse by", () => {
  const betting = new PairedBetting(0.25);
  betting.pair(0.25);
  expect(betting.logEvidence).toBe(0);
  betting.pair(-1);
  betting.pair(1);
  const byHand = PAIR_STAKES.map((stake) => (1 - stake) * (1 + stake * 0.6));
  expect(betting.logEvidence).toBeCloseTo(Math.log(mean(byHand)), 12);
});

/** In how many of 300 runs evidence of 20 is ever there. */
function found(
  seed: number,
  rho: number,
  draw: (random: () => number, isCandidate: boolean) => number,
): number {
  const random = seededRandom(seed);
  let count = 0;
  for (let run = 0; run < 300; run++) {
    const betting = new MeanBetting();
    for (let i = 0; i < 2_000; i++) {
      const isCandidate = random() < rho;
      betting.add(isCandidate ? "candidate" : "control", draw(random, isCandidate));
      if (betting.bound < Math.log(20) || betting.logEvidence < Math.log(20)) continue;
      count++;
      break;
    }
  }
  return count;
}

test("equal means are found unequal in no more than 5 % of runs, however skewed the values", () => {
  // 28 is the 99.9th percentile of what 5 % would give.
  for (const rho of [0.05, 0.5, 0.95]) {
    expect(found(1, rho, (random) => (random() < 0.03 ? 1 : 0))).toBeLessThanOrEqual(28);
    expect(found(2, rho, (random) => (random() < 0.9 ? 1 : 0))).toBeLessThanOrEqual(28);
    // The same mean: rare and large for the candidate, always the same for the control.
    expect(
      found(3, rho, (random, isCandidate) => (isCandidate ? Number(random() < 0.1) : 0.1)),
    ).toBeLessThanOrEqual(28);
  }
});

test("a mean that is larger is found", () => {
  expect(
    found(4, 0.5, (random, isCandidate) => Number(random() < (isCandidate ? 0.35 : 0.2))),
  ).toBeGreaterThan(270);
});

test("processes go on after JSON as if nothing had been", () => {
  const values = fc.array(fc.tuple(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true })), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(values, values, (before, after) => {
      const betting = new MeanBetting();
      for (const [isCandidate, value] of before) betting.add(isCandidate ? "candidate" : "control", value);
      const copy = new MeanBetting();
      copy.restore(meanBettingState.parse(JSON.parse(JSON.stringify(betting.state()))));
      for (const one of [betting, copy])
        for (const [isCandidate, value] of after) one.add(isCandidate ? "candidate" : "control", value);
      expect(copy.state()).toEqual(betting.state());
      expect([copy.bound, copy.logEvidence]).toEqual([betting.bound, betting.logEvidence]);
      expect(betting.bound).toBeGreaterThanOrEqual(betting.logEvidence - 1e-12);
    }),
  );
  expect(() => new PairedBetting(0).restore(bettingState.parse(new BettingProcess([0.5]).state()))).toThrow(
    "another shape",
  );
});
