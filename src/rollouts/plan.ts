import { percentOf } from "../domain/rollout.ts";
import { allocation } from "../statistics/bandit.ts";
import {
  blocker,
  type Facts,
  isToFail,
  lacking,
  type Need,
  needText,
  type Situation,
  stageOf,
} from "./needs.ts";
import type { Ground, PauseCause, Run } from "./run.ts";

/** What is to be done with a run now. */
export type Step =
  /** Nothing: `waitsFor` tells why. */
  | { readonly kind: "wait" }
  /** It has all that the next stage needs from now on, or has it no longer (undefined). */
  | { readonly kind: "mark"; readonly readySince: number | undefined }
  | { readonly kind: "advance"; readonly stage: number; readonly ground: Ground }
  | { readonly kind: "promote"; readonly ground: Ground }
  /** Adaptive: another weight, 0 to 100. */
  | { readonly kind: "weigh"; readonly percent: number }
  /** Adaptive: the control is the better one. */
  | { readonly kind: "retire" }
  /** A guardrail was crossed. */
  | { readonly kind: "roll_back" }
  | { readonly kind: "pause"; readonly cause: PauseCause };

/** An adaptive weight moves no more often than this, in milliseconds. */
const WEIGH_EVERY_MS = 60_000;

/**
 * The next step of a run. Pure: the simulation takes the same ones. A paused run is judged on and does not grow; nor does
 * one that is blind, whose weight a person set, or that the configuration does not fit.
 */
export function plan(run: Run, facts: Facts, situation: Situation): Step {
  const { alarm } = facts;
  if (alarm !== undefined && isToFail(run, facts)) return failing(run, alarm);
  if (run.state === "running" && !situation.fits) return { kind: "pause", cause: "configuration" };
  if (blocker(run, situation) !== undefined) return { kind: "wait" };
  const isLacking = lacking(run, facts, situation).next().done === false;
  if (run.policy.adaptive !== undefined) return adapting(run, facts, situation, isLacking);
  if (isLacking)
    return run.readySince === undefined ? { kind: "wait" } : { kind: "mark", readySince: undefined };
  const { soakMs } = stageOf(run);
  if (soakMs > 0 && run.readySince === undefined) return { kind: "mark", readySince: situation.now };
  if (soakLeft(run, situation.now) > 0) return { kind: "wait" };
  // Without a request at this stage, what is proved is of the one before.
  const isProved = facts.stageCounts.stage === run.stage && facts.proof()?.isProved === true;
  const ground = isProved ? "proved" : "no_alarm";
  const stage = nextStage(run);
  if (stage !== undefined) return { kind: "advance", stage, ground };
  return run.policy.onSuccess === "hold" ? { kind: "wait" } : { kind: "promote", ground };
}

/** What the next step waits for, in words; empty: nothing, or the run has ended. */
export function waitsFor(run: Run, facts: Facts, situation: Situation): readonly string[] {
  return needs(run, facts, situation).map(needText);
}

function needs(run: Run, facts: Facts, situation: Situation): readonly Need[] {
  const blocked = blocker(run, situation);
  if (blocked !== undefined) return blocked.kind === "ended" ? [] : [blocked];
  const unseen = [...lacking(run, facts, situation)];
  if (run.policy.adaptive !== undefined) return unseen.length === 0 ? held(run) : unseen;
  const ms = soakLeft(run, situation.now);
  if (ms > 0) unseen.push({ kind: "soak", ms });
  return unseen.length === 0 && nextStage(run) === undefined ? held(run) : unseen;
}

function held({ policy }: Run): readonly Need[] {
  return policy.onSuccess === "hold" ? [{ kind: "hold" }] : [];
}

function failing({ policy }: Run, { kind }: NonNullable<Facts["alarm"]>): Step {
  // With the wrong shares no verdict can be trusted: neither for nor against the candidate.
  if (kind === "sample_ratio") return { kind: "pause", cause: "sample_ratio" };
  return policy.onFailure === "rollback" ? { kind: "roll_back" } : { kind: "pause", cause: "guardrail" };
}

function soakLeft(run: Run, now: number): number {
  const { soakMs } = stageOf(run);
  return run.readySince === undefined ? soakMs : run.readySince + soakMs - now;
}

/** The next stage that takes nothing from the candidate, below 100 %; undefined: the promotion is next. */
function nextStage({ policy, stage, percent }: Run): number | undefined {
  const next = policy.stages.findIndex((one, index) => index > stage && one.percent >= percent);
  return next === -1 || policy.stages[next]?.percent === 100 ? undefined : next;
}

function adapting(run: Run, facts: Facts, { now }: Situation, isLacking: boolean): Step {
  const { adaptive, onSuccess } = run.policy;
  const summary = facts.adaptive();
  if (adaptive === undefined || summary === undefined) return { kind: "wait" };
  if (!isLacking) {
    if (summary.best === "control") return { kind: "retire" };
    return onSuccess === "hold" ? { kind: "wait" } : { kind: "promote", ground: "best_arm" };
  }
  // Users stay where they are: the weight may not shrink.
  const atLeast = run.sticky ? run.percent / 100 : undefined;
  const share = allocation(summary.probabilityBetter, { floor: adaptive.floor, atLeast });
  const least = percentOf(adaptive.floor);
  const percent = Math.min(100 - least, Math.max(least, Math.round(share * 100)));
  const isDue = now >= run.changedAt + WEIGH_EVERY_MS && Math.abs(percent - run.percent) >= 1;
  return isDue ? { kind: "weigh", percent } : { kind: "wait" };
}
