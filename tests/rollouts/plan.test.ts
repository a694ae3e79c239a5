import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Situation } from "../../src/rollouts/needs.ts";
import { plan, waitsFor } from "../../src/rollouts/plan.ts";
import { PAUSE_CAUSES, RUN_STATES, type Run } from "../../src/rollouts/run.ts";
import { BEGAN, evidence, facts, policy, proof, run, stage } from "./runs.ts";

const MINUTE = 60_000;

function situation(more: Partial<Situation> = {}): Situation {
  return { now: BEGAN, isBlind: false, fits: true, ...more };
}

const later = (ms: number): Situation => situation({ now: BEGAN + ms });
const careful = policy({
  stages: [
    stage(5, { minRequests: 100, minMs: 10 * MINUTE, soakMs: 5 * MINUTE }),
    stage(25, { proof: true }),
    stage(100),
  ],
});
const verdict = { guardrail: "errors", seq: 3, observation: 70, evidence: evidence(), candidateRequests: 9 };

describe("a stage is passed once it has", () => {
  test("its requests and its time, and has stayed well for its soak", () => {
    const begun = run({ policy: careful });
    expect(plan(begun, facts({ candidate: 100 }), later(9 * MINUTE))).toEqual({ kind: "wait" });
    expect(plan(begun, facts({ candidate: 99 }), later(11 * MINUTE))).toEqual({ kind: "wait" });
    const now = BEGAN + 11 * MINUTE;
    expect(plan(begun, facts({ candidate: 100 }), situation({ now }))).toEqual({
      kind: "mark",
      readySince: now,
    });
    const ready = { ...begun, readySince: now };
    expect(plan(ready, facts({ candidate: 100 }), later(15.9 * MINUTE))).toEqual({ kind: "wait" });
    expect(plan(ready, facts({ candidate: 100 }), later(16 * MINUTE))).toEqual({
      kind: "advance",
      stage: 1,
      ground: "no_alarm",
    });
  });

  test("pairs in place of requests, where the candidate answers nobody", () => {
    const shadow = policy({ stages: [stage(0, { shadowPercent: 10, minRequests: 20 }), stage(5)] });
    const begun = run({ policy: shadow });
    expect(plan(begun, facts({ candidate: 99, pairs: 19 }), situation())).toEqual({ kind: "wait" });
    expect(waitsFor(begun, facts({ pairs: 19 }), situation())).toEqual(["1 more pair of answers to compare"]);
    expect(plan(begun, facts({ pairs: 20 }), situation())).toMatchObject({ kind: "advance", stage: 1 });
  });

  test("its proof, and then by that", () => {
    const at = run({ policy: careful, stage: 1 });
    expect(plan(at, facts({ at: 1, proof: proof() }), situation())).toEqual({ kind: "wait" });
    expect(plan(at, facts({ at: 1, proof: proof({ isProved: true }) }), situation())).toEqual({
      kind: "promote",
      ground: "proved",
    });
  });

  test("requests of its own: those of the stage before are not enough", () => {
    const own = policy({ stages: [stage(1), stage(5, { minRequests: 10 }), stage(100)] });
    const at = run({ policy: own, stage: 1 });
    expect(plan(at, facts({ at: 0, candidate: 50 }), situation())).toEqual({ kind: "wait" });
    expect(plan(at, facts({ at: 1, candidate: 10 }), situation())).toMatchObject({ kind: "promote" });
  });

  test("and never on to a stage below what a person gave it", () => {
    expect(plan(run({ percent: 20 }), facts(), situation())).toMatchObject({ kind: "advance", stage: 2 });
    expect(plan(run({ percent: 60 }), facts(), situation())).toMatchObject({ kind: "promote" });
  });
});

test("where the last stage is below 100 %, the promotion comes after it, unless a person is to do it", () => {
  const at = run({ policy: policy({ stages: [stage(10), stage(50)] }), stage: 1 });
  expect(plan(at, facts(), situation())).toEqual({ kind: "promote", ground: "no_alarm" });
  const held = { ...at, policy: { ...at.policy, onSuccess: "hold" as const } };
  expect(plan(held, facts(), situation())).toEqual({ kind: "wait" });
  expect(waitsFor(held, facts(), situation())).toEqual([
    "a person to promote it: it has passed all its stages",
  ]);
});

