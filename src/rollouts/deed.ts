import { randomUUID } from "node:crypto";
import type { FollowedRun } from "./followed-run.ts";
import type { Monitor } from "./monitor.ts";
import type { Asked } from "./rollouts.ts";
import { type Known, NOTHING_KNOWN } from "./run.ts";
import type { Deed } from "./transitions.ts";

const DAY_MS = 86_400_000;

/** A change now. @param followed the run that is changed, with what is known of it; undefined for a new one */
export function deedOf(
  { by, reason }: Asked,
  at: number,
  followed: Pick<FollowedRun, "monitor"> | undefined,
): Deed {
  const known = followed === undefined ? NOTHING_KNOWN : knownOf(followed.monitor, at);
  return { id: newId("chg"), at, by, reason, ...known };
}

/** @param now milliseconds since 1970, by which today is told */
export function knownOf(monitor: Monitor, now: number): Known {
  return {
    evidence: monitor.evidence(),
    proof: monitor.proof(),
    pairs: monitor.pairs(Math.floor(now / DAY_MS)),
    adaptive: monitor.adaptive(),
  };
}

export function newId(kind: "run" | "chg"): string {
  return `${kind}_${randomUUID().replaceAll("-", "")}`;
}
