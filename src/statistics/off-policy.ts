import { CONFIDENCE, type Interval, reachOf } from "../domain/statistics.ts";
import { type LoggedRow, weightOf } from "./logged-row.ts";
import { crossFitted } from "./outcome-model.ts";
import { type Lack, lacksOf, type Support, supportOf } from "./support.ts";

export interface Mean {
  readonly value: number;
  /** With 95% confidence, within the range. */
  readonly interval: Interval;
}

/** The mean reward that a policy would have had. */
export interface PolicyValue extends Mean {
  /** That minus the logged mean. What both have in common is no part of its uncertainty. */
  readonly change: Mean;
}

export interface OffPolicyAnswer {
  /** Of the policy that was in force. Undefined: there are no rows. */
  readonly logged: Mean | undefined;
  readonly support: Support;
  /** Why the log can't tell; empty: it can. */
  readonly lacks: readonly Lack[];
  /** Undefined where the log can't tell. */
  readonly estimates: { readonly snips: PolicyValue; readonly doublyRobust: PolicyValue } | undefined;
}

/**
 * What another policy would have earned on logged traffic, by two estimators that rest on the same weights
 * w = target odds / logged odds:
 * - self-normalised inverse propensity scoring, sum(w r) / sum(w): Swaminathan and Joachims, "The Self-Normalized
 *   Estimator for Counterfactual Learning", NeurIPS 2015;
 * - doubly robust, mean(q(x, target)) + sum(w (r - q(x, a))) / sum(w) with a cross-fitted q: Dudik, Langford and Li,
 *   "Doubly Robust Policy Evaluation and Learning", ICML 2011. Its correction is self-normalised too, as in Thomas and
 *   Brunskill, "Data-Efficient Off-Policy Policy Evaluation for Reinforcement Learning", ICML 2016.
 * Intervals are normal ones, with variances clustered by unit. Where the log can't tell, it says so and does not guess.
 * @param range of the rewards
 * @throws RangeError for a row whose action was chosen without odds
 */
export function offPolicy(rows: readonly LoggedRow[], range: Interval): OffPolicyAnswer {
  const weights = rows.map(weightOf);
  const support = supportOf(rows, weights);
  const lacks = lacksOf(support);
  if (rows.length === 0) return { logged: undefined, support, lacks, estimates: undefined };
  const ends = endsOf(rows, range);
  const rewards = rows.map(({ reward }) => reward);
  const ones = rows.map(() => 1);
  const logged = weightedMean(rewards, ones);
  const told = { logged: meanOf(rows, logged, fringe(ends, logged.value), range), support, lacks };
  if (lacks.length > 0) return { ...told, estimates: undefined };
  const policyValue = (estimate: Estimate): PolicyValue => {
    const aside = fringe(ends, estimate.value);
    const heaviest = support.largestWeight * estimate.scale;
    return {
      ...meanOf(rows, estimate, heaviest * aside, range),
      change: meanOf(rows, minus(estimate, logged), Math.max(0, heaviest - 1) * aside, differences(range)),
    };
  };
  return {
    ...told,
    estimates: {
      snips: policyValue(weightedMean(rewards, weights)),
      doublyRobust: policyValue(robustMean(rows, weights)),
    },
  };
}

/** A mean of scores. */
interface Estimate {
  readonly value: number;
  /** By how much each row moves it, times the number of rows. */
  readonly influences: readonly number[];
  /** What a weight of 1 counts. */
  readonly scale: number;
}

function weightedMean(scores: readonly number[], weights: readonly number[]): Estimate {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const value = scores.reduce((total, score, index) => total + score * (weights[index] ?? 0), 0) / sum;
  const scale = scores.length / sum;
  const influences = scores.map((score, index) => (weights[index] ?? 0) * scale * (score - value));
  return { value, influences, scale };
}

function plus(one: Estimate, other: Estimate): Estimate {
  const influences = one.influences.map((influence, index) => influence + (other.influences[index] ?? 0));
  return { value: one.value + other.value, influences, scale: one.scale };
}

function minus(one: Estimate, other: Estimate): Estimate {
  const influences = one.influences.map((influence, index) => influence - (other.influences[index] ?? 0));
  return { value: one.value - other.value, influences, scale: one.scale };
}

/** The model's mean under the target, and the weighted mean of what the model got wrong. */
function robustMean(rows: readonly LoggedRow[], weights: readonly number[]): Estimate {
  const predict = crossFitted(rows);
  const expected = rows.map((row) => {
    let sum = 0;
    for (const [action, odds] of row.target) if (odds > 0) sum += odds * predict(row, action);
    return sum;
  });
  const errors = rows.map((row) => row.reward - predict(row, row.action));
  const direct = weightedMean(
    expected,
    rows.map(() => 1),
  );
  return plus(weightedMean(errors, weights), direct);
}

/** @param unseen how far the rows that were not seen by chance may be off, as an influence */
function meanOf(
  rows: readonly LoggedRow[],
  { value, influences }: Estimate,
  unseen: number,
  range: Interval,
): Mean {
  const error = Math.hypot(clusteredDeviation(rows, influences), unseen) / rows.length;
  const reach = reachOf(CONFIDENCE) * error;
  const within = (end: number): number => Math.min(range.high, Math.max(range.low, end));
  return { value: within(value), interval: { low: within(value - reach), high: within(value + reach) } };
}

/** Standard deviation of the sum of the influences: rows of one unit are one draw. */
function clusteredDeviation(rows: readonly LoggedRow[], influences: readonly number[]): number {
  const sums = new Map<string, number>();
  let draws = 0;
  let squares = 0;
  for (const [index, { unit }] of rows.entries()) {
    const influence = influences[index] ?? 0;
    if (unit === undefined) {
      draws++;
      squares += influence ** 2;
    } else sums.set(unit, (sums.get(unit) ?? 0) + influence);
  }
  for (const sum of sums.values()) squares += sum ** 2;
  draws += sums.size;
  return Math.sqrt((squares * draws) / Math.max(1, draws - 1));
}

/**
 * An interval that rests on a hundred rows of which none failed would have no width. It is made as wide as if one more
 * row had been at each end, as Agresti and Coull add two for a share ("Approximate Is Better than Exact", 1998).
 */
function fringe({ low, high }: Interval, value: number): number {
  return Math.hypot(value - low, high - value);
}

/** Between which the rewards fall; within the whole range where they are all alike. */
function endsOf(rows: readonly LoggedRow[], range: Interval): Interval {
  const low = rows.reduce((least, { reward }) => Math.min(least, reward), range.high);
  const high = rows.reduce((most, { reward }) => Math.max(most, reward), range.low);
  return low < high ? { low, high } : range;
}

function differences({ low, high }: Interval): Interval {
  return { low: low - high, high: high - low };
}
