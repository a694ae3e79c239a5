import { errorFunction } from "simple-statistics";
import type { Side } from "../domain/rollout.ts";
import type { Sums } from "../domain/statistics.ts";

/** The rewards of both sides, which lie from 0 to 1. More is better. */
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
interface Allocating {
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