test("a proof that is lost ends the soak", () => {
  const own = policy({ stages: [stage(50, { proof: true, soakMs: MINUTE })] });
  const ready = run({ policy: own, readySince: BEGAN });
  expect(plan(ready, facts({ proof: proof() }), later(2 * MINUTE))).toEqual({
    kind: "mark",
    readySince: undefined,
  });
});

test("what it waits for is told with numbers", () => {
  const begun = run({ policy: careful });
  expect(waitsFor(begun, facts({ candidate: 58 }), later(MINUTE))).toEqual([
    "42 more requests of the candidate",
    "9 minutes more at this stage",
    "5 minutes of staying well",
  ]);
  const at = run({ policy: careful, stage: 1 });
  expect(waitsFor(at, facts({ at: 1, proof: proof() }), situation())).toEqual([
    "proof that failed and unusable answers are at most 2 points more: about 400 more requests of the candidate",
  ]);
  expect(waitsFor(at, facts({ at: 1 }), situation())).toEqual([
    "proof that failed and unusable answers are at most 2 points more: nothing is known yet",
  ]);
  const hopeless = proof({ moreNeeded: undefined });
  expect(waitsFor(at, facts({ at: 1, proof: hopeless }), situation())[0]).toContain(
    "no number of requests is likely to give it",
  );
});

test("a crossed guardrail is acted on as the policy says, once", () => {
  const alarmed = facts({ alarm: "failed" });
  expect(plan(run(), alarmed, situation())).toEqual({ kind: "roll_back" });
  const pausing = policy({ onFailure: "pause" });
  const expected = { kind: "pause", cause: "guardrail" };
  expect(plan(run({ policy: pausing }), alarmed, situation())).toEqual(expected);
  expect(plan(run({ policy: pausing, state: "paused", verdict }), alarmed, situation())).toEqual({
    kind: "wait",
  });
});

test("a paused run, one whose weight was set by hand and one that is blind are judged on", () => {
  for (const one of [run({ state: "paused", cause: "person" }), run({ byHand: true })])
    expect(plan(one, facts({ alarm: "failed" }), situation())).toEqual({ kind: "roll_back" });
  expect(plan(run(), facts({ alarm: "failed" }), situation({ isBlind: true }))).toEqual({
    kind: "roll_back",
  });
});

test("a changed configuration pauses it", () => {
  const changed = situation({ fits: false });
  expect(plan(run(), facts(), changed)).toEqual({ kind: "pause", cause: "configuration" });
  expect(plan(run({ state: "paused", cause: "person" }), facts(), changed)).toEqual({ kind: "wait" });
});

test("requests that reach the sides in wrong shares pause it, whatever the policy is for failures", () => {
  expect(plan(run(), facts({ alarm: "sample_ratio" }), situation())).toEqual({
    kind: "pause",
    cause: "sample_ratio",
  });
});

test("what was proved at the stage before is no proof at this one", () => {
  const facing = facts({ at: 0, proof: proof({ isProved: true }) });
  const passing = plan(run({ stage: 1 }), facing, situation());
  expect(passing).toEqual({ kind: "advance", stage: 2, ground: "no_alarm" });
});

