import fc from "fast-check";
import { expect, test } from "vitest";
import { type Interval, seededRandom } from "../../src/domain/statistics.ts";
import type { LoggedRow, Odds } from "../../src/statistics/logged-row.ts";
import { offPolicy, type PolicyValue } from "../../src/statistics/off-policy.ts";

const SHARE = { low: 0, high: 1 };

/** Success by kind of question and by who answers it: the tuned model is better for easy ones alone. */
const SUCCESS = { easy: { prompted: 0.86, tuned: 0.9 }, hard: { prompted: 0.78, tuned: 0.6 } } as const;
/** Of the policy that sends the easy half to the tuned model. */
const TRUTH = (SUCCESS.easy.tuned + SUCCESS.hard.prompted) / 2;

interface Log {
  readonly rows: number;
  readonly seed: number;
  /** Share of the tuned model. */
  readonly share: number;
  /** Rows of one sticky key; 1: each row has a coin of its own. */
  readonly perKey?: number;
  readonly failures?: boolean;
}

function oddsOf(tuned: number): Odds {
  return new Map([
    ["prompted", 1 - tuned],
    ["tuned", tuned],
  ]);
}

/** A canary's log, and the policy "tuned if easy" on it. */
function canary({ rows, seed, share, perKey = 1, failures = true }: Log): readonly LoggedRow[] {
  const random = seededRandom(seed);
  const logged = oddsOf(share);
  let action: "prompted" | "tuned" = "prompted";
  let habit = 0;
  return Array.from({ length: rows }, (_, index) => {
    if (index % perKey === 0) {
      action = random() < share ? "tuned" : "prompted";
      habit = perKey === 1 ? 0 : (random() - 0.5) * 0.2;
    }
    const kind = random() < 0.5 ? "easy" : "hard";
    const succeeds = !failures || random() < SUCCESS[kind][action] + habit;
    return {
      action,
      logged,
      target: oddsOf(kind === "easy" ? 1 : 0),
      reward: succeeds ? 1 : 0,
      unit: perKey === 1 ? undefined : `key ${Math.floor(index / perKey)}`,
      features: [kind],
      segment: `${kind} questions`,
    };
  });
}

function estimated(rows: readonly LoggedRow[], range: Interval = SHARE) {
  const answer = offPolicy(rows, range);
  if (answer.estimates === undefined || answer.logged === undefined)
    throw new Error(`refused: ${JSON.stringify(answer.lacks)}`);
  return { ...answer.estimates, logged: answer.logged, support: answer.support };
}

function holds({ low, high }: Interval, value: number): boolean {
  return low <= value && value <= high;
}

const width = ({ interval }: PolicyValue): number => interval.high - interval.low;

test.each([
  { of: "single requests", log: { rows: 4000, share: 0.1 } },
  { of: "sticky keys", log: { rows: 4000, share: 0.25, perKey: 5 } },
])("the intervals hold the truth as often as they say, and the estimates have no bias: $of", ({ log }) => {
  const runs = Array.from({ length: 120 }, (_, seed) => estimated(canary({ ...log, seed })));
  for (const kind of ["snips", "doublyRobust"] as const) {
    const values = runs.map((run) => run[kind]);
    const covered = values.filter(({ interval }) => holds(interval, TRUTH)).length / runs.length;
    expect(covered).toBeGreaterThanOrEqual(0.9); // 0.95 less two and a half errors of 120 runs
    const bias = values.reduce((sum, { value }) => sum + value - TRUTH, 0) / runs.length;
    expect(Math.abs(bias)).toBeLessThan(0.005);
    const narrow = values.filter((value) => width(value) < 0.15).length;
    expect(narrow).toBe(runs.length);
  }
});

test("the mean of the rows that a new policy would have chosen too is biased; the estimates are not", () => {
  const rows = canary({ rows: 50_000, seed: 7, share: 0.05 });
  const same = rows.filter(({ action, target }) => target.get(action) === 1);
  const naive = same.reduce((sum, { reward }) => sum + reward, 0) / same.length;
  expect(naive).toBeLessThan(TRUTH - 0.04);
  const { snips, doublyRobust } = estimated(rows);
  expect(Math.abs(snips.value - TRUTH)).toBeLessThan(0.01);
  expect(Math.abs(doublyRobust.value - TRUTH)).toBeLessThan(0.01);
});

