import { z } from "zod";
import type { Side } from "../domain/rollout.ts";
import { BettingProcess, bettingState } from "./betting.ts";

/** Shares of the capital that are put on the candidate's mean being larger. */
export const MEAN_STAKES = [0.1, 0.3, 0.6, 0.9] as const;

export const meanBettingState = z.object({ betting: bettingState, block: z.array(z.number()) });

/**
 * Is the candidate's mean larger than the control's? Values lie from 0 to 1; a margin is in them already.
 *
 * What one side has is set against what the other has at about the same time: as soon as a block has values of both, their
 * means' difference, from -1 to 1, is one bet. Where a block ends depends on the sides alone, so that a bet's expectation is
 * at most 0 while the candidate's mean is no larger, and the evidence is ever 1/alpha with a chance of at most alpha.
 * (Setting each of the candidate's values against the control's since its last one, as is usual, would waste those that
 * follow each other, which are half of them at a share of 50 %.)
 *
 * After I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024),
 * arXiv:2010.09686. It takes values that are drawn anew: of users with habits only each one's first.
 */
export class MeanBetting {
  readonly #betting = new BettingProcess(MEAN_STAKES);
  #controlCount = 0;
  #controlSum = 0;
  #candidateCount = 0;
  #candidateSum = 0;

  /** @param value 0 to 1; more is worse */
  add(side: Side, value: number): void {
    if (side === "candidate") {
      this.#candidateCount++;
      this.#candidateSum += value;
    } else {
      this.#controlCount++;
      this.#controlSum += value;
    }
    if (this.#controlCount === 0 || this.#candidateCount === 0) return;
    this.#betting.bet(this.#candidateSum / this.#candidateCount - this.#controlSum / this.#controlCount);
    this.dropBlock();
  }

  /** Values that come are measured in another way than those that still wait for the other side's. */
  dropBlock(): void {
    this.#controlCount = 0;
    this.#controlSum = 0;
    this.#candidateCount = 0;
    this.#candidateSum = 0;
  }

  get logEvidence(): number {
    return this.#betting.logEvidence;
  }

  get bound(): number {
    return this.#betting.bound;
  }

  /** Of the bets: what tells how small a fault can be seen. */
  get sums(): BettingProcess["sums"] {
    return this.#betting.sums;
  }

  reset(): void {
    this.#betting.reset();
    this.dropBlock();
  }

  state(): z.infer<typeof meanBettingState> {
    const block = [this.#controlCount, this.#controlSum, this.#candidateCount, this.#candidateSum];
    return { betting: this.#betting.state(), block };
  }

  restore({ betting, block }: z.infer<typeof meanBettingState>): void {
    this.#betting.restore(betting);
    const [controlCount = 0, controlSum = 0, candidateCount = 0, candidateSum = 0] = block;
    this.#controlCount = controlCount;
    this.#controlSum = controlSum;
    this.#candidateCount = candidateCount;
    this.#candidateSum = candidateSum;
  }
}
