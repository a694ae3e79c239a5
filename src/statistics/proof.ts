import { gammaln } from "simple-statistics";
import type { Interval } from "../domain/statistics.ts";

/** What was seen of a side: `events` of `count`. */
export interface Seen {
  readonly count: number;
  readonly events: number;
}

/** The chance that a proof is given though the candidate is worse by the margin or more. Half of it for each side's bound. */
const ERROR = 0.05;
const MOST_TIMES = 1e6;

/**
 * Bounds of a share that hold at all looks together with the confidence 1 - alpha, however often one looks.
 *
 * The shares p for which ln B(s + 1/2, n - s + 1/2) - ln B(1/2, 1/2) - s ln p - (n - s) ln(1 - p) is below ln(1/alpha): the
 * likelihood mixed over Jeffreys' prior against that of p, a nonnegative martingale for the true p. H. Robbins,
 * "Statistical Methods Related to the Law of the Iterated Logarithm", Annals of Mathematical Statistics 41 (1970).
 */
export function shareBounds({ count, events }: Seen, alpha: number): Interval {
  if (count === 0) return { low: 0, high: 1 };
  const mixed = logBeta(events + 0.5, count - events + 0.5) - Math.log(Math.PI);
  const limit = -Math.log(alpha);
  const isInside = (p: number): boolean => mixed - xLogY(events, p) - xLogY(count - events, 1 - p) < limit;
  const middle = events / count;
  return {
    low: events === 0 ? 0 : edge(middle, 0, isInside),
    high: events === count ? 1 : edge(middle, 1, isInside),
  };
}

/** Bounds of the candidate's share minus the control's, that hold at all looks together with a confidence of 95 %. */
export function differenceBounds(control: Seen, candidate: Seen): Interval {
  const ofControl = shareBounds(control, ERROR / 2);
  const ofCandidate = shareBounds(candidate, ERROR / 2);
  return { low: ofCandidate.low - ofControl.high, high: ofCandidate.high - ofControl.low };
}

/** Is the candidate's share proved to be larger by less than the margin? Wrongly with a chance of 5 % at most. */
export function isProved(control: Seen, candidate: Seen, margin: number): boolean {
  return differenceBounds(control, candidate).high < margin;
}

/**
 * More of the candidate's until it likely is proved, if both sides go on as they did.
 * @returns 0: it is; undefined: not by a million times as many, or there is nothing of one side yet
 */
export function moreToProve(control: Seen, candidate: Seen, margin: number): number | undefined {
  if (isProved(control, candidate, margin)) return 0;
  if (control.count === 0 || candidate.count === 0) return undefined;
  const provedAt = (times: number): boolean =>
    isProved(scaled(control, times), scaled(candidate, times), margin);
  let above = 2;
  while (!provedAt(above)) {
    if (above >= MOST_TIMES) return undefined;
    above *= 2;
  }
  let below = above / 2;
  while (above - below > 0.01 * below) {
    const middle = (above + below) / 2;
    if (provedAt(middle)) above = middle;
    else below = middle;
  }
  return Math.ceil((above - 1) * candidate.count);
}

function scaled({ count, events }: Seen, times: number): Seen {
  return { count: count * times, events: events * times };
}

/** Where it stops to be inside, on the way from a share that is to one that is not. */
function edge(inside: number, outside: number, isInside: (p: number) => boolean): number {
  let [near, far] = [inside, outside];
  for (let i = 0; i < 50; i++) {
    const middle = (near + far) / 2;
    if (isInside(middle)) near = middle;
    else far = middle;
  }
  return far;
}

function logBeta(a: number, b: number): number {
  return gammaln(a) + gammaln(b) - gammaln(a + b);
}

function xLogY(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}
