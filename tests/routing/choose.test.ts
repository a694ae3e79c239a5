import fc from "fast-check";
import { expect, test } from "vitest";
import type { Signals } from "../../src/domain/signals.ts";
import type { Use } from "../../src/domain/table.ts";
import { choose, unitIn } from "../../src/routing/choose.ts";
import { small, tableOf } from "../config/tables.ts";
import { ask, signals } from "../domain/requests.ts";

const KEYS = 20_000;

function useOf(use: unknown, more: Readonly<Record<string, unknown>> = {}): Use {
  const rule = tableOf(small({ ...more, routes: { route: { rules: [{ name: "r", use }] } } })).routes.get(
    "route",
  )?.rules[0];
  if (rule === undefined) throw new TypeError("the route has no rule");
  return rule.use;
}

function split(weights: Readonly<Record<string, number>>, more: Readonly<Record<string, unknown>> = {}): Use {
  return useOf({ split: weights, stickyBy: "user", ...more });
}

function rollout(percentages: readonly number[], stage = 0, name = "r"): Use {
  const stages = percentages.map((percent) => (percent === 0 ? { percent, shadow: 1 } : percent));
  return useOf({ rollout: name }, { rollouts: { [name]: { control: "a", candidate: "b", stages, stage } } });
}

function variantFor(use: Use, user: string): string {
  return choose(use, ask("q", { user }), signals()).variant.name;
}

/** What each of the keys gets. */
function assignments(use: Use, keys = KEYS): string[] {
  const request = ask("q");
  return Array.from(
    { length: keys },
    (_, i) =>
      choose(use, { ...request, fields: { ...request.fields, user: `user-${i}` } }, signals()).variant.name,
  );
}

/** Is a count within five standard deviations of what its share would give? */
function fair(count: number, share: number, all = KEYS): boolean {
  return Math.abs(count - all * share) <= 5 * Math.sqrt(all * share * (1 - share));
}

const weight = fc.integer({ min: 0, max: 100 });
const weights: fc.Arbitrary<Readonly<Record<string, number>>> = fc
  .record({ a: weight, b: weight, c: weight })
  .filter(({ a, b, c }) => a + b + c > 0);
const user = fc.string({ unit: "binary", minLength: 1 });

test("a key stays with its variant, whatever chance and time say", () => {
  fc.assert(
    fc.property(
      weights,
      user,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.date({ noInvalidDate: true }),
      (w, u, random, now) => {
        const use = split(w);
        const other = choose(use, ask("another", { user: u, stream: true }), signals({ random, now }));
        expect(other.variant.name).toBe(variantFor(use, u));
        expect(other).toMatchObject({ stickyBy: "user", stickyKey: u });
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  [{ a: 50, b: 50 }],
  [{ a: 99, b: 1 }],
  [{ a: 90, b: 7, c: 3 }],
  [{ a: 1, b: 1, c: 1 }],
  [{ a: 0.2, b: 0.3 }],
  [{ a: 1e-6, b: 1e-6 }],
])("shares of a sticky split over 20,000 keys: %j", (w: Readonly<Record<string, number>>) => {
  const chosen = assignments(split(w));
  const total = Object.values(w).reduce((sum, one) => sum + one, 0);
  for (const [name, one] of Object.entries(w)) {
    const count = chosen.filter((variant) => variant === name).length;
    expect(fair(count, one / total), `${name} got ${count} of ${KEYS}`).toBe(true);
  }
});

test("raising one weight moves keys to that arm alone, and none away from it", () => {
  const arm = fc.constantFrom("a", "b", "c");
  fc.assert(
    fc.property(weights, arm, fc.integer({ min: 1, max: 200 }), (w, raised, by) => {
      const before = assignments(split(w), 1000);
      const after = assignments(split({ ...w, [raised]: (w[raised] ?? 0) + by }), 1000);
      for (const [index, variant] of after.entries()) {
        if (variant !== before[index]) expect(variant).toBe(raised);
      }
    }),
    { numRuns: 40 },
  );
});

test("a new arm takes keys from the others and mixes none among them", () => {
  const before = assignments(split({ a: 50, b: 50 }));
  const after = assignments(split({ a: 50, b: 50, c: 25 }));
  const moved = after.filter((variant, index) => variant !== before[index]);
  expect(new Set(moved)).toEqual(new Set(["c"]));
  expect(fair(moved.length, 0.2)).toBe(true);
});

test("the order of the arms and the scale of the weights do not matter", () => {
  expect(assignments(split({ b: 1, a: 3 }), 2000)).toEqual(assignments(split({ a: 75, b: 25 }), 2000));
});

test("an arm without weight gets nothing, by key or by chance", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), user, (random, u) => {
      for (const w of [
        { a: 0, b: 1, c: 1 },
        { b: 1, a: 0, c: 1 },
        { b: 1, c: 1, a: 0 },
      ]) {
        expect(variantFor(split(w), u)).not.toBe("a");
        expect(choose(split(w), ask("q"), signals({ random })).variant.name).not.toBe("a");
      }
    }),
    { numRuns: 60 },
  );
  expect(new Set(assignments(split({ a: 0, b: 1 })))).toEqual(new Set(["b"]));
  // Shares that add up to a little less than 1 in floating point, and the last random number below 1.
  for (let b = 1; b <= 60; b++) {
    const use = split({ a: 7, b, c: 0 });
    expect(choose(use, ask("q"), signals({ random: 1 - Number.EPSILON / 2 })).variant.name).toBe("b");
  }
});

