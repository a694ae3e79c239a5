import { BettingProcess } from "./betting.ts";

/** Shares of the capital that are put on the candidate being worse. */
export const PAIR_STAKES = [0.05, 0.1, 0.2, 0.4, 0.65, 0.9] as const;

/**
 * Is the candidate worse than the control on the same requests, by more than a margin? For each pair the control's quality
 * minus the candidate's, from -1 to 1, is one bet. What makes a request hard hits both and cancels, so that it takes far
 * fewer pairs than requests of one side or the other.
 *
 * After I. Waudby-Smith and A. Ramdas, arXiv:2010.09686. It takes pairs that are drawn anew: of users with habits only each
 * one's first.
 */
export class PairedBetting extends BettingProcess {
  readonly #margin: number;

  /** @param margin by which the candidate may be worse, 0 or more */
  constructor(margin: number) {
    super(PAIR_STAKES);
    this.#margin = margin;
  }

  /** @param difference the control's minus the candidate's, -1 to 1 */
  pair(difference: number): void {
    this.bet((difference - this.#margin) / (1 + this.#margin));
  }
}
