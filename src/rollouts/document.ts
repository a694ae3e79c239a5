import { z } from "zod";
import { ACTIONS, PAUSE_CAUSES, RUN_STATES } from "./run.ts";

const instant = z.int().describe("Milliseconds since 1970.");
const share = z.number().describe("From 0 to 1.");
const percent = z.number().describe("From 0 to 100.");

const sideEvidence = z.object({
  count: z.int().describe("Requests, ratings or pairs."),
  events: z.int().nullable().describe("Those of them that are bad. Null where means alone are compared."),
  value: z
    .number()
    .nullable()
    .describe(
      "Of errors, unusable answers and the sample ratio a share, else the mean in ms, USD or points.",
    ),
});
export type SideEvidenceDocument = Readonly<z.infer<typeof sideEvidence>>;

/** What is known of a guardrail. */
const evidenceDocument = z.object({
  guardrail: z.string().describe("Such as `errors`, `latency`, `feedback.thumbs`, `sample_ratio`."),
  crossed: z.boolean(),
  of_threshold: z
    .number()
    .describe(
      "`log_evidence` as a share of `log_threshold`: at 1 it is crossed; 0 or less speaks for nothing.",
    ),
  log_evidence: z.number().nullable().describe("Natural logarithm. Null: there is none yet."),
  log_threshold: z.number(),
  log_peak: z.number().nullable().describe("The largest `log_evidence` that there was."),
  allowed: z.string().describe("How much worse the candidate may be."),
  control: sideEvidence,
  candidate: sideEvidence,
  pairs: z
    .object({ count: z.int(), control: z.int(), candidate: z.int() })
    .nullable()
    .describe(
      "Shadowed pairs, and by side those with an event: that failed, can't be used, or took longer than the control's 95th percentile (the candidate: and the margin); of the cost, by which side the pair was dearer (the candidate: by more than the margin).",
    ),
  needed_requests: z
    .int()
    .nullable()
    .describe("More requests of the candidate until twice as much as allowed would likely be seen."),
  sees: z.string().nullable().describe("The smallest fault that would have been seen by now."),
});
export type EvidenceDocument = Readonly<z.infer<typeof evidenceDocument>>;

/** Whether the candidate is proved not to be worse by the margin. */
const proofDocument = z.object({
  margin: z.number().describe("By which the candidate's share of failed or unusable answers may be larger."),
  proved: z.boolean(),
  difference: z
    .object({ low: z.number(), high: z.number() })
    .describe("The candidate's share less the control's."),
  control: sideEvidence,
  candidate: sideEvidence,
  more_needed: z.int().nullable().describe("Until it is likely proved. Null: it likely never is."),
  each: z.enum(["key", "request"]).describe("What counts: each sticky key's first request, or every one."),
});
export type ProofDocument = Readonly<z.infer<typeof proofDocument>>;

/** What crossed its threshold, and when. */
const verdictDocument = z.object({
  guardrail: z.string(),
  observation: z.int().describe("Within the run, from 1: the same for every replica."),
  candidate_requests: z.int(),
  evidence: evidenceDocument,
});
export type VerdictDocument = Readonly<z.infer<typeof verdictDocument>>;

/** On which ground the weight was changed. */
export const groundDocument = z
  .enum(["no_alarm", "proved", "person", "best_arm"])
  .describe(
    "On which a stage was passed: nothing bad was seen, it was proved to be no worse by the margin, a person said so, or one side is known to be the better one.",
  );
export type GroundDocument = z.infer<typeof groundDocument>;

const stage = z.object({
  percent,
  shadow_percent: percent,
  min_requests: z.int(),
  min_seconds: z.number(),
  soak_seconds: z.number(),
  proof: z.boolean(),
});

/** A rollout that was started. */
const runDocument = z.object({
  object: z.literal("crossover.rollout_run"),
  id: z.string(),
  rollout: z.string(),
  state: z.enum(RUN_STATES),
  cause: z.enum(PAUSE_CAUSES).nullable().describe("Why it is paused."),
  started_at: instant,
  changed_at: instant,
  control: z.string(),
  candidate: z.string(),
  stage: z.int().describe("From 0."),
  stage_since: instant,
  ready_since: instant.nullable().describe("Since when it has all that the next stage needs."),
  percent,
  shadow_percent: percent,
  by_hand: z.boolean().describe("A person set the weight: it does not grow until somebody resumes."),
  stages: z.array(stage),
  alpha: z.number().describe("The chance that a run is ever rolled back though its candidate is no worse."),
  on_success: z.enum(["promote", "hold"]),
  on_failure: z.enum(["rollback", "pause"]),
  verdict: verdictDocument.nullable(),
  promoted_on: groundDocument.nullable(),
});
export type RunDocument = Readonly<z.infer<typeof runDocument>>;

