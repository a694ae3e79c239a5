import { randomUUID } from "node:crypto";
import type { FollowedRun } from "./followed-run.ts";
import type { Asked } from "./rollouts.ts";
import type { Deed } from "./transitions.ts";

/** A change now. @param followed the run that is changed, with what is known of it; undefined for a new one */
export function deedOf(
  { by, reason }: Asked,
  at: number,
  followed: Pick<FollowedRun, "monitor"> | undefined,
): Deed {
  const evidence = followed?.monitor.evidence() ?? [];
  return { id: newId("chg"), at, by, reason, evidence, proof: followed?.monitor.proof() };
}

export function newId(kind: "run" | "chg"): string {
  return `${kind}_${randomUUID().replaceAll("-", "")}`;
}
