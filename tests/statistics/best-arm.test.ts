import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Side } from "../../src/domain/rollout.ts";
import { seededRandom } from "../../src/domain/statistics.ts";
import { allocation, probabilityBetter } from "../../src/statistics/bandit.ts";
import { BestArm, bestArmState } from "../../src/statistics/best-arm.ts";

interface Reward {
  readonly side: Side;
  readonly reward: number;
  readonly chance: number;
}

const rewards = fc.array(
  fc.record<Reward>({
    side: fc.constantFrom<Side>("control", "candidate"),
    reward: fc.double({ min: 0, max: 1, noNaN: true }),
    chance: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  }),
  { maxLength: 200 },
);

function fed(all: readonly Reward[], arm = new BestArm(0.95)): BestArm {
  for (const { side, reward, chance } of all) arm.observe(side, reward, chance);
  return arm;
}

function both(arm: BestArm): readonly number[] {
  return [arm.logEvidence("control"), arm.logEvidence("candidate")];
}

test("nothing is known at first, and the first reward tells nothing", () => {
  const arm = new BestArm(0.51);
  arm.observe("candidate", 1, 0.5);
  expect(both(arm)).toEqual([0, 0]);
  expect(arm.best).toBeUndefined();
});

test("the evidence is what its formula gives by hand", () => {
  const arm = fed([
    { side: "candidate", reward: 1, chance: 0.5 },
    { side: "control", reward: 0, chance: 0.25 },
  ]);
  // Expected were 2/3 and 1/2, of either side 1/4 * 2/3 + 3/4 * 1/2 = 13/24.
  expect(arm.logEvidence("candidate")).toBeCloseTo(Math.log(1 / 2 / (11 / 24)), 12);
  expect(arm.candidate).toEqual({ count: 1, sum: 1, squares: 1 });
  expect(arm.control).toEqual({ count: 1, sum: 0, squares: 0 });
});