test("SNIPS is the weighted mean, its error that of the paper", () => {
  const rows = canary({ rows: 10_000, seed: 3, share: 0.25 });
  const weights = rows.map(
    ({ action, logged, target }) => (target.get(action) ?? 0) / (logged.get(action) ?? 0),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const value = rows.reduce((total, { reward }, index) => total + reward * (weights[index] ?? 0), 0) / sum;
  const squares = rows.reduce(
    (total, { reward }, index) => total + ((weights[index] ?? 0) * (reward - value)) ** 2,
    0,
  );
  const { snips, support } = estimated(rows);
  expect(snips.value).toBeCloseTo(value, 12);
  // Wider by what one more row at each end adds, which is little among hundreds.
  const plain = (2 * 1.959964 * Math.sqrt(squares)) / sum;
  expect(width(snips)).toBeGreaterThan(plain);
  expect(width(snips)).toBeLessThan(plain * 1.01);
  expect(support.largestWeight).toBe(4);
});

test("a policy that changes nothing earns what was logged, and that is no estimate", () => {
  const rows = canary({ rows: 1000, seed: 1, share: 0.3 }).map((row) => ({ ...row, target: row.logged }));
  const { snips, doublyRobust, logged, support } = estimated(rows);
  expect(support).toMatchObject({ news: undefined, largestWeight: 1 });
  expect(support.effectiveRows).toBeCloseTo(1000);
  expect(snips.value).toBeCloseTo(logged.value, 12);
  expect(snips.change).toEqual({ value: 0, interval: { low: 0, high: 0 } });
  expect(doublyRobust.value).toBeCloseTo(logged.value, 2);
});

test("the change is known better than the value where the policies have much in common", () => {
  const { snips } = estimated(
    canary({ rows: 8000, seed: 5, share: 0.5 }).map((row, index) =>
      index % 10 === 0 ? row : { ...row, target: row.logged },
    ),
  );
  expect(snips.change.interval.high - snips.change.interval.low).toBeLessThan(width(snips) * 0.8);
});

test("rewards may have any range", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -100, max: 100, noNaN: true }),
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      (low, size) => {
        const rows = canary({ rows: 2000, seed: 2, share: 0.3 });
        const moved = rows.map((row) => ({ ...row, reward: low + size * row.reward }));
        const plain = estimated(rows);
        const other = estimated(moved, { low, high: low + size });
        for (const kind of ["snips", "doublyRobust"] as const) {
          expect((other[kind].value - low) / size).toBeCloseTo(plain[kind].value, 6);
          expect((other[kind].interval.low - low) / size).toBeCloseTo(plain[kind].interval.low, 6);
          expect(other[kind].change.interval.high / size).toBeCloseTo(plain[kind].change.interval.high, 6);
        }
      },
    ),
    { numRuns: 10 },
  );
});

test("rows of one sticky key are one draw: ten of each tell no more than one", () => {
  const rows = canary({ rows: 3000, seed: 4, share: 0.3 }).map((row, index) => ({
    ...row,
    unit: `key ${index}`,
  }));
  const { snips } = estimated(rows);
  const { snips: tenfold } = estimated(Array.from({ length: 10 }, () => rows).flat());
  expect(tenfold.value).toBeCloseTo(snips.value, 12);
  expect(width(tenfold)).toBeGreaterThan(width(snips) * 0.98);
});

test("a log without a failure does not prove that there are none", () => {
  const { snips, doublyRobust } = estimated(canary({ rows: 5000, seed: 6, share: 0.05, failures: false }));
  for (const { value, interval } of [snips, doublyRobust]) {
    expect(value).toBeCloseTo(1, 6);
    expect(interval.high).toBe(1);
    expect(interval.low).toBeLessThan(0.995);
    expect(interval.low).toBeGreaterThan(0.98);
  }
});

test("where the log never made a decision it says so, names it and guesses nothing", () => {
  const rows = canary({ rows: 4000, seed: 8, share: 0.3 }).map((row) =>
    row.segment === "easy questions" && row.action === "prompted"
      ? { ...row, logged: new Map([["prompted", 1]]) }
      : row,
  );
  const { estimates, lacks, logged } = offPolicy(rows, SHARE);
  const easy = rows.filter(({ segment, action }) => segment === "easy questions" && action === "prompted");
  expect(estimates).toBeUndefined();
  expect(logged?.value).toBeGreaterThan(0.7);
  expect(lacks).toEqual([
    {
      kind: "no_support",
      segment: "easy questions",
      action: "tuned",
      rows: easy.length,
      share: easy.length / rows.length,
    },
  ]);
});

test("a single row without support is enough for a refusal", () => {
  fc.assert(
    fc.property(fc.nat(1999), fc.integer({ min: 1, max: 1000 }), (index, thousandths) => {
      const odds = thousandths / 1000;
      const rows = canary({ rows: 2000, seed: 9, share: 0.5 }).map((row, at) =>
        at === index
          ? {
              ...row,
              target: new Map([
                ["new", odds],
                [row.action, 1 - odds],
              ]),
            }
          : row,
      );
      expect(offPolicy(rows, SHARE).lacks).toMatchObject([{ kind: "no_support", action: "new", rows: 1 }]);
    }),
    { numRuns: 20 },
  );
});

test("too few rows: it says how many more, and with so many it answers", () => {
  const log = { seed: 11, share: 0.05 };
  const { estimates, lacks } = offPolicy(canary({ ...log, rows: 1000 }), SHARE);
  expect(estimates).toBeUndefined();
  expect(lacks.map((lack) => lack.kind === "too_few" && lack.of)).toEqual(["rows", "carriers", "keys"]);
  const more = Math.max(...lacks.map((lack) => (lack.kind === "too_few" ? lack.moreRows : 0)));
  expect(more).toBeGreaterThan(1000);
  expect(more).toBeLessThan(5000);
  expect(offPolicy(canary({ ...log, rows: 1000 + Math.ceil(more * 1.2) }), SHARE).lacks).toEqual([]);
});

test("many rows of few sticky keys are too few", () => {
  const { lacks } = offPolicy(canary({ rows: 20_000, seed: 12, share: 0.1, perKey: 100 }), SHARE);
  expect(lacks).toMatchObject([{ kind: "too_few", of: "keys" }]);
});

test("no rows tell nothing, and a choice without odds is an error", () => {
  const nothing = offPolicy([], SHARE);
  expect(nothing).toMatchObject({ logged: undefined, estimates: undefined });
  expect(nothing.lacks).toEqual([{ kind: "too_few", of: "rows", have: 0, need: 200, moreRows: 200 }]);
  const [row] = canary({ rows: 1, seed: 1, share: 0.5 });
  if (row === undefined) throw new Error("no row");
  expect(() => offPolicy([{ ...row, action: "other" }], SHARE)).toThrow(RangeError);
});
