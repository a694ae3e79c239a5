import type { Rollout } from "../domain/rollout.ts";
import { rolloutState } from "./errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { isOpen, stageOf } from "./needs.ts";
import type { Asked } from "./rollouts.ts";
import type { Action, Change, Ground, Known, PauseCause, Point, Run, Verdict } from "./run.ts";

/** Every change of a run, with its entry for the audit trail. Pure. */

/** Who changes it and when, and what is known at that moment. */
export interface Deed extends Asked, Known {
  /** Of the change. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Changed {
  readonly run: Run;
  readonly change: Change;
}

/** Name of the gateway itself in the audit trail. */
export const GATEWAY = "crossover";

/**
 * A new run at a stage.
 * @param before the newest run until now
 * @throws GatewayError 409 while that is open
 */
export function started(
  rollout: Rollout,
  stage: number,
  before: Run | undefined,
  deed: Deed & { readonly run: string },
): Changed {
  if (before !== undefined && isOpen(before))
    throw rolloutState(
      `It is ${words(before)} already. Roll it back or promote it first; then it can be started anew.`,
    );
  const { policy } = rollout;
  const { percent, shadowPercent } = stageOf({ policy, stage });
  const run: Run = {
    id: deed.run,
    rollout: rollout.name,
    revision: 1,
    startedAt: deed.at,
    changedAt: deed.at,
    state: "running",
    cause: undefined,
    control: rollout.control.name,
    candidate: rollout.candidate.name,
    fingerprint: fingerprintOf(rollout),
    policy,
    sticky: rollout.sticky !== undefined,
    stage,
    epoch: 0,
    percent,
    shadowPercent,
    byHand: false,
    stageSince: deed.at,
    readySince: undefined,
    verdict: undefined,
    promotedOn: undefined,
  };
  return { run, change: changeOf("start", before, run, deed) };
}

/** It keeps its weight and is judged on. @throws GatewayError 409 for one that is not running */
export function paused(run: Run, cause: PauseCause, deed: Deed): Changed {
  if (run.state !== "running")
    throw rolloutState(`It is ${words(run)}: only one that is running can be paused.`);
  return moved("pause", run, { state: "paused", cause, readySince: undefined }, deed);
}

/** A guardrail was crossed, and a person is to decide. One that is paused already gets the verdict too. @throws GatewayError 409 */
export function stopped(run: Run, cause: PauseCause, verdict: Verdict, deed: Deed): Changed {
  refuseEnded(run);
  return moved("pause", run, { state: "paused", cause, verdict, readySince: undefined }, deed, { verdict });
}

/**
 * On from where it stands; a weight that was lowered by hand goes back to its stage's.
 * @param fits does the configuration have what it was started with?
 * @throws GatewayError 409 for one that is neither paused nor of a weight by hand, or that may not go on
 */
export function resumed(run: Run, fits: boolean, deed: Deed): Changed {
  if (!isOpen(run) || (run.state === "running" && !run.byHand))
    throw rolloutState(`It is ${words(run)}: only one that is paused can be resumed.`);
  if (run.verdict !== undefined)
    throw rolloutState(
      `The guardrail \`${run.verdict.guardrail}\` was crossed, and that verdict stands. Roll it back and start it anew, or promote it all the same.`,
    );
  if (!fits)
    throw rolloutState(
      "The configuration has another control, candidate or policy than it was started with. Roll it back and start it anew.",
    );
  if (run.percent === 100)
    throw rolloutState(
      "At 100% there is no control left to judge it by: promote it, or set a lower weight first.",
    );
  const { percent, shadowPercent } = stageOf(run);
  const weight = { percent: Math.max(percent, run.percent), shadowPercent };
  return moved("resume", run, { state: "running", cause: undefined, byHand: false, ...weight }, deed);
}

/** All traffic to the candidate. @throws GatewayError 409 for one that has ended */
export function promoted(run: Run, ground: Ground, deed: Deed): Changed {
  refuseEnded(run);
  return moved(
    "promote",
    run,
    { state: "promoted", cause: undefined, percent: 100, shadowPercent: 0, promotedOn: ground },
    deed,
    { ground },
  );
}

/** All traffic to the control. @throws GatewayError 409 for one that is rolled back */
export function rolledBack(
  run: Run,
  deed: Deed,
  why: { readonly verdict?: Verdict | undefined; readonly ground?: Ground | undefined } = {},
): Changed {
  if (run.state === "rolled_back") throw rolloutState("It is rolled back already.");
  const verdict = why.verdict ?? run.verdict;
  return moved(
    "rollback",
    run,
    { state: "rolled_back", cause: undefined, percent: 0, shadowPercent: 0, verdict },
    deed,
    why,
  );
}

/** A person gives the candidate a share; it does not grow until somebody resumes. @throws GatewayError 409 for one that has ended */
export function weighed(run: Run, percent: number, deed: Deed): Changed {
  refuseEnded(run);
  return moved("set-weight", run, { percent, byHand: true, readySince: undefined }, deed, {
    ground: "person",
  });
}

/** The allocation gives the candidate another share. @throws GatewayError 409 for a run that has ended */
export function allocated(run: Run, percent: number, deed: Deed): Changed {
  refuseEnded(run);
  return moved("set-weight", run, { percent }, deed, { ground: "best_arm" });
}

/** On to a stage. @throws GatewayError 409 for a run that has ended */
export function advanced(run: Run, stage: number, ground: Ground, deed: Deed): Changed {
  refuseEnded(run);
  const { percent, shadowPercent } = stageOf({ policy: run.policy, stage });
  const next = { stage, percent, shadowPercent, stageSince: deed.at, readySince: undefined };
  return moved("advance", run, next, deed, { ground });
}

/** It has all that the next stage needs, or has it no longer. Nothing that the audit trail is for. */
export function marked(run: Run, readySince: number | undefined): Run {
  return { ...run, revision: run.revision + 1, readySince };
}

function refuseEnded(run: Run): void {
  if (!isOpen(run)) throw rolloutState(`It is ${words(run)}, and stays so until it is started anew.`);
}

function moved(
  action: Action,
  before: Run,
  to: Partial<Run>,
  deed: Deed,
  why: Partial<Pick<Change, "ground" | "verdict">> = {},
): Changed {
  const after = { ...before, ...to };
  const isOtherWeight = after.percent !== before.percent || after.shadowPercent !== before.shadowPercent;
  const run: Run = {
    ...after,
    revision: before.revision + 1,
    changedAt: deed.at,
    epoch: before.epoch + (isOtherWeight ? 1 : 0),
  };
  return { run, change: changeOf(action, before, run, deed, why) };
}

function changeOf(
  action: Action,
  before: Run | undefined,
  after: Run,
  { id, at, by, reason, evidence, proof, pairs, adaptive }: Deed,
  { ground, verdict }: Partial<Pick<Change, "ground" | "verdict">> = {},
): Change {
  return {
    id,
    run: after.id,
    rollout: after.rollout,
    at,
    action,
    by,
    reason,
    from: before === undefined ? NOWHERE : pointOf(before),
    to: pointOf(after),
    ground,
    verdict,
    evidence,
    proof,
    pairs,
    adaptive,
  };
}

const NOWHERE: Point = { state: "none", stage: undefined, percent: 0 };

function pointOf({ state, stage, percent }: Run): Point {
  return { state, stage, percent };
}

/** Where a run is, as a sentence has it. */
function words({ state, stage, percent }: Run): string {
  switch (state) {
    case "running":
      return `running at stage ${stage + 1} with ${percent}%`;
    case "paused":
      return `paused at stage ${stage + 1} with ${percent}%`;
    case "promoted":
      return "promoted";
    case "rolled_back":
      return "rolled back";
  }
}
