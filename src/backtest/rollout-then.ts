import { isUnknown } from "../domain/rollout.ts";
import type { Change } from "../rollouts/run.ts";
import { changeIn } from "../rollouts/stored-run.ts";
import type { RolloutStore } from "../store/rollout-store.ts";
import type { StoredCapture } from "../store/store.ts";
import type { KeptUse } from "./rule-set.ts";
import type { WhyChange, WhyRollout } from "./why-document.ts";

const MOST_CHANGES = 1000;

/**
 * Where the rollout of a request stood then, what had set its share, and what became of its run.
 * @param use of the rule that took it, where it is known
 * @throws StoreError
 */
export async function rolloutThen(
  store: Pick<RolloutStore, "run" | "rolloutChanges">,
  capture: StoredCapture,
  use: KeptUse | undefined,
): Promise<WhyRollout | undefined> {
  const { rollout, stage, share, run, epoch, at } = capture;
  if (rollout === undefined) return undefined;
  const changes = run === undefined ? [] : await changesOf(store, rollout, run);
  const stored = run === undefined ? undefined : await store.run(run);
  const before = changes.find((change) => change.at <= at && isWeighing(change));
  const ended = changes.find((change) => change.at > at && isEnd(change));
  return {
    rollout,
    side: sideOf(capture, use),
    stage: stage ?? null,
    share: share ?? null,
    run: run ?? null,
    epoch: epoch ?? null,
    known: !isUnknown(capture),
    set_by: before === undefined ? null : shownChange(before),
    ended: ended === undefined ? null : shownChange(ended),
    state: stored?.state ?? null,
  };
}

/** A run that begins at 0% sets it all the same. */
function isWeighing({ action, from, to }: Change): boolean {
  return action === "start" || from.percent !== to.percent;
}

function isEnd({ to }: Change): boolean {
  return to.state === "rolled_back" || to.state === "promoted";
}

/** Newest first. */
async function changesOf(
  store: Pick<RolloutStore, "rolloutChanges">,
  rollout: string,
  run: string,
): Promise<readonly Change[]> {
  const changes = await store.rolloutChanges({ rollout, limit: MOST_CHANGES });
  return changes.filter((change) => change.run === run).flatMap((change) => changeIn(change) ?? []);
}

function sideOf({ decided }: StoredCapture, use: KeptUse | undefined): WhyRollout["side"] {
  if (use?.kind !== "rollout") return null;
  return decided === use.candidate ? "candidate" : "control";
}

function shownChange({ at, action, by, reason, ground, from, to, verdict }: Change): WhyChange {
  return {
    at: new Date(at).toISOString(),
    action,
    by,
    reason: reason ?? null,
    ground: ground ?? null,
    guardrail: verdict?.guardrail ?? null,
    from_percent: from.percent,
    to_percent: to.percent,
  };
}
