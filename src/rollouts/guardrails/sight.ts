import { baseRate, moreToSee, smallestShareSeen } from "../../statistics/requests-needed.ts";
import type { Evidence } from "../run.ts";
import type { EventTest } from "./event-test.ts";
import type { Tallies } from "./guard.ts";

type Sight = Pick<Evidence, "neededRequests" | "sees">;

/** What a test of events would have seen by now. @param what of which requests, in words */
export function eventSight(
  test: EventTest,
  level: number,
  { control, candidate }: Tallies,
  ratio: number,
  what = "",
): Sight {
  const sight = {
    controlRequests: control.count,
    candidateRequests: candidate.count,
    controlEvents: test.controlEvents(level),
    ratio,
    logNeeded: test.logNeeded,
  };
  const share = smallestShareSeen(sight);
  // None seen is not none: half an event is assumed.
  const base = sight.controlEvents === 0 ? "about 0%" : percentText(baseRate(sight));
  return {
    neededRequests: moreToSee(sight),
    sees: share === undefined ? undefined : `${percentText(share)}${what} instead of ${base}`,
  };
}

/** @param share 0 to 1 */
export function percentText(share: number): string {
  return `${rounded(share * 100)}%`;
}

/** To three digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
