import type { Policy, Side } from "../domain/rollout.ts";

export const RUN_STATES = ["running", "paused", "promoted", "rolled_back"] as const;
/** Running and paused are judged; of the other two nothing changes until a person does something. */
export type RunState = (typeof RUN_STATES)[number];

export const PAUSE_CAUSES = [
  "person",
  /** Requests reach the sides in other shares than they should: no verdict can be trusted. */
  "sample_ratio",
  /** A guardrail was crossed whose policy is to pause. */
  "guardrail",
  /** The control, the candidate or the policy is not what was started. */
  "configuration",
] as const;
export type PauseCause = (typeof PAUSE_CAUSES)[number];

/** What is known of a guardrail, as a person or a program reads it. */
export interface Evidence {
  /** Such as `errors`, `latency`, `feedback.thumbs`, `sample_ratio`. */
  readonly guardrail: string;
  /** Natural logarithm of the evidence that the candidate is worse than allowed, and of what is enough of it. */
  readonly logEvidence: number;
  readonly logThreshold: number;
  /** The largest `logEvidence` that there was. */
  readonly logPeak: number;
  /** What rests on which numbers, by side. */
  readonly control: SideEvidence;
  readonly candidate: SideEvidence;
  /** Of shadowed pairs; undefined: this guardrail does not judge them by events. */
  readonly pairs: PairsEvidence | undefined;
  /** How much worse the candidate may be, in words, such as `1.25 times the control's`. */
  readonly allowed: string;
  /**
   * More of the candidate's requests (ratings, pairs) that would likely show one that is clearly worse than allowed: twice as
   * bad, or a tenth of the range for feedback and the judge. Undefined: nobody can tell yet.
   */
  readonly neededRequests: number | undefined;
  /** The smallest fault that would have been seen by now, in words; undefined: none yet. */
  readonly sees: string | undefined;
}

export interface SideEvidence {
  /** Requests, ratings or pairs. */
  readonly count: number;
  /** Those with an event; undefined where means are compared. */
  readonly events: number | undefined;
  /** Share of events or mean, in the guardrail's own unit (ms, USD, points). */
  readonly value: number | undefined;
}

/** What a guardrail saw in shadowed pairs. */
export interface PairsEvidence {
  /** Those in which it can be told of both sides. */
  readonly count: number;
  /**
   * Of those the ones with an event, by side. An event of a duration is to be longer than the control's 95th percentile, and
   * the margin; that of a cost to be the dearer one of the pair, the candidate's by more than the margin.
   */
  readonly control: number;
  readonly candidate: number;
}

/** Whether the candidate is proved not to be worse by the margin. */
export interface ProofEvidence {
  readonly margin: number;
  readonly isProved: boolean;
  /** Bounds of the candidate's share of failed or unusable answers minus the control's. */
  readonly difference: { readonly low: number; readonly high: number };
  readonly control: SideEvidence;
  readonly candidate: SideEvidence;
  /** More requests of the candidate, or sticky keys where each counts once, until it likely is; undefined: it likely never is. */
  readonly moreNeeded: number | undefined;
  readonly each: "key" | "request";
}

/** What crossed its threshold, and when. */
export interface Verdict {
  readonly guardrail: string;
  /** Of the log entry, and of the observation within the run (from 1): the same for every replica. */
  readonly seq: number;
  readonly observation: number;
  readonly evidence: Evidence;
  /** The candidate's requests until then. */
  readonly candidateRequests: number;
}

/** On which ground a stage was passed. */
export type Ground = "no_alarm" | "proved" | "person" | "best_arm";