test("splits of different names choose independently; the same name chooses alike", () => {
  const one = assignments(split({ a: 50, b: 50 }, { name: "one" }));
  const two = assignments(split({ a: 50, b: 50 }, { name: "two" }));
  const both = one.filter((variant, index) => variant === two[index]).length;
  expect(fair(both, 0.5)).toBe(true);
  expect(assignments(split({ a: 50, b: 50 }, { name: "one" }))).toEqual(one);
});

test.each([
  ["without stickyBy", useOf({ split: { a: 1, b: 3 } }), {}],
  ["without the sticky key", split({ a: 1, b: 3 }), {}],
  ["with an empty sticky key", split({ a: 1, b: 3 }), { user: "" }],
  ["with a null sticky key", split({ a: 1, b: 3 }), { user: null }],
])("chance decides %s", (_when, use, more) => {
  const at = (random: number) => choose(use, ask("q", more), signals({ random }));
  expect([0, 0.2499, 0.25, 0.9999].map((random) => at(random).variant.name)).toEqual(["a", "a", "b", "b"]);
  expect(at(0).propensity).toBe(0.25);
  expect([at(0).stickyBy, at(0).stickyKey]).toEqual([undefined, undefined]);
  expect(at(0.9)).toMatchObject({ propensity: 0.75 });
});

test("sticky by metadata or header", () => {
  const byTenant = split({ a: 1, b: 1 }, { stickyBy: "metadata.tenant" });
  const tenant = (name: string) => choose(byTenant, ask("q", { metadata: { tenant: name } }), signals());
  expect(tenant("t1")).toMatchObject({ stickyBy: "metadata.tenant", stickyKey: "t1" });
  expect(new Set(Array.from({ length: 50 }, (_, i) => tenant(`t${i}`).variant.name))).toEqual(
    new Set(["a", "b"]),
  );

  const byHeader = split({ a: 1, b: 1 }, { stickyBy: "header.X-Tenant" });
  const header = (name: string) => (name === "x-tenant" ? "acme" : undefined);
  expect(choose(byHeader, ask("q"), signals({ header }))).toMatchObject({
    stickyBy: "header.x-tenant",
    stickyKey: "acme",
  });
});

test("a metadata key's inherited namesake is no sticky key", () => {
  const use = split({ a: 1, b: 1 }, { stickyBy: "metadata.constructor" });
  expect(choose(use, ask("q", { metadata: {} }), signals()).stickyKey).toBeUndefined();
});

