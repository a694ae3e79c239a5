import { wilsonInterval } from "../../src/domain/statistics.ts";
import type { Goal, Runs } from "./scenario.ts";

/** Runs of which a full simulation has enough for the goals as they are stated. */
const MANY = 300;
/** With so few, a goal may be missed by chance in one of a hundred simulations. */
const CHANCE = 0.01;
const CHANCE_DEVIATIONS = 2.33;

/** At most so many of `trials` have an event of probability `p`, but for one time in a hundred. */
export function mostOf(trials: number, p: number): number {
  let chance = (1 - p) ** trials;
  let sum = chance;
  let count = 0;
  while (sum < 1 - CHANCE && count < trials) {
    chance *= ((trials - count) / (count + 1)) * (p / (1 - p));
    count++;
    sum += chance;
  }
  return count;
}

/** Runs with a figure are as rare as they should be, as far as so many runs can tell. @param p at most, 0 to 1 */
export function rare(what: string, runs: Runs, name: string, p: number): Goal {
  const most = mostOf(runs.count, p);
  const count = runs.having(name);
  return {
    what,
    measured: `${count} of ${runs.count.toLocaleString("en")}`,
    goal: `at most ${most} (${percent(p)})`,
    isMet: count <= most,
  };
}

/** Runs with a figure are as frequent as they should be. @param p at least, 0 to 1 */
export function frequent(what: string, runs: Runs, count: number, p: number): Goal {
  const least = runs.count >= MANY ? Math.ceil(p * runs.count) : runs.count - mostOf(runs.count, 1 - p);
  return {
    what,
    measured: `${count} of ${runs.count.toLocaleString("en")}`,
    goal: `at least ${least} (${percent(p)})`,
    isMet: count >= least,
  };
}

/** A quantile of a figure is small enough. */
export function within(what: string, runs: Runs, name: string, q: number, bound: number): Goal {
  const scaled = runs.count >= MANY ? bound : bound * (1 + slack(runs.count, q));
  const value = runs.quantile(name, q);
  return { what, measured: shown(value), goal: `at most ${shown(scaled)}`, isMet: value <= scaled };
}

/** By how much the quantile of so many delays lies too high by chance, as a share of it: delays are about exponential. */
function slack(count: number, q: number): number {
  return (CHANCE_DEVIATIONS * Math.sqrt(q / (1 - q) / count)) / -Math.log(1 - q);
}

/** A share lies in a range, as far as so many runs can tell. */
export function between(what: string, count: number, trials: number, low: number, high: number): Goal {
  const share = count / trials;
  const seen = wilsonInterval(count, trials, 1 - CHANCE);
  const isMet = trials >= MANY ? share >= low && share <= high : seen.high >= low && seen.low <= high;
  return {
    what,
    measured: percent(share),
    goal: `${percent(low)} to ${percent(high)}`,
    isMet,
  };
}

export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}

/** A number as it is read: whole, or with two digits after the point where it is small. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "never";
  return value < 20 ? String(Number(value.toFixed(2))) : Math.round(value).toLocaleString("en");
}
