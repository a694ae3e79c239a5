import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Sums } from "../../src/domain/statistics.ts";
import { allocation, probabilityBetter, type Rewards, rewardOf } from "../../src/statistics/bandit.ts";

/** So many requests, of which so many succeeded. */
function successes(count: number, sum: number): Sums {
  return { count, sum, squares: sum };
}

function plus(sums: Sums, reward: number): Sums {
  return { count: sums.count + 1, sum: sums.sum + reward, squares: sums.squares + reward * reward };
}

const shares = fc
  .integer({ min: 0, max: 2000 })
  .chain((count) => fc.integer({ min: 0, max: count }).map((sum) => successes(count, sum)));

describe("the probability that the candidate is better", () => {
  // Exact: Evan Miller, "Formulas for Bayesian A/B Testing" (2015), equation 6.
  function exactly({ control, candidate }: Rewards): number {
    const [aA, bA] = [1 + control.sum, 1 + control.count - control.sum];
    const [aB, bB] = [1 + candidate.sum, 1 + candidate.count - candidate.sum];
    let total = 0;
    for (let i = 0; i < aB; i++)
      total += Math.exp(logBeta(aA + i, bB + bA) - Math.log(bB + i) - logBeta(1 + i, bB) - logBeta(aA, bA));
    return total;
  }

  function logFactorial(n: number): number {
    let sum = 0;
    for (let i = 2; i <= n; i++) sum += Math.log(i);
    return sum;
  }

  function logBeta(a: number, b: number): number {
    return logFactorial(a - 1) + logFactorial(b - 1) - logFactorial(a + b - 1);
  }

  test.each([
    [0, 0, 0, 0],
    [0, 0, 1, 1],
    [10, 3, 12, 7],
    [200, 199, 200, 195],
    [500, 0, 20, 1],
    [3000, 2990, 30, 29],
    [1, 1, 400, 399],
    [400, 200, 400, 230],
  ])("is the exact one for %d with %d successes against %d with %d", (n, s, m, r) => {
    const rewards = { control: successes(n, s), candidate: successes(m, r) };
    expect(Math.abs(probabilityBetter("success", rewards) - exactly(rewards))).toBeLessThan(1e-3);
  });

  test("of two very unequal sides is 0 or 1, also for many requests", () => {
    const much = successes(5_000_000, 4_900_000);
    const less = successes(5_000_000, 4_800_000);
    expect(probabilityBetter("success", { control: less, candidate: much })).toBeCloseTo(1, 9);
    expect(probabilityBetter("success", { control: much, candidate: less })).toBeCloseTo(0, 9);
    expect(probabilityBetter("feedback", { control: less, candidate: much })).toBeCloseTo(1, 6);
  });

  test.each(["success", "feedback"] as const)("of %s is a half for equal sides, and mirrored", (reward) => {
    fc.assert(
      fc.property(shares, shares, (control, candidate) => {
        const p = probabilityBetter(reward, { control, candidate });
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(p + probabilityBetter(reward, { control: candidate, candidate: control })).toBeCloseTo(1, 2);
        expect(probabilityBetter(reward, { control, candidate: control })).toBeCloseTo(0.5, 2);
      }),
    );
  });

  test.each(["success", "feedback"] as const)("of %s grows with each of its good rewards", (reward) => {
    fc.assert(
      fc.property(shares, shares, (control, candidate) => {
        const good = probabilityBetter(reward, { control, candidate: plus(candidate, 1) });
        const bad = probabilityBetter(reward, { control, candidate: plus(candidate, 0) });
        expect(good).toBeGreaterThan(bad - 1e-3);
      }),
    );
  });

  test("of feedback uses how little it varies", () => {
    const mean = (m: number, spread: number): Sums => ({
      count: 100,
      sum: 100 * m,
      squares: 100 * (m * m + spread * spread),
    });
    const steady = probabilityBetter("feedback", { control: mean(0.5, 0.05), candidate: mean(0.55, 0.05) });
    const wild = probabilityBetter("feedback", { control: mean(0.5, 0.4), candidate: mean(0.55, 0.4) });
    expect(steady).toBeGreaterThan(0.99);
    expect(wild).toBeLessThan(0.85);
  });
});

test("a reading becomes a reward from 0 to 1", () => {
  expect([1, 3, 5, 9, -2].map((stars) => rewardOf(stars, 1, 5))).toEqual([0, 0.5, 1, 1, 0]);
});

describe("the allocation", () => {
  const settings = fc.record({
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
    floor: fc.double({ min: 0.001, max: 0.499, noNaN: true }),
  });

  test("is the probability, and leaves each side its floor", () => {
    expect(allocation(0.7, { floor: 0.05, atLeast: undefined })).toBe(0.7);
    fc.assert(
      fc.property(settings, ({ probability, floor }) => {
        const share = allocation(probability, { floor, atLeast: undefined });
        expect(share).toBeGreaterThanOrEqual(floor);
        expect(share).toBeLessThanOrEqual(1 - floor);
      }),
    );
  });

  test("takes nothing back from a sticky candidate, and begins at the floor", () => {
    expect(allocation(0.5, { floor: 0.05, atLeast: 0 })).toBe(0.05);
    fc.assert(
      fc.property(fc.array(settings, { minLength: 1 }), (all) => {
        let share = 0;
        for (const { probability } of all) {
          const next = allocation(probability, { floor: 0.1, atLeast: share });
          expect(next).toBeGreaterThanOrEqual(share);
          expect(next).toBeLessThanOrEqual(0.9);
          share = next;
        }
      }),
    );
  });
});
