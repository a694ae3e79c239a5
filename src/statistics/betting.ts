import { z } from "zod";
import type { Sums } from "../domain/statistics.ts";
import { logMeanExp } from "./event-process.ts";

export const bettingState = z.object({
  logs: z.array(z.number()),
  count: z.number(),
  sum: z.number(),
  squares: z.number(),
});

/**
 * The capital of gamblers who each put the same share of theirs on every outcome, from -1 to 1, being above 0. While outcomes
 * are expected to be at most 0, given those before, the mean capital is a nonnegative supermartingale that starts at 1: it
 * ever reaches 1/alpha with a chance of at most alpha (Ville).
 *
 * I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024), arXiv:2010.09686.
 */
export class BettingProcess {
  readonly #stakes: readonly number[];
  readonly #logs: Float64Array;
  #bound = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;

  /** @param stakes above 0 and below 1 */
  constructor(stakes: readonly number[]) {
    this.#stakes = stakes;
    this.#logs = new Float64Array(stakes.length);
  }

  /** @param outcome -1 or more; the more the worse is the candidate */
  bet(outcome: number): void {
    this.#count++;
    this.#sum += outcome;
    this.#squares += outcome * outcome;
    let bound = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#logs.length; i++) {
      const log = (this.#logs[i] ?? 0) + Math.log1p((this.#stakes[i] ?? 0) * outcome);
      this.#logs[i] = log;
      if (log > bound) bound = log;
    }
    this.#bound = bound;
  }

  /** Natural logarithm of the evidence. */
  get logEvidence(): number {
    return logMeanExp(this.#logs);
  }

  /** The evidence's logarithm is no larger. Cheaper to have. */
  get bound(): number {
    return this.#bound;
  }

  /** Of the outcomes. */
  get sums(): Sums {
    return { count: this.#count, sum: this.#sum, squares: this.#squares };
  }

  /** Starts anew with evidence of 1. */
  reset(): void {
    this.#logs.fill(0);
    this.#bound = 0;
    this.#count = 0;
    this.#sum = 0;
    this.#squares = 0;
  }

  state(): z.infer<typeof bettingState> {
    return { logs: [...this.#logs], ...this.sums };
  }

  restore({ logs, count, sum, squares }: z.infer<typeof bettingState>): void {
    if (logs.length !== this.#logs.length) throw new Error("a betting process of another shape");
    this.#logs.set(logs);
    this.#bound = Math.max(...logs);
    this.#count = count;
    this.#sum = sum;
    this.#squares = squares;
  }
}