/** A rollout that was started. */
export interface Run {
  readonly id: string;
  readonly rollout: string;
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly changedAt: number;
  readonly state: RunState;
  /** Why it is paused. */
  readonly cause: PauseCause | undefined;
  readonly control: string;
  readonly candidate: string;
  /** Of both variants' recipes and models and of the policy: what the verdict is about. */
  readonly fingerprint: string;
  readonly policy: Policy;
  /** Does a key decide the side? So it is judged to its end, whatever the configuration has meanwhile. */
  readonly sticky: boolean;
  readonly stage: number;
  readonly epoch: number;
  /** The candidate's share now, 0 to 100. */
  readonly percent: number;
  readonly shadowPercent: number;
  /** A person set the weight: it does not grow until somebody resumes. */
  readonly byHand: boolean;
  readonly stageSince: number;
  /** Since when it has all that the next stage needs; undefined: it has not. */
  readonly readySince: number | undefined;
  readonly verdict: Verdict | undefined;
  /** On which ground it was promoted. */
  readonly promotedOn: Ground | undefined;
}

export const ACTIONS = [
  "start",
  "pause",
  "resume",
  "promote",
  "rollback",
  "set-weight",
  /** By the gateway itself. */
  "advance",
] as const;
export type Action = (typeof ACTIONS)[number];

/** What is known of a run at a moment. */
export interface Known {
  readonly evidence: readonly Evidence[];
  readonly proof: ProofEvidence | undefined;
  /** Undefined: nothing was shadowed until then. */
  readonly pairs: PairSummary | undefined;
  /** Undefined: its policy is not adaptive. */
  readonly adaptive: AdaptiveSummary | undefined;
}

export const NOTHING_KNOWN: Known = {
  evidence: [],
  proof: undefined,
  pairs: undefined,
  adaptive: undefined,
};

/** An entry of the audit trail, with what was known at that moment. */
export interface Change extends Known {
  readonly id: string;
  readonly run: string;
  readonly rollout: string;
  readonly at: number;
  readonly action: Action;
  /** Name of the key or token that did it; `crossover` for the gateway itself. */
  readonly by: string;
  readonly reason: string | undefined;
  readonly from: Point;
  readonly to: Point;
  readonly ground: Ground | undefined;
  readonly verdict: Verdict | undefined;
}

export interface Point {
  readonly state: RunState | "none";
  readonly stage: number | undefined;
  readonly percent: number;
}

/** What a person reads of a rollout. */
export interface RolloutView extends Known {
  readonly name: string;
  readonly control: string;
  readonly candidate: string;
  /** The newest one; undefined: it was never started, and stands at its configured stage. */
  readonly run: Run | undefined;
  /** Has the store told which runs there are? Until then the control answers alone. */
  readonly isKnown: boolean;
  /** The candidate's share of the traffic now, 0 to 100. */
  readonly percent: number;
  readonly shadowPercent: number;
  readonly sides: Readonly<Record<Side, { readonly requests: number }>>;
  /** What the next stage waits for, in words; empty: nothing. */
  readonly waitsFor: readonly string[];
  /** What else a person has to know, in sentences. */
  readonly notices: readonly string[];
  /** Observations that could not be logged and were dropped, and whether the guardrails see nothing now. */
  readonly dropped: number;
  readonly isBlind: boolean;
}

/** Control and candidate on the same requests. */
export interface PairSummary {
  readonly count: number;
  /** Of those that can be told. */
  readonly agreement: number | undefined;
  readonly similarity: number | undefined;
  readonly sameTools: number | undefined;
  readonly judged: { readonly wins: number; readonly ties: number; readonly losses: number };
  readonly control: PairSide;
  readonly candidate: PairSide;
  readonly spentUsd: number;
  readonly spentTodayUsd: number;
}

export interface PairSide {
  readonly errors: number;
  readonly invalid: number;
  /** Medians, and means of costs and lengths; undefined where there are none. */
  readonly latencyMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly costUsd: number | undefined;
  readonly length: number | undefined;
}

export interface AdaptiveSummary {
  readonly control: { readonly count: number; readonly mean: number | undefined };
  readonly candidate: { readonly count: number; readonly mean: number | undefined };
  /** That the candidate is the better one, 0 to 1, as the allocation sees it. */
  readonly probabilityBetter: number;
  /** Which is known to be better with the wanted confidence. */
  readonly best: Side | undefined;
}
