import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Side } from "../../src/domain/rollout.ts";
import { type Sums, seededRandom } from "../../src/domain/statistics.ts";
import {
  allocation,
  bestOf,
  probabilityBetter,
  type Rewards,
  rewardOf,
  separation,
} from "../../src/statistics/bandit.ts";

const none: Sums = { count: 0, sum: 0, squares: 0 };

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
        expect(p + probabilityBetter(reward, { control: candidate, candidate: control })).toBeCloseTo(1, 3);
        expect(probabilityBetter(reward, { control, candidate: control })).toBeCloseTo(0.5, 3);
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

describe("the separation", () => {
  test("is nothing without rewards on both sides, nor for equal ones", () => {
    expect(separation({ control: none, candidate: none })).toBe(0);
    expect(separation({ control: successes(100, 100), candidate: none })).toBe(0);
    fc.assert(
      fc.property(shares, (sums) => {
        expect(separation({ control: sums, candidate: sums })).toBe(0);
      }),
    );
  });

  test("is the same from both sides, and for rewards as for their opposite", () => {
    fc.assert(
      fc.property(shares, shares, (control, candidate) => {
        const opposite = ({ count, sum }: Sums): Sums => successes(count, count - sum);
        const value = separation({ control, candidate });
        expect(separation({ control: candidate, candidate: control })).toBeCloseTo(value, 6);
        expect(separation({ control: opposite(control), candidate: opposite(candidate) })).toBeCloseTo(
          value,
          6,
        );
      }),
    );
  });

  test("is what its formula gives by hand", () => {
    // Mixtures: (1/2 * 3/2) / 2! = 3/8 each for 2 of 2 and for 0 of 2; one mean for both: (1/2)^4.
    expect(separation({ control: successes(2, 0), candidate: successes(2, 2) })).toBeCloseTo(
      Math.log((3 / 8) ** 2 / (1 / 2) ** 4),
      9,
    );
  });

  test("names the side with the larger mean once it is enough", () => {
    const rewards = { control: successes(200, 100), candidate: successes(200, 160) };
    expect(bestOf(rewards, 0.99)).toBe("candidate");
    expect(bestOf({ control: rewards.candidate, candidate: rewards.control }, 0.99)).toBe("control");
    expect(bestOf({ control: successes(20, 10), candidate: successes(20, 13) }, 0.99)).toBeUndefined();
    expect(bestOf({ control: none, candidate: none }, 0.51)).toBeUndefined();
  });
});

interface Outcome {
  readonly best: Side | undefined;
  readonly requests: number;
  /** Requests that the worse side answered. */
  readonly regret: number;
}

/** One run of the adaptive mode, that looks after each request. */
function run(
  random: () => number,
  means: Readonly<Record<Side, number>>,
  how: {
    readonly most: number;
    readonly confidence: number;
    readonly draw?: (mean: number) => number;
    readonly share?: (probability: number) => number;
    readonly isEnough?: (rewards: Rewards) => Side | undefined;
  },
): Outcome {
  const draw = how.draw ?? ((mean) => (random() < mean ? 1 : 0));
  const share = how.share ?? ((p) => allocation(p, { floor: 0.1, atLeast: undefined }));
  const isEnough = how.isEnough ?? ((rewards) => bestOf(rewards, how.confidence));
  const worse = means.candidate < means.control ? "candidate" : "control";
  let rewards: Rewards = { control: none, candidate: none };
  let [now, regret] = [0.5, 0];
  for (let requests = 1; requests <= how.most; requests++) {
    const side = random() < now ? "candidate" : "control";
    if (side === worse) regret++;
    rewards = { ...rewards, [side]: plus(rewards[side], draw(means[side])) };
    if (requests % 100 === 0) now = share(probabilityBetter("success", rewards));
    const best = isEnough(rewards);
    if (best !== undefined) return { best, requests, regret };
  }
  return { best: undefined, requests: how.most, regret };
}

describe("in 300 seeded runs that look after each request", () => {
  const RUNS = 300;
  // 99.9 % quantile of the number of runs that go wrong when each does with a chance of 5 %.
  const MOST_WRONG = 28;

  function runs(seed: number, one: (random: () => number) => Outcome): readonly Outcome[] {
    const random = seededRandom(seed);
    return Array.from({ length: RUNS }, () => one(random));
  }

  const equal = { control: 0.7, candidate: 0.7 };

  test("no side is named where both are equal, but for 5 %; a fixed threshold on the same runs names one in far more", () => {
    const how = { most: 1000, confidence: 0.95 };
    const named = (outcomes: readonly Outcome[]): number =>
      outcomes.filter(({ best }) => best !== undefined).length;
    expect(named(runs(1, (random) => run(random, equal, how)))).toBeLessThanOrEqual(MOST_WRONG);
    const naive = (rewards: Rewards): Side | undefined => {
      const { control, candidate } = rewards;
      if (Math.min(control.count, candidate.count) < 20) return undefined;
      const p = probabilityBetter("feedback", rewards);
      return p > 0.975 ? "candidate" : p < 0.025 ? "control" : undefined;
    };
    const wrong = named(runs(1, (random) => run(random, equal, { ...how, isEnough: naive })));
    expect(wrong).toBeGreaterThan(3 * MOST_WRONG);
  });

  test("nor for rewards between 0 and 1", () => {
    const outcomes = runs(2, (random) =>
      run(random, equal, { most: 1000, confidence: 0.95, draw: (mean) => mean + 0.3 * (2 * random() - 1) }),
    );
    expect(outcomes.filter(({ best }) => best !== undefined).length).toBeLessThanOrEqual(MOST_WRONG);
  });

  test("the better side is found at less of what the worse one spoils", () => {
    const means = { control: 0.7, candidate: 0.85 };
    const how = { most: 20_000, confidence: 0.95 };
    const adaptive = runs(3, (random) => run(random, means, how));
    const even = runs(3, (random) => run(random, means, { ...how, share: () => 0.5 }));
    expect(adaptive.filter(({ best }) => best === "control").length).toBeLessThanOrEqual(MOST_WRONG);
    expect(adaptive.every(({ best }) => best !== undefined)).toBe(true);
    const regret = (outcomes: readonly Outcome[]): number =>
      outcomes.reduce((sum, outcome) => sum + outcome.regret, 0) / RUNS;
    expect(regret(adaptive)).toBeLessThan(0.75 * regret(even));
  });
});
