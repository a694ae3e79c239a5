import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Run } from "../../src/rollouts/run.ts";
import {
  advanced,
  allocated,
  type Changed,
  type Deed,
  paused,
  promoted,
  resumed,
  rolledBack,
  started,
  stopped,
  weighed,
} from "../../src/rollouts/transitions.ts";
import { ADAPTIVE, PAIRS } from "../support/rollouts.ts";
import { BEGAN, evidence, proof, rolloutOf, run } from "./runs.ts";

const deed: Deed = {
  id: "chg_1",
  at: BEGAN + 1000,
  by: "ann",
  reason: "it is time",
  evidence: [evidence()],
  proof: proof(),
  pairs: PAIRS,
  adaptive: ADAPTIVE,
};
const verdict = { guardrail: "errors", seq: 3, observation: 70, evidence: evidence(), candidateRequests: 9 };

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof GatewayError && error.code === "rollout_state" && error.status === 409)
      return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

test("a run begins at its stage, with a fingerprint of what it is about", () => {
  const rollout = rolloutOf({ stages: [{ percent: 0, shadow: 10 }, 5, 25] });
  const { run: begun, change } = started(rollout, 1, undefined, { ...deed, run: "run_9" });
  expect(begun).toMatchObject({ id: "run_9", revision: 1, epoch: 0, stage: 1, percent: 5, state: "running" });
  expect(change).toMatchObject({
    run: "run_9",
    action: "start",
    by: "ann",
    reason: "it is time",
    from: { state: "none", stage: undefined, percent: 0 },
    to: { state: "running", stage: 1, percent: 5 },
  });
  expect(started(rollout, 0, undefined, { ...deed, run: "x" }).run).toMatchObject({
    percent: 0,
    shadowPercent: 10,
  });
});

test("one that is open is not begun anew, and the refusal says what can be done", () => {
  const rollout = rolloutOf();
  for (const state of ["running", "paused"] as const)
    expect(refusal(() => started(rollout, 0, run({ state }), { ...deed, run: "x" }))).toMatch(
      new RegExp(`^It is ${state} at stage 1 with 1% already. Roll it back or promote it first`),
    );
  for (const state of ["promoted", "rolled_back"] as const)
    expect(started(rollout, 0, run({ state }), { ...deed, run: "x" }).run.id).toBe("x");
});

test("an entry of the trail has what was known at that moment", () => {
  const { change } = rolledBack(run({ stage: 2 }), deed, { verdict });
  expect(change).toEqual({
    id: "chg_1",
    run: "run_1",
    rollout: "to-tuned",
    at: BEGAN + 1000,
    action: "rollback",
    by: "ann",
    reason: "it is time",
    from: { state: "running", stage: 2, percent: 25 },
    to: { state: "rolled_back", stage: 2, percent: 0 },
    ground: undefined,
    verdict,
    evidence: [evidence()],
    proof: proof(),
    pairs: PAIRS,
    adaptive: ADAPTIVE,
  });
});

test("a weight by hand stays until somebody resumes; one that was lowered goes back to its stage's then", () => {
  const low = weighed(run({ stage: 2 }), 3, deed).run;
  expect(low).toMatchObject({ percent: 3, byHand: true, state: "running", epoch: 1 });
  expect(resumed(low, true, deed).run).toMatchObject({ percent: 25, byHand: false, epoch: 2 });
  const high = weighed(run({ stage: 1 }), 20, deed).run;
  expect(resumed(high, true, deed).run).toMatchObject({ percent: 20, byHand: false, epoch: 1 });
});

test("a verdict stands: what it has paused goes on only by being promoted all the same, or starts anew", () => {
  const { run: halted } = stopped(run(), "guardrail", verdict, deed);
  expect(refusal(() => resumed(halted, true, deed))).toMatch(/^The guardrail `errors` was crossed/);
  expect(promoted(halted, "person", deed).run).toMatchObject({ state: "promoted", percent: 100, verdict });
  expect(rolledBack(halted, deed).run).toMatchObject({ state: "rolled_back", verdict });
});

test("what the configuration no longer has is not resumed", () => {
  const { run: halted } = paused(run(), "configuration", deed);
  expect(refusal(() => resumed(halted, false, deed))).toMatch(/^The configuration has another/);
  expect(resumed(halted, true, deed).run).toMatchObject({ state: "running", cause: undefined });
});

test("what can't be done is refused", () => {
  const over = [run({ state: "promoted" }), run({ state: "rolled_back" })];
  for (const one of [...over, run({ state: "paused" })]) refusal(() => paused(one, "person", deed));
  for (const one of [...over, run()]) refusal(() => resumed(one, true, deed));
  for (const one of over) {
    refusal(() => promoted(one, "person", deed));
    refusal(() => weighed(one, 5, deed));
  }
  refusal(() => rolledBack(run({ state: "rolled_back" }), deed));
  expect(rolledBack(run({ state: "promoted", percent: 100 }), deed).run.percent).toBe(0);
});

const actions: readonly ((run: Run, weight: number) => Changed)[] = [
  (one) => paused(one, "person", deed),
  (one) => resumed(one, true, deed),
  (one) => promoted(one, "person", deed),
  (one) => rolledBack(one, deed, { verdict }),
  (one) => stopped(one, "sample_ratio", verdict, deed),
  (one, weight) => weighed(one, weight, deed),
  (one, weight) => allocated(one, weight, deed),
  (one) => advanced(one, Math.min(2, one.stage + 1), "no_alarm", deed),
];

test("whatever is done in whichever order, the trail is without gaps and a new weight is a new epoch", () => {
  const done = fc.record({ action: fc.constantFrom(...actions), weight: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(done, { maxLength: 20 }), (all) => {
      let now = run();
      for (const { action, weight } of all) {
        let next: Changed;
        try {
          next = action(now, weight);
        } catch (error) {
          expect(error).toMatchObject({ status: 409, code: "rollout_state" });
          continue;
        }
        const { run: after, change } = next;
        if (now.state === "promoted" || now.state === "rolled_back") expect(change.action).toBe("rollback");
        expect(after.revision).toBe(now.revision + 1);
        const isSame = after.percent === now.percent && after.shadowPercent === now.shadowPercent;
        expect(after.epoch).toBe(now.epoch + (isSame ? 0 : 1));
        expect(change.from).toEqual({ state: now.state, stage: now.stage, percent: now.percent });
        expect(change.to).toEqual({ state: after.state, stage: after.stage, percent: after.percent });
        if (after.state === "rolled_back") expect(after.percent).toBe(0);
        if (after.state === "promoted") expect(after.percent).toBe(100);
        now = after;
      }
    }),
  );
});
