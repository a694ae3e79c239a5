import type { Stage } from "../domain/rollout.ts";
import { count, duration, rounded } from "../reports/words.ts";
import type { AdaptiveSummary, ProofEvidence, Run } from "./run.ts";

/** What has been seen of a run, as far as its next stage depends on it. */
export interface Facts {
  /** The first guardrail that was crossed. */
  readonly alarm: { readonly kind: "failed" | "sample_ratio" } | undefined;
  /** Of the newest stage to which requests were assigned. */
  readonly stageCounts: { readonly stage: number; readonly candidate: number; readonly pairs: number };
  /** Takes a while to reckon: asked for only where the rest is there. */
  proof(): ProofEvidence | undefined;
  adaptive(): AdaptiveSummary | undefined;
}

/** What else a next step depends on. */
export interface Situation {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Does the store not answer, so that nobody knows what other replicas see? */
  readonly isBlind: boolean;
  /** Does the configuration have the control, the candidate and the policy with which the run began? */
  readonly fits: boolean;
}

/** What keeps a run from its next stage. */
export type Need =
  | { readonly kind: "ended" }
  | { readonly kind: "resume" }
  | { readonly kind: "verdict" }
  | { readonly kind: "hand" }
  | { readonly kind: "store" }
  | { readonly kind: "configuration" }
  | { readonly kind: "requests"; readonly of: "requests" | "pairs"; readonly more: number }
  | { readonly kind: "time"; readonly ms: number }
  | {
      readonly kind: "proof";
      readonly margin: number;
      /** Undefined: it likely never is given. */
      readonly more: number | undefined;
      /** Has each side something that it could rest on? */
      readonly hasData: boolean;
      readonly each: "key" | "request";
    }
  | { readonly kind: "best"; readonly confidence: number; readonly probability: number }
  | { readonly kind: "soak"; readonly ms: number }
  | { readonly kind: "hold" };

/** What forbids a run to grow, whatever has been seen of it. */
export function blocker(run: Run, { isBlind, fits }: Situation): Need | undefined {
  if (!isOpen(run)) return { kind: "ended" };
  if (run.verdict !== undefined) return { kind: "verdict" };
  if (!fits) return { kind: "configuration" };
  if (run.state === "paused") return { kind: "resume" };
  if (run.byHand) return { kind: "hand" };
  return isBlind ? { kind: "store" } : undefined;
}

/** Was a guardrail crossed on which nobody has acted yet? */
export function isToFail(run: Run, { alarm }: Pick<Facts, "alarm">): boolean {
  return isOpen(run) && alarm !== undefined && run.verdict === undefined;
}

/** Is it judged, and can it still change by itself? */
export function isOpen({ state }: Pick<Run, "state">): boolean {
  return state === "running" || state === "paused";
}

/** What has to be seen yet before the next stage, what is known at once first; its soak comes after all of that. */
export function* lacking(run: Run, facts: Facts, { now }: Situation): Generator<Need> {
  const { adaptive } = run.policy;
  if (adaptive !== undefined) {
    const { best, probabilityBetter } = facts.adaptive() ?? { best: undefined, probabilityBetter: 0.5 };
    if (best === undefined)
      yield { kind: "best", confidence: adaptive.confidence, probability: probabilityBetter };
    return;
  }
  const stage = stageOf(run);
  const { stageCounts } = facts;
  const isAtStage = stageCounts.stage === run.stage;
  const of = stage.percent === 0 ? "pairs" : "requests";
  const seen = of === "pairs" ? stageCounts.pairs : stageCounts.candidate;
  const more = stage.minRequests - (isAtStage ? seen : 0);
  if (more > 0) yield { kind: "requests", of, more };
  const ms = run.stageSince + stage.minMs - now;
  if (ms > 0) yield { kind: "time", ms };
  if (!stage.proof) return;
  const proof = isAtStage ? facts.proof() : undefined;
  const { margin, each } = run.policy.proof;
  if (!proof?.isProved)
    yield { kind: "proof", margin, more: proof?.moreNeeded, hasData: proof !== undefined, each };
}

/** The stage that it stands at. */
export function stageOf({ policy, stage }: Pick<Run, "policy" | "stage">): Stage {
  const found = policy.stages[stage];
  if (found === undefined) throw new RangeError(`a run has no stage ${stage}`);
  return found;
}

/** A need as a person reads it, after "It waits for". */
export function needText(need: Need): string {
  switch (need.kind) {
    case "ended":
      return "a person to start it anew";
    case "resume":
      return "a person to resume it";
    case "verdict":
      return "a person to decide on its verdict: to roll it back, or to promote it all the same";
    case "hand":
      return "a person to resume it, as its weight was set by hand";
    case "store":
      return "the store to answer: until then nobody knows what all replicas see";
    case "configuration":
      return "a person, as the configuration is not the one it was started with: roll it back and start it anew";
    case "requests":
      return `${count(need.more, need.of === "pairs" ? "more pair" : "more request")}${need.of === "pairs" ? " of answers to compare" : " of the candidate"}`;
    case "time":
      return `${timeText(need.ms)} more at this stage`;
    case "proof":
      return proofText(need);
    case "best":
      return `a side to be the better one with a probability of ${rounded(need.confidence)} (the candidate's is ${rounded(need.probability)})`;
    case "soak":
      return `${timeText(need.ms)} of staying well`;
    case "hold":
      return "a person to promote it: it has passed all its stages";
  }
}

function proofText({ margin, more, hasData, each }: Extract<Need, { kind: "proof" }>): string {
  const what = `proof that failed and unusable answers are at most ${rounded(margin * 100)} points more`;
  if (!hasData) return `${what}: nothing is known yet`;
  if (more === undefined) return `${what}: by what is known, no number of requests is likely to give it`;
  return `${what}: about ${count(Math.max(1, more), each === "key" ? "more sticky key" : "more request")} of the candidate`;
}

function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? count(seconds, "second") : duration(seconds / 86_400);
}
