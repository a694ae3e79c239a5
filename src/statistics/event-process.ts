import { z } from "zod";
import type { Side } from "../domain/rollout.ts";

/** How many times worse than allowed the candidate may turn out to be: a bet is put on each. */
export const WORSE = [1.25, 2, 5, 20] as const;

export const eventProcessState = z.array(z.number());

/**
 * Whose bad event was it? Evidence, valid at every look, that a candidate has more of them than `ratio` times the control's.
 *
 * Rates are not compared. When there is an event, the chance that it is the candidate's is at most rho r / (rho r + 1 - rho),
 * with rho the candidate's share of the requests and r the ratio, whatever the rate of events is at that moment: what hits
 * both sides cancels. The evidence is the mean, over how many times worse the candidate could be, of the likelihood ratios of
 * the events until now. It is a nonnegative supermartingale that starts at 1 while the candidate is no worse, so that it
 * ever reaches 1/alpha with a chance of at most alpha (Ville).
 *
 * Discrete and one-sided form of M. Lindon and A. Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022,
 * arXiv:2011.03567; used for canaries in M. Lindon, C. Sanden and V. Shirikian, "Rapid Regression Detection in Software
 * Deployments through Sequential Testing", KDD 2022, arXiv:2205.14762.
 *
 * Events are taken in the order in which they come. While a burst of failures begins, the side that fails faster shows more
 * of them: a candidate that does so by much longer than events are apart looks worse for that while.
 *
 * With several `levels` (such as thresholds of a latency) each has events of its own, and the evidence is their mean.
 */
export class EventProcess {
  readonly #ratio: number;
  readonly #grid: readonly number[];
  /** Log likelihood ratios: those of the first level, then those of the second. */
  readonly #logs: Float64Array;
  /** The largest of each level. */
  readonly #tops: Float64Array;
  /** What an event adds at the share that was looked at last. */
  readonly #byCandidate: Float64Array;
  readonly #byControl: Float64Array;
  #share = Number.NaN;
  #bound = 0;

  constructor(ratio: number, levels = 1, grid: readonly number[] = WORSE) {
    this.#ratio = ratio;
    this.#grid = grid;
    this.#logs = new Float64Array(levels * grid.length);
    this.#tops = new Float64Array(levels);
    this.#byCandidate = new Float64Array(grid.length);
    this.#byControl = new Float64Array(grid.length);
  }

  /** @param share of the requests that the candidate had when the one with the event was assigned, above 0 and below 1 */
  event(level: number, side: Side, share: number): void {
    if (share !== this.#share) this.#weigh(share);
    this.#add(level, side === "candidate" ? this.#byCandidate : this.#byControl);
  }

  /**
   * A request that both sides answered, of which one or both had an event.
   *
   * Where both had, the bet pays 1 + k (1 - r), with k = (g - 1) / (r g + 1): then a pair's bet is fair exactly where the
   * candidate's share of events is r times the control's. Leaving such pairs out, as McNemar's test does, is that only for
   * r = 1: otherwise failures that both have (a hard prompt) would count against the candidate.
   */
  pair(level: number, controlHad: boolean, candidateHad: boolean): void {
    if (controlHad !== candidateHad) this.event(level, candidateHad ? "candidate" : "control", 0.5);
    else if (controlHad) {
      const size = this.#grid.length;
      for (let i = 0; i < size; i++) {
        const times = this.#grid[i] ?? 1;
        const stake = (times - 1) / (this.#ratio * times + 1);
        const at = level * size + i;
        this.#logs[at] = (this.#logs[at] ?? 0) + Math.log1p(stake * (1 - this.#ratio));
      }
      this.#findTop(level);
    }
  }

  /** Natural logarithm of the evidence. */
  get logEvidence(): number {
    return logMeanExp(this.#logs);
  }

  /** The evidence's logarithm is no larger. Cheaper to have. */
  get bound(): number {
    return this.#bound;
  }

  /** Starts anew with evidence of 1. */
  reset(): void {
    this.#logs.fill(0);
    this.#tops.fill(0);
    this.#bound = 0;
  }

  state(): z.infer<typeof eventProcessState> {
    return [...this.#logs];
  }

  restore(state: z.infer<typeof eventProcessState>): void {
    if (state.length !== this.#logs.length) throw new Error("an event process of another shape");
    this.#logs.set(state);
    for (let level = 0; level < this.#tops.length; level++) this.#findTop(level);
  }

  #weigh(share: number): void {
    const worst = share * this.#ratio + 1 - share;
    this.#grid.forEach((times, i) => {
      const odds = Math.log(worst / (share * this.#ratio * times + 1 - share));
      this.#byControl[i] = odds;
      this.#byCandidate[i] = Math.log(times) + odds;
    });
    this.#share = share;
  }

  #add(level: number, gains: Float64Array): void {
    const logs = this.#logs;
    const size = gains.length;
    let at = level * size;
    let top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < size; i++, at++) {
      const log = (logs[at] ?? 0) + (gains[i] ?? 0);
      logs[at] = log;
      if (log > top) top = log;
    }
    this.#top(level, top);
  }

  #top(level: number, top: number): void {
    const tops = this.#tops;
    tops[level] = top;
    let bound = top;
    for (let i = 0; i < tops.length; i++) {
      const other = tops[i] ?? 0;
      if (other > bound) bound = other;
    }
    this.#bound = bound;
  }

  #findTop(level: number): void {
    const size = this.#grid.length;
    this.#top(level, Math.max(...this.#logs.subarray(level * size, (level + 1) * size)));
  }
}

/** Logarithm of the mean of what the numbers are logarithms of. */
export function logMeanExp(logs: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const log of logs) if (log > top) top = log;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - top);
  return top + Math.log(sum / logs.length);
}
