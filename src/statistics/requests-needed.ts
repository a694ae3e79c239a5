import type { Sums } from "../domain/statistics.ts";
import { varianceOf } from "../domain/statistics.ts";
import { logMeanExp, WORSE } from "./event-process.ts";

/** What is known of a guardrail by events. */
export interface EventSight {
  readonly controlRequests: number;
  readonly candidateRequests: number;
  /** The control's events that counted. */
  readonly controlEvents: number;
  readonly ratio: number;
  /** Logarithm of the evidence that is enough. */
  readonly logNeeded: number;
}

/** So many times as many events as allowed is what `moreToSee` asks for. */
const FAULT = 2;
const MOST_REQUESTS = 1e9;

/**
 * The smallest share of requests with an event that a candidate could have had all the while without being found. It is
 * what the expected evidence would be (A. Wald, "Sequential Analysis", 1947), so right for about half of the runs.
 * @returns undefined: even one that always has the event would not have been found yet
 */
export function smallestShareSeen(sight: EventSight): number | undefined {
  const base = baseRate(sight);
  const seen = (share: number): boolean =>
    expectedLog(sight, share, sight.candidateRequests) >= sight.logNeeded;
  const allowed = Math.min(1, base * sight.ratio);
  return sight.candidateRequests > 0 && seen(1) ? bisect(allowed, 1, seen) : undefined;
}

/**
 * More requests of the candidate, at the share that it had, until one with twice as many events as allowed (or with the
 * event always, if that is fewer) would likely be found.
 * @returns undefined: nobody can tell without requests of both, or it would take more than 10^9
 */
export function moreToSee(sight: EventSight): number | undefined {
  if (sight.candidateRequests === 0 || sight.controlRequests === 0) return undefined;
  const share = Math.min(1, baseRate(sight) * sight.ratio * FAULT);
  const seen = (requests: number): boolean => expectedLog(sight, share, requests) >= sight.logNeeded;
  if (!seen(MOST_REQUESTS)) return undefined;
  return Math.max(0, Math.ceil(bisect(0, MOST_REQUESTS, seen)) - sight.candidateRequests);
}

/** The control's share of requests with an event, guessed with half an event more, as none seen is not none. */
export function baseRate({ controlEvents, controlRequests }: EventSight): number {
  return (controlEvents + 0.5) / (controlRequests + 1);
}

function expectedLog(sight: EventSight, candidateShare: number, candidateRequests: number): number {
  const { controlRequests, ratio } = sight;
  const share = sight.candidateRequests / (sight.candidateRequests + controlRequests);
  if (share === 0 || share === 1) return 0;
  const byCandidate = candidateRequests * candidateShare;
  const byControl = candidateRequests * (1 / share - 1) * baseRate(sight);
  const logs = WORSE.map((times) => {
    const odds = Math.log((share * ratio + 1 - share) / (share * ratio * times + 1 - share));
    return byCandidate * (Math.log(times) + odds) + byControl * odds;
  });
  return logMeanExp(new Float64Array(logs));
}

/**
 * The smallest mean outcome of bets that would likely have been found in those that there were, whose spread is taken as it is.
 * @param sums of the outcomes
 * @returns 0 to 1; undefined: none yet
 */
export function smallestMeanSeen(
  sums: Sums,
  stakes: readonly number[],
  logNeeded: number,
): number | undefined {
  const variance = varianceOf(sums);
  if (variance === undefined) return undefined;
  const seen = (mean: number): boolean => sums.count * growth(mean, variance, stakes) >= logNeeded;
  return seen(1) ? bisect(0, 1, seen) : undefined;
}

/** More bets until a mean outcome likely is found. @returns undefined: nobody can tell yet, or it never is */
export function moreBets(
  sums: Sums,
  mean: number,
  stakes: readonly number[],
  logNeeded: number,
): number | undefined {
  const variance = varianceOf(sums);
  if (variance === undefined) return undefined;
  const each = growth(mean, variance, stakes);
  return each > 0 ? Math.max(0, Math.ceil(logNeeded / each) - sums.count) : undefined;
}

/** What a bet adds to the logarithm of the best gambler's capital, to the second order. */
function growth(mean: number, variance: number, stakes: readonly number[]): number {
  const square = variance + mean * mean;
  return Math.max(...stakes.map((stake) => stake * mean - (stake * stake * square) / 2));
}

/** The least number between the two, to 1 in 10^6 of it, for which the condition holds, as it does for `high`. */
function bisect(low: number, high: number, holds: (value: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1e-6 * above) {
    const middle = (below + above) / 2;
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}
