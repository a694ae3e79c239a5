import type { Standing, Standings } from "../domain/rollout.ts";
import { runIn } from "../rollouts/stored-run.ts";
import type { StoredRun } from "../store/rollout-store.ts";

/** Where the newest runs of rollouts stand. Those that can't be read stand at their configured stages. */
export function standingsOf(runs: readonly StoredRun[]): Standings {
  return new Map(runs.flatMap((stored) => standingIn(stored) ?? []));
}

function standingIn(stored: StoredRun): readonly (readonly [string, Standing])[] | undefined {
  const run = runIn(stored);
  if (run === undefined) return undefined;
  const { id, rollout, stage, epoch, percent, shadowPercent } = run;
  return [[rollout, { run: id, stage, epoch, share: percent / 100, shadowShare: shadowPercent / 100 }]];
}