test("propensity is the share of the arm that was chosen, and the shares sum to 1", () => {
  fc.assert(
    fc.property(weights, user, (w, u) => {
      const use = split(w);
      const chosen = choose(use, ask("q", { user: u }), signals());
      const total = Object.values(w).reduce((sum, one) => sum + one, 0);
      expect(chosen.propensity).toBeCloseTo((w[chosen.variant.name] ?? 0) / total, 12);
      expect(chosen.propensity).toBeGreaterThan(0);
      if (use.kind !== "split") throw new TypeError("not a split");
      expect(use.arms.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    }),
    { numRuns: 60 },
  );
});

test("a later stage of a rollout keeps the candidate's keys", () => {
  const stages = [0, 1, 5, 25, 50, 99.5, 100];
  let before = new Set<number>();
  for (const [stage, percent] of stages.entries()) {
    const candidates = assignments(rollout(stages, stage)).flatMap((variant, index) =>
      variant === "b" ? [index] : [],
    );
    const now = new Set(candidates);
    expect([...before].filter((index) => !now.has(index))).toEqual([]);
    expect(fair(now.size, percent / 100), `${now.size} at ${percent}%`).toBe(true);
    before = now;
  }
  expect(before.size).toBe(KEYS);
});

test("rollouts of different names choose other keys first", () => {
  const one = assignments(rollout([10], 0, "one"));
  const two = assignments(rollout([10], 0, "two"));
  expect(fair(one.filter((variant, index) => variant === "b" && two[index] === "b").length, 0.01)).toBe(true);
});

test("a rollout's propensity is the stage's share for the candidate and the rest for the control", () => {
  const use = rollout([25]);
  const at = (random: number) => choose(use, ask("q"), signals({ random }));
  expect(at(0.2499)).toMatchObject({ variant: { name: "b" }, propensity: 0.25, stickyKey: undefined });
  expect(at(0.25)).toMatchObject({ variant: { name: "a" }, propensity: 0.75 });
  expect(at(0.25).how).toBe("chance chose the control at 25%");
  expect(choose(rollout([7]), ask("q"), signals({ random: 0 })).how).toBe("chance chose the candidate at 7%");
});

test.each([0, 0.5, 0.999999])(
  "at 0% nobody and at 100% everybody gets the candidate, by chance %d too",
  (random) => {
    expect(choose(rollout([0]), ask("q"), signals({ random }))).toMatchObject({
      variant: { name: "a" },
      propensity: 1,
    });
    expect(choose(rollout([100]), ask("q"), signals({ random }))).toMatchObject({
      variant: { name: "b" },
      propensity: 1,
    });
  },
);

/** Signals of a rollout `r` whose run gives the candidate so much. */
function running(share: number, more: Partial<Signals> = {}): Signals {
  const standing = { run: "run-1", stage: 2, epoch: 4, share, shadowShare: 0 };
  return signals({ rollouts: new Map([["r", standing]]), ...more });
}

const anyShare = fc.double({ min: 0, max: 1, noNaN: true });
const byUser = rollout([5, 50]);
const byRequest = useOf(
  { rollout: "r" },
  { rollouts: { r: { control: "a", candidate: "b", adaptive: { floor: 0.1 } } } },
);

test("a run's share counts in place of the configured stage, whose share it need not be", () => {
  const request = ask("q", { user: "u" });
  const unit = unitIn("r", "u");
  const at = (share: number) => choose(byUser, request, running(share));
  expect(at(unit).variant.name).toBe("a");
  const chosen = at(unit + 1e-9);
  expect(chosen).toMatchObject({ variant: { name: "b" }, propensity: unit + 1e-9, stickyKey: "u" });
  expect(chosen.position).toEqual({ run: "run-1", stage: 2, epoch: 4, share: unit + 1e-9, shadowShare: 0 });
  expect(at(0.07).how).toMatch(/^user chose the (control|candidate) at 7%, in stage 3 of run run-1$/);
});

test("where it is not known where a rollout stands, that is said", () => {
  const standing = { run: undefined, stage: 1, epoch: 0, share: 0, shadowShare: 0 };
  const rollouts = new Map([["r", standing]]);
  const chosen = choose(byUser, ask("q", { user: "u" }), signals({ rollouts }));
  expect(chosen.variant.name).toBe("a");
  expect(chosen.how).toMatch(/^user chose the control at 0%, as where the rollout stands is not known/);
});

test("where another rollout runs, the configured stage counts", () => {
  const rollouts = new Map([["other", { run: "x", stage: 0, epoch: 0, share: 1, shadowShare: 0 }]]);
  const chosen = choose(byUser, ask("q"), signals({ rollouts, random: 0.2 }));
  expect(chosen).toMatchObject({ variant: { name: "a" }, propensity: 0.95 });
  expect(chosen.position).toEqual({ run: undefined, epoch: undefined, stage: 0, share: 0.05 });
});

test("a growing share only adds keys, and a shrinking one only returns them", () => {
  fc.assert(
    fc.property(user, anyShare, anyShare, anyShare, (u, one, other, random) => {
      const at = (share: number) => choose(byUser, ask("q", { user: u }), running(share, { random }));
      const [less, more] = [at(Math.min(one, other)), at(Math.max(one, other))];
      if (less.variant.name === "b") expect(more.variant.name).toBe("b");
      if (more.variant.name === "a") expect(less.variant.name).toBe("a");
    }),
    { numRuns: 300 },
  );
});

test("the propensity is the share for the candidate and the rest for the control, and never 0", () => {
  fc.assert(
    fc.property(
      fc.option(user, { nil: undefined }),
      anyShare,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (u, share, random) => {
        for (const use of [byUser, byRequest]) {
          const { variant, propensity } = choose(use, ask("q", { user: u }), running(share, { random }));
          expect(propensity).toBe(variant.name === "b" ? share : 1 - share);
          expect(propensity).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("at a share of 0 nobody and at 1 everybody gets the candidate, at once", () => {
  const keys = Array.from({ length: 2000 }, (_, i) => ask("q", { user: `user-${i}` }));
  const namesAt = (share: number) =>
    new Set(keys.map((request) => choose(byUser, request, running(share)).variant.name));
  expect(namesAt(0)).toEqual(new Set(["a"]));
  expect(namesAt(0.5)).toEqual(new Set(["a", "b"]));
  expect(namesAt(1)).toEqual(new Set(["b"]));
});

test("without a sticky key chance decides for each request, whoever asks", () => {
  const at = (random: number) => choose(byRequest, ask("q", { user: "u" }), running(0.3, { random }));
  expect([0, 0.2999, 0.3, 0.9].map((random) => at(random).variant.name)).toEqual(["b", "b", "a", "a"]);
  expect([at(0).stickyBy, at(0).stickyKey]).toEqual([undefined, undefined]);
});

test("a rule that names a variant uses it", () => {
  expect(choose(useOf("b"), ask("q"), signals())).toMatchObject({ variant: { name: "b" }, propensity: 1 });
});