const pairSide = z.object({
  errors: z.int(),
  invalid: z.int(),
  latency_ms: z.number().nullable().describe("Median."),
  first_token_ms: z.number().nullable().describe("Median."),
  cost_usd: z.number().nullable().describe("Mean."),
  length: z.number().nullable().describe("Mean, in characters."),
});

/** Control and candidate on the same requests. */
const pairsDocument = z.object({
  count: z.int(),
  agreement: share.nullable(),
  similarity: share.nullable(),
  same_tools: share.nullable(),
  judged: z.object({ wins: z.int(), ties: z.int(), losses: z.int() }).describe("Of the candidate."),
  control: pairSide,
  candidate: pairSide,
  spent_usd: z.number(),
  spent_today_usd: z.number(),
});
export type PairsDocument = Readonly<z.infer<typeof pairsDocument>>;

const arm = z.object({ count: z.int(), mean: z.number().nullable() });
const adaptiveDocument = z.object({
  control: arm,
  candidate: arm,
  probability_better: share.describe("That the candidate is the better one, as the allocation sees it."),
  best: z.enum(["control", "candidate"]).nullable().describe("Which is known to be better."),
});
export type AdaptiveDocument = Readonly<z.infer<typeof adaptiveDocument>>;

const sideCount = z.object({ requests: z.int() });

/** What the API, the command and the pages tell of a rollout. */
export const rolloutDocument = z.object({
  object: z.literal("crossover.rollout"),
  name: z.string(),
  control: z.string(),
  candidate: z.string(),
  state: z
    .enum(["none", "unknown", ...RUN_STATES])
    .describe(
      "`none`: it was never started, and stands at its configured stage. `unknown`: the store has not told yet where it stands, and the control answers alone.",
    ),
  percent: percent.describe("The candidate's share of the traffic now, 0 to 100."),
  shadow_percent: percent.describe("Share of the control's requests that are shadowed, 0 to 100."),
  run: runDocument.nullable().describe("The newest one."),
  sides: z.object({ control: sideCount, candidate: sideCount }),
  evidence: z.array(evidenceDocument),
  proof: proofDocument.nullable(),
  pairs: pairsDocument.nullable(),
  adaptive: adaptiveDocument.nullable(),
  waits_for: z.array(z.string()).describe("What the next stage waits for; empty: nothing."),
  notices: z.array(z.string()).describe("What else a person has to know."),
  dropped: z.int().describe("Observations that could not be kept."),
  blind: z.boolean().describe("The store does not answer: the guardrails see nothing, and no weight grows."),
});
export type RolloutDocument = Readonly<z.infer<typeof rolloutDocument>>;

const point = z.object({ state: z.enum(["none", ...RUN_STATES]), stage: z.int().nullable(), percent });

/** An entry of the audit trail. */
export const changeDocument = z.object({
  object: z.literal("crossover.rollout_change"),
  id: z.string(),
  run: z.string(),
  rollout: z.string(),
  at: instant,
  action: z.enum(ACTIONS),
  by: z.string().describe("Name of the key, `admin token`, `this machine`; `crossover`: the gateway itself."),
  reason: z.string().nullable(),
  from: point,
  to: point,
  ground: groundDocument.nullable(),
  verdict: verdictDocument.nullable(),
  evidence: z.array(evidenceDocument).describe("What was known then."),
  proof: proofDocument.nullable(),
  pairs: pairsDocument.nullable(),
  adaptive: adaptiveDocument.nullable(),
});
export type ChangeDocument = Readonly<z.infer<typeof changeDocument>>;

export const rolloutList = z.object({ object: z.literal("list"), data: z.array(rolloutDocument) });
export const changeList = z.object({ object: z.literal("list"), data: z.array(changeDocument) });
export const runList = z.object({ object: z.literal("list"), data: z.array(runDocument) });