test("the next factor's mean is 1 where both means are equal, and less where the side ahead is the worse one", () => {
  fc.assert(
    fc.property(
      rewards,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (before, chance, mean, other) => {
        const start = fed(before);
        const ahead =
          (start.candidate.sum + 1) / (start.candidate.count + 2) >
          (start.control.sum + 1) / (start.control.count + 2)
            ? "candidate"
            : "control";
        const factor = (side: Side, reward: number): number => {
          const next = fed([...before, { side, reward, chance }]);
          return Math.exp(next.logEvidence(ahead) - start.logEvidence(ahead));
        };
        const expectation = (ofControl: number, ofCandidate: number): number =>
          chance * (ofCandidate * factor("candidate", 1) + (1 - ofCandidate) * factor("candidate", 0)) +
          (1 - chance) * (ofControl * factor("control", 1) + (1 - ofControl) * factor("control", 0));
        expect(expectation(mean, mean)).toBeCloseTo(1, 9);
        const [low, high] = [Math.min(mean, other), Math.max(mean, other)];
        expect(ahead === "candidate" ? expectation(high, low) : expectation(low, high)).toBeLessThan(
          1 + 1e-9,
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("the sides can be taken for each other", () => {
  fc.assert(
    fc.property(rewards, (all) => {
      const swapped = all.map(({ side, reward, chance }) => ({
        side: side === "control" ? ("candidate" as const) : ("control" as const),
        reward,
        chance: 1 - chance,
      }));
      const [control, candidate] = both(fed(swapped));
      expect(control).toBeCloseTo(fed(all).logEvidence("candidate"), 6);
      expect(candidate).toBeCloseTo(fed(all).logEvidence("control"), 6);
    }),
  );
});

test("a restart in the middle changes nothing", () => {
  fc.assert(
    fc.property(rewards, rewards, (first, second) => {
      const restored = new BestArm(0.95);
      restored.restore(bestArmState.parse(JSON.parse(JSON.stringify(fed(first).state()))));
      expect(fed(second, restored).state()).toEqual(fed([...first, ...second]).state());
    }),
  );
});

test("a side that is named stays named", () => {
  const arm = new BestArm(0.99);
  for (let i = 0; i < 200; i++) arm.observe(i % 2 === 0 ? "candidate" : "control", i % 2 === 0 ? 1 : 0, 0.5);
  expect(arm.best).toBe("candidate");
  for (let i = 0; i < 2000; i++) arm.observe(i % 2 === 0 ? "candidate" : "control", i % 2 === 0 ? 0 : 1, 0.5);
  expect(arm.logEvidence("control")).toBeGreaterThan(10);
  expect(arm.best).toBe("candidate");
});

interface World {
  /** Mean reward of a side at the n-th request. */
  readonly mean: (side: Side, n: number) => number;
  readonly most: number;
  /** Default: 0 or 1. */
  readonly draw?: (random: () => number, mean: number) => number;
  /** Default: Thompson's. */
  readonly share?: (n: number) => number;
}

interface Outcome {
  readonly best: Side | undefined;
  /** Requests that the control answered. */
  readonly control: number;
}

const RUNS = 300;

/** Looks after each request. */
function runs(seed: number, { mean, most, draw = zeroOrOne, share }: World): readonly Outcome[] {
  const random = seededRandom(seed);
  return Array.from({ length: RUNS }, () => {
    const arm = new BestArm(0.95);
    let now = 0.5;
    for (let n = 1; n <= most && arm.best === undefined; n++) {
      const side = random() < now ? "candidate" : "control";
      arm.observe(side, draw(random, mean(side, n)), now);
      if (share !== undefined) now = share(n);
      else if (n % 100 === 0)
        now = allocation(probabilityBetter("success", arm), { floor: 0.1, atLeast: undefined });
    }
    return { best: arm.best, control: arm.control.count };
  });
}

function zeroOrOne(random: () => number, mean: number): number {
  return random() < mean ? 1 : 0;
}

function named(side: Side, outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ best }) => best === side).length;
}

describe("in 300 seeded runs", () => {
  /** 99.9 % quantile of how many go wrong when each does with a chance of 5 %. */
  const MOST_WRONG = 28;

  test.each<[string, World]>([
    ["are equal", { mean: () => 0.7, most: 2000 }],
    ["are equal and seldom fail", { mean: () => 0.99, most: 2000 }],
    [
      "are equal, with rewards between 0 and 1",
      { mean: () => 0.6, most: 2000, draw: (random, mean) => mean + 0.4 * (2 * random() - 1) },
    ],
    [
      "get worse while the candidate's share grows",
      { mean: (_side, n) => 0.9 - n / 4000, share: (n) => 0.1 + n / 2500, most: 2000 },
    ],
  ])("no side is named in more than 5 % where both %s", (_name, world) => {
    const outcomes = runs(1, world);
    expect(named("candidate", outcomes)).toBeLessThanOrEqual(MOST_WRONG);
    expect(named("control", outcomes)).toBeLessThanOrEqual(MOST_WRONG);
  });

  test("the better side is found, with less of what the worse one spoils than half of the requests each", () => {
    const world: World = { mean: (side) => (side === "candidate" ? 0.85 : 0.7), most: 20_000 };
    const adaptive = runs(3, world);
    const even = runs(3, { ...world, share: () => 0.5 });
    expect(named("control", adaptive)).toBeLessThanOrEqual(MOST_WRONG);
    expect(named("candidate", adaptive)).toBe(RUNS - named("control", adaptive));
    const spoiled = (outcomes: readonly Outcome[]): number =>
      outcomes.reduce((sum, { control }) => sum + control, 0) / RUNS;
    expect(spoiled(even)).toBeLessThan(200);
    expect(spoiled(adaptive)).toBeLessThan(0.95 * spoiled(even));
  });
});
