import type { Policy, Rollout, Stage } from "../../src/domain/rollout.ts";
import type { Facts } from "../../src/rollouts/needs.ts";
import type { AdaptiveSummary, Evidence, ProofEvidence, Run } from "../../src/rollouts/run.ts";
import { small, tableOf } from "../config/tables.ts";

/** The rollout `r` of a configuration, with what is given on top. */
export function rolloutOf(more: Readonly<Record<string, unknown>> = {}): Rollout {
  const rollouts = { r: { control: "a", candidate: "b", ...more } };
  const rollout = tableOf(
    small({ rollouts, routes: { route: { rules: [{ use: { rollout: "r" } }] } } }),
  ).rollouts.get("r");
  if (rollout === undefined) throw new TypeError("the configuration has no rollout r");
  return rollout;
}

/** When runs of the tests begin, in milliseconds since 1970. */
export const BEGAN = 1_800_000_000_000;

export function stage(percent: number, more: Partial<Stage> = {}): Stage {
  return { percent, shadowPercent: 0, minRequests: 0, minMs: 0, soakMs: 0, proof: false, ...more };
}

export function policy(more: Partial<Policy> = {}): Policy {
  return {
    stages: [stage(1), stage(5), stage(25), stage(100)],
    guardrails: [{ kind: "errors", ratio: 1.25 }],
    alpha: 0.01,
    proof: { margin: 0.02, each: "request" },
    onSuccess: "promote",
    onFailure: "rollback",
    shadow: { concurrency: 4, usdPerDay: undefined },
    adaptive: undefined,
    ...more,
  };
}

/** A run at its first stage. */
export function run(more: Partial<Run> = {}): Run {
  const { policy: own = policy(), stage: at = 0 } = more;
  return {
    id: "run_1",
    rollout: "to-tuned",
    revision: 1,
    startedAt: BEGAN,
    changedAt: BEGAN,
    state: "running",
    cause: undefined,
    control: "prompted",
    candidate: "tuned",
    fingerprint: "f",
    policy: own,
    sticky: false,
    stage: at,
    epoch: 0,
    percent: own.stages[at]?.percent ?? 0,
    shadowPercent: own.stages[at]?.shadowPercent ?? 0,
    byHand: false,
    stageSince: BEGAN,
    readySince: undefined,
    verdict: undefined,
    promotedOn: undefined,
    ...more,
  };
}

export function facts({
  at = 0,
  candidate = 0,
  pairs = 0,
  alarm,
  proof,
  adaptive,
}: {
  readonly at?: number;
  readonly candidate?: number;
  readonly pairs?: number;
  readonly alarm?: "failed" | "sample_ratio" | undefined;
  readonly proof?: ProofEvidence | undefined;
  readonly adaptive?: AdaptiveSummary | undefined;
} = {}): Facts {
  return {
    alarm: alarm && { kind: alarm },
    stageCounts: { stage: at, candidate, pairs },
    proof: () => proof,
    adaptive: () => adaptive,
  };
}

export function evidence(more: Partial<Evidence> = {}): Evidence {
  return {
    guardrail: "errors",
    logEvidence: 1,
    logThreshold: 5,
    logPeak: 2,
    control: { count: 100, events: 1, value: 0.01 },
    candidate: { count: 10, events: 2, value: 0.2 },
    pairs: undefined,
    allowed: "1.25 times the control's",
    neededRequests: 120,
    sees: undefined,
    ...more,
  };
}

export function proof(more: Partial<ProofEvidence> = {}): ProofEvidence {
  return {
    margin: 0.02,
    isProved: false,
    difference: { low: -0.05, high: 0.05 },
    control: { count: 100, events: 1, value: 0.01 },
    candidate: { count: 100, events: 1, value: 0.01 },
    moreNeeded: 400,
    each: "request",
    ...more,
  };
}