describe("an adaptive run", () => {
  const adaptive = { reward: { kind: "success" as const }, floor: 0.05, confidence: 0.99 };
  const own = policy({ adaptive, stages: [stage(50)] });
  const seen = (probabilityBetter: number, best?: "control" | "candidate") =>
    facts({
      adaptive: {
        control: { count: 10, mean: 0.5 },
        candidate: { count: 10, mean: 0.6 },
        probabilityBetter,
        best,
      },
    });

  test("follows what is learned, no further than its floor and not all the time", () => {
    expect(plan(run({ policy: own }), seen(0.8), later(59_000))).toEqual({ kind: "wait" });
    expect(plan(run({ policy: own }), seen(0.8), later(60_000))).toEqual({ kind: "weigh", percent: 80 });
    expect(plan(run({ policy: own }), seen(0.999), later(60_000))).toEqual({ kind: "weigh", percent: 95 });
    expect(plan(run({ policy: own, percent: 95 }), seen(0.999), later(60_000))).toEqual({ kind: "wait" });
  });

  test("leaves a side less than a hundredth where that is the floor, but never nothing", () => {
    const small = policy({ adaptive: { ...adaptive, floor: 0.003 }, stages: [stage(50)] });
    expect(plan(run({ policy: small }), seen(0), later(60_000))).toEqual({ kind: "weigh", percent: 0.3 });
    expect(plan(run({ policy: small }), seen(1), later(60_000))).toEqual({ kind: "weigh", percent: 99.7 });
  });

  test("takes nothing back where keys stay on their side", () => {
    const sticky = run({ policy: own, sticky: true, percent: 50 });
    expect(plan(sticky, seen(0.1), later(60_000))).toEqual({ kind: "wait" });
    expect(plan(sticky, seen(0.9), later(60_000))).toEqual({
      kind: "weigh",
      percent: 80,
    });
  });

  test("ends with the side that is known to be better", () => {
    expect(plan(run({ policy: own }), seen(0.995, "candidate"), situation())).toEqual({
      kind: "promote",
      ground: "best_arm",
    });
    expect(plan(run({ policy: own }), seen(0.005, "control"), situation())).toEqual({ kind: "retire" });
  });
});

const runs = fc
  .record({
    state: fc.constantFrom(...RUN_STATES),
    cause: fc.constantFrom(undefined, ...PAUSE_CAUSES),
    stage: fc.nat(3),
    percent: fc.nat(100),
    byHand: fc.boolean(),
    verdict: fc.constantFrom(undefined, verdict),
    readySince: fc.constantFrom(undefined, BEGAN),
  })
  .map((some): Run => run(some));
const seen = fc
  .record({
    at: fc.nat(3),
    candidate: fc.nat(1000),
    pairs: fc.nat(1000),
    proof: fc.constantFrom(undefined, proof(), proof({ isProved: true })),
    alarm: fc.constantFrom(undefined, "failed" as const, "sample_ratio" as const),
  })
  .map((some) => facts(some));
const situations = fc.record({
  now: fc.integer({ min: BEGAN, max: BEGAN + 60 * MINUTE }),
  isBlind: fc.boolean(),
  fits: fc.boolean(),
});

test("nothing grows that is paused, set by hand, blind, changed or decided", () => {
  fc.assert(
    fc.property(runs, seen, situations, (one, has, around) => {
      const step = plan(one, has, around);
      if (step.kind === "wait") return;
      expect(["running", "paused"]).toContain(one.state);
      if (has.alarm !== undefined || !around.fits) {
        expect(["roll_back", "pause"]).toContain(step.kind);
        return;
      }
      expect(one).toMatchObject({ state: "running", byHand: false, verdict: undefined });
      expect(around.isBlind).toBe(false);
    }),
  );
});

test("a stage only ever gives the candidate as much or more", () => {
  fc.assert(
    fc.property(runs, seen, situations, (one, has, around) => {
      const step = plan(one, has, around);
      if (step.kind !== "advance") return;
      expect(step.stage).toBeGreaterThan(one.stage);
      expect(one.policy.stages[step.stage]?.percent).toBeGreaterThanOrEqual(one.percent);
      expect(one.policy.stages[step.stage]?.percent).toBeLessThan(100);
    }),
  );
});

test("one that waits says for what, and one that does not waits for nothing", () => {
  fc.assert(
    fc.property(runs, seen, situations, (one, has, around) => {
      const step = plan(one, has, around);
      const words = waitsFor(one, has, around);
      const isOver = one.state === "promoted" || one.state === "rolled_back";
      if (step.kind === "wait") expect(words.length > 0).toBe(!isOver);
      if (step.kind === "advance" || step.kind === "promote") expect(words).toEqual([]);
    }),
  );
});
