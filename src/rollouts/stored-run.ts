import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { Policy } from "../domain/rollout.ts";
import type { StoredChange, StoredRun } from "../store/rollout-store.ts";
import { maybe } from "./maybe.ts";
import {
  ACTIONS,
  type AdaptiveSummary,
  type Change,
  type Evidence,
  PAUSE_CAUSES,
  type PairSummary,
  type Point,
  type ProofEvidence,
  RUN_STATES,
  type Run,
  type Verdict,
} from "./run.ts";

/** How runs and changes stand in the store: JSON, without what is undefined. */

const state = z.enum(RUN_STATES);
const ground = maybe(z.enum(["no_alarm", "proved", "person", "best_arm"]));

const guardrail = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("errors"), ratio: z.number() }),
  z.object({ kind: z.literal("validity"), ratio: z.number() }),
  z.object({ kind: z.literal("latency"), margin: z.number() }),
  z.object({ kind: z.literal("first_token"), margin: z.number() }),
  z.object({ kind: z.literal("cost"), margin: z.number() }),
  z.object({
    kind: z.literal("feedback"),
    feedback: z.string(),
    margin: z.number(),
    low: z.number(),
    high: z.number(),
    better: z.enum(["higher", "lower"]),
  }),
  z.object({ kind: z.literal("judge"), margin: z.number() }),
]);

const reward = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("success") }),
  z.object({ kind: z.literal("feedback"), feedback: z.string(), low: z.number(), high: z.number() }),
]);

const policy: z.ZodType<Policy> = z.object({
  stages: z.array(
    z.object({
      percent: z.number(),
      shadowPercent: z.number(),
      minRequests: z.number(),
      minMs: z.number(),
      soakMs: z.number(),
      proof: z.boolean(),
    }),
  ),
  guardrails: z.array(guardrail),
  alpha: z.number(),
  proof: z.object({ margin: z.number(), each: z.enum(["key", "request"]) }),
  onSuccess: z.enum(["promote", "hold"]),
  onFailure: z.enum(["rollback", "pause"]),
  shadow: z.object({ concurrency: z.number(), usdPerDay: maybe(z.number()) }),
  adaptive: maybe(z.object({ reward, floor: z.number(), confidence: z.number() })),
});

const sideEvidence = z.object({ count: z.number(), events: maybe(z.number()), value: maybe(z.number()) });

const evidence: z.ZodType<Evidence> = z.object({
  guardrail: z.string(),
  logEvidence: z.number(),
  logThreshold: z.number(),
  logPeak: z.number(),
  control: sideEvidence,
  candidate: sideEvidence,
  pairs: maybe(z.object({ count: z.number(), control: z.number(), candidate: z.number() })),
  allowed: z.string(),
  neededRequests: maybe(z.number()),
  sees: maybe(z.string()),
});

const proof: z.ZodType<ProofEvidence> = z.object({
  margin: z.number(),
  isProved: z.boolean(),
  difference: z.object({ low: z.number(), high: z.number() }),
  control: sideEvidence,
  candidate: sideEvidence,
  moreNeeded: maybe(z.number()),
  each: z.enum(["key", "request"]),
});

export const verdict: z.ZodType<Verdict> = z.object({
  guardrail: z.string(),
  seq: z.number(),
  observation: z.number(),
  evidence,
  candidateRequests: z.number(),
});

const run: z.ZodType<Run> = z.object({
  id: z.string(),
  rollout: z.string(),
  revision: z.number(),
  startedAt: z.number(),
  changedAt: z.number(),
  state,
  cause: maybe(z.enum(PAUSE_CAUSES)),
  control: z.string(),
  candidate: z.string(),
  fingerprint: z.string(),
  policy,
  sticky: z.boolean(),
  stage: z.int(),
  epoch: z.int(),
  percent: z.number(),
  shadowPercent: z.number(),
  byHand: z.boolean(),
  stageSince: z.number(),
  readySince: maybe(z.number()),
  verdict: maybe(verdict),
  promotedOn: ground,
});

const point: z.ZodType<Point> = z.object({
  state: z.enum([...RUN_STATES, "none"]),
  stage: maybe(z.int()),
  percent: z.number(),
});

const pairSide = z.object({
  errors: z.number(),
  invalid: z.number(),
  latencyMs: maybe(z.number()),
  firstTokenMs: maybe(z.number()),
  costUsd: maybe(z.number()),
  length: maybe(z.number()),
});

const pairs: z.ZodType<PairSummary> = z.object({
  count: z.number(),
  agreement: maybe(z.number()),
  similarity: maybe(z.number()),
  sameTools: maybe(z.number()),
  judged: z.object({ wins: z.number(), ties: z.number(), losses: z.number() }),
  control: pairSide,
  candidate: pairSide,
  spentUsd: z.number(),
  spentTodayUsd: z.number(),
});

const arm = z.object({ count: z.number(), mean: maybe(z.number()) });
const adaptive: z.ZodType<AdaptiveSummary> = z.object({
  control: arm,
  candidate: arm,
  probabilityBetter: z.number(),
  best: maybe(z.enum(["control", "candidate"])),
});

const change: z.ZodType<Change> = z.object({
  id: z.string(),
  run: z.string(),
  rollout: z.string(),
  at: z.number(),
  action: z.enum(ACTIONS),
  by: z.string(),
  reason: maybe(z.string()),
  from: point,
  to: point,
  ground,
  verdict: maybe(verdict),
  evidence: z.array(evidence),
  proof: maybe(proof),
  pairs: maybe(pairs),
  adaptive: maybe(adaptive),
});

export function storedRun(one: Run): StoredRun {
  const { id, rollout, startedAt: at, state: stands, revision } = one;
  return { id, rollout, at, state: stands, revision, document: JSON.stringify(one) };
}

/** @returns undefined for a row of another version's shape */
export function runIn({ document }: StoredRun): Run | undefined {
  return run.safeParse(parseJson(document)).data;
}

export function storedChange(one: Change): StoredChange {
  const { id, run: of, rollout, at, action } = one;
  return { id, run: of, rollout, at, action, document: JSON.stringify(one) };
}

/** @returns undefined for a row of another version's shape */
export function changeIn({ document }: StoredChange): Change | undefined {
  return change.safeParse(parseJson(document)).data;
}
