import { errorFunction, gammaln } from "simple-statistics";
import type { Side } from "../domain/rollout.ts";
import type { Sums } from "../domain/statistics.ts";

/**
 * The adaptive mode's allocation and its end. Rewards lie from 0 to 1, more is better; all that is kept of them are sums
 * by side.
 */

/** The rewards of both sides. */
export type Rewards = Readonly<Record<Side, Sums>>;

/** A reading from `low` to `high` as a reward; what lies outside counts as the end that it is beyond. */
export function rewardOf(value: number, low: number, high: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/**
 * The probability that the candidate's mean reward is the larger one, given the rewards so far. Thompson, "On the
 * likelihood that one unknown probability exceeds another in view of the evidence of two samples", Biometrika 25 (1933):
 * to serve with this share is to draw from both posteriors and to take the better draw, for each request.
 * For successes, which are 0 or 1, the posteriors are Beta's from a flat prior; for feedback they are normal, from a prior
 * that is worth one reward of 0 and one of 1.
 */
export function probabilityBetter(reward: "success" | "feedback", { control, candidate }: Rewards): number {
  switch (reward) {
    case "success":
      return betaExceeds(betaOf(candidate), betaOf(control));
    case "feedback": {
      const [own, other] = [normalOf(candidate), normalOf(control)];
      return normalProbability((own.mean - other.mean) / Math.sqrt(own.variance + other.variance));
    }
  }
}

/** What an allocation rests on besides the probability. */
export interface Allocating {
  /** Share that each side gets at least, above 0 and below 0.5: both stay known, whatever was seen at first. */
  readonly floor: number;
  /** The candidate's share now, of which nothing is taken back: for sticky assignment. Undefined: it may shrink. */
  readonly atLeast: number | undefined;
}

/**
 * The candidate's share of the requests, from the floor to 1 - floor. Where nothing may be taken back it starts at the
 * floor, and only what the probability has above an even chance makes it grow.
 * @param probability that the candidate is the better one, 0 to 1
 */
export function allocation(probability: number, { floor, atLeast }: Allocating): number {
  if (atLeast === undefined) return within(probability, floor);
  return Math.max(atLeast, within(2 * probability - 1, floor));
}

/**
 * Which side is known to have the larger mean reward, with the wanted confidence; undefined: not known yet. Ask as often
 * as you like: the chance that a wrong side is ever named, or any where both are equal, is at most 1 - confidence,
 * however the shares followed from what was seen.
 */
export function bestOf(rewards: Rewards, confidence: number): Side | undefined {
  if (separation(rewards) < -Math.log1p(-confidence)) return undefined;
  return meanOf(rewards.candidate) > meanOf(rewards.control) ? "candidate" : "control";
}

/**
 * Logarithm of the evidence that the side with the larger mean so far has the larger mean indeed; 0 for none, and never
 * below. It is the generalized likelihood ratio of Garivier & Kaufmann, "Optimal Best Arm Identification with Fixed
 * Confidence" (COLT 2016), with the likelihood of each side's own mean mixed over Jeffreys' prior instead of maximized,
 * as in Kaufmann & Koolen, "Mixture Martingales Revisited with Applications to Sequential Tests and Confidence Intervals"
 * (JMLR 22, 2021):
 *
 *     ln B(s + 1/2, n - s + 1/2) / B(1/2, 1/2), of both sides, minus the largest ln m^S (1-m)^(N-S) of one mean for both.
 *
 * Why that is valid for any rewards from 0 to 1: with mean m, a reward x, and any p, the expectation of
 * (p/m)^x ((1-p)/(1-m))^(1-x) is at most 1, as it is convex in x and 1 for rewards of 0 and 1 (Hoeffding 1963). So each
 * side's mixture over p is a supermartingale, and so is the product of both when the side of each request is chosen by
 * what was seen before. By Ville's inequality it ever exceeds 1/d with chance d at most. The one mean is the worst case
 * of all pairs of means in the other order, or equal, so that the threshold is exactly ln(1/d), with no term for the
 * number of looks.
 *
 * It takes rewards of a side that have one mean given the past: for users with habits, each one's first reward alone.
 * Rewards of little variance are decided on later than their squares would allow; what uses those (empirical Bernstein)
 * needs the order of the rewards and not just their sums.
 */
export function separation({ control, candidate }: Rewards): number {
  if (control.count === 0 || candidate.count === 0) return 0;
  const count = control.count + candidate.count;
  const sum = control.sum + candidate.sum;
  const pooled = xLogY(sum, sum / count) + xLogY(count - sum, (count - sum) / count);
  return Math.max(0, mixed(control) + mixed(candidate) - pooled);
}

/** Logarithm of the likelihood of a side's rewards, mixed over Jeffreys' prior. */
function mixed({ count, sum }: Sums): number {
  return logBeta(sum + 0.5, count - sum + 0.5) - Math.log(Math.PI);
}

function logBeta(a: number, b: number): number {
  return gammaln(a) + gammaln(b) - gammaln(a + b);
}

function xLogY(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}

function meanOf({ count, sum }: Sums): number {
  return sum / count;
}

function within(share: number, floor: number): number {
  return Math.min(1 - floor, Math.max(floor, share));
}

/** The mean's posterior. */
function normalOf({ count, sum, squares }: Sums): { readonly mean: number; readonly variance: number } {
  const n = count + 2;
  const mean = (sum + 1) / n;
  return { mean, variance: Math.max(0, (squares + 1) / n - mean * mean) / n };
}

function normalProbability(z: number): number {
  return (1 + errorFunction(z / Math.SQRT2)) / 2;
}

/** A Beta distribution, over the logarithm of the odds. */
interface Beta {
  readonly a: number;
  readonly b: number;
  readonly mode: number;
  /** Logarithm of its density at the mode, but for what is the same everywhere. */
  readonly peak: number;
}

/** The posterior of a share, from a flat prior. */
function betaOf({ count, sum }: Sums): Beta {
  const [a, b] = [1 + sum, 1 + count - sum];
  const mode = Math.log(a / b);
  return { a, b, mode, peak: logDensity(a, b, mode) };
}

/** Points at which each of two distributions is looked at. */
const POINTS = 128;

/**
 * The probability that a draw from the first exceeds one from the second, right to about 1e-3: their densities summed up
 * over the logarithm of the odds, where both are smooth, at points that are dense where either has its mass.
 */
function betaExceeds(first: Beta, second: Beta): number {
  const points = [...pointsOf(first), ...pointsOf(second)].sort((x, y) => x - y);
  let [before, firstMass, secondMass, exceeds] = [points[0] ?? 0, 0, 0, 0];
  let [ofFirst, ofSecond] = [0, 0];
  for (const point of points) {
    const half = (point - before) / 2;
    exceeds += half * ofFirst * secondMass;
    secondMass += half * ofSecond;
    firstMass += half * ofFirst;
    [before, ofFirst, ofSecond] = [point, density(first, point), density(second, point)];
    secondMass += half * ofSecond;
    firstMass += half * ofFirst;
    exceeds += half * ofFirst * secondMass;
  }
  return Math.min(1, exceeds / (firstMass * secondMass));
}

/** Points that hold all of the distribution but some 1e-10, evenly. */
function pointsOf({ a, b, mode }: Beta): readonly number[] {
  const deviation = Math.sqrt(1 / a + 1 / b);
  const from = mode - 8 * deviation - 25 / a; // its tails are exponential where there are few of a kind
  const to = mode + 8 * deviation + 25 / b;
  return Array.from({ length: POINTS }, (_, index) => from + ((to - from) * index) / (POINTS - 1));
}

/** Relative to the largest. */
function density({ a, b, peak }: Beta, logOdds: number): number {
  return Math.exp(logDensity(a, b, logOdds) - peak);
}

function logDensity(a: number, b: number, logOdds: number): number {
  // ln(1 + e^y) without overflow, of which ln(1 + e^-y) is y less.
  const softPlus = Math.max(0, logOdds) + Math.log1p(Math.exp(-Math.abs(logOdds)));
  return a * logOdds - (a + b) * softPlus;
}
