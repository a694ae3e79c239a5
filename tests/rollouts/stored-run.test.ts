import { expect, test } from "vitest";
import { entryOf, observationsIn } from "../../src/rollouts/log-entry.ts";
import type { Observation } from "../../src/rollouts/observation.ts";
import { type Change, NOTHING_KNOWN } from "../../src/rollouts/run.ts";
import { changeIn, runIn, storedChange, storedRun } from "../../src/rollouts/stored-run.ts";
import { ADAPTIVE, PAIRS } from "../support/rollouts.ts";
import { evidence, policy, proof, run, stage } from "./runs.ts";

const verdict = {
  guardrail: "errors",
  seq: 3,
  observation: 70,
  evidence: evidence({ pairs: { count: 20, control: 0, candidate: 14 } }),
  candidateRequests: 9,
};

test("a run comes back from the store as it was", () => {
  const full = run({
    verdict,
    cause: "guardrail",
    state: "paused",
    readySince: 5,
    policy: policy({
      stages: [stage(0, { shadowPercent: 10, proof: true, soakMs: 7 })],
      guardrails: [
        { kind: "errors", ratio: 1.25 },
        { kind: "validity", ratio: 1 },
        { kind: "latency", margin: 0.1 },
        { kind: "first_token", margin: 0.1 },
        { kind: "cost", margin: 0.1 },
        { kind: "feedback", feedback: "thumbs", margin: 0.1, low: 0, high: 1, better: "higher" },
        { kind: "judge", margin: 0.1 },
      ],
      adaptive: {
        reward: { kind: "feedback", feedback: "score", low: 0, high: 5 },
        floor: 0.05,
        confidence: 0.99,
      },
      shadow: { concurrency: 2, usdPerDay: 3 },
    }),
  });
  for (const one of [run(), full]) expect(runIn(storedRun(one))).toEqual(one);
  expect(storedRun(full)).toMatchObject({ id: "run_1", rollout: "to-tuned", state: "paused", revision: 1 });
});

test("a change comes back from the store as it was", () => {
  const change: Change = {
    id: "chg_1",
    run: "run_1",
    rollout: "to-tuned",
    at: 1,
    action: "rollback",
    by: "crossover",
    reason: undefined,
    from: { state: "none", stage: undefined, percent: 0 },
    to: { state: "rolled_back", stage: 1, percent: 0 },
    ground: "proved",
    verdict,
    evidence: [evidence()],
    proof: proof({ moreNeeded: undefined }),
    pairs: PAIRS,
    adaptive: ADAPTIVE,
  };
  for (const one of [change, { ...change, ...NOTHING_KNOWN }])
    expect(changeIn(storedChange(one))).toEqual(one);
});

test("a row of another shape is none of ours", () => {
  expect(runIn({ ...storedRun(run()), document: '{"id":"run_1","state":"frozen"}' })).toBeUndefined();
  expect(runIn({ ...storedRun(run()), document: "[" })).toBeUndefined();
});

const observations: readonly Observation[] = [
  {
    kind: "request",
    unit: undefined,
    side: "candidate",
    share: 0.05,
    stage: 1,
    epoch: 2,
    error: false,
    invalid: true,
    latencyMs: 12.5,
    firstTokenMs: undefined,
    costUsd: 0.001,
  },
  {
    kind: "feedback",
    unit: 0.25,
    side: "control",
    share: 0.05,
    stage: 1,
    epoch: 2,
    feedback: "thumbs",
    value: 1,
  },
];

test("observations come back from the log as they were, without those of another shape", () => {
  expect(observationsIn(entryOf(observations))).toEqual(observations);
  const mixed = JSON.stringify([{ kind: "dream" }, ...observations, null]);
  expect(observationsIn(mixed)).toEqual(observations);
  expect(observationsIn("{}")).toEqual([]);
});
