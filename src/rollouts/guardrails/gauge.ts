/** Evidence that one test gathers. */
export interface Part {
  /** Natural logarithm. */
  readonly logEvidence: number;
  /** No smaller than `logEvidence`, and cheaper to have. */
  readonly bound: number;
}

/** Where all guardrails of a run tell that one of them was crossed: one look after each observation is enough. */
export interface Board {
  isCrossed: boolean;
}

/**
 * What a guardrail has of evidence against the candidate. It may rest on several tests, each with a share of the
 * guardrail's alpha (Bonferroni): the one that stands highest above its own threshold speaks for all. Evidence of tests
 * that look at the same requests in different ways is never averaged, which would be valid at no moment but one fixed
 * beforehand.
 */
export class Gauge {
  /** Natural logarithm of the evidence that is enough. */
  readonly logThreshold: number;
  readonly #parts: { readonly part: Part; readonly logWeight: number }[] = [];
  /** The largest evidence that there was. */
  logPeak = Number.NEGATIVE_INFINITY;

  readonly #board: Board;

  /** @param alpha the chance that a candidate that is no worse than allowed is ever found to be */
  constructor(alpha: number, board: Board) {
    this.logThreshold = -Math.log(alpha);
    this.#board = board;
  }

  /**
   * @param weight its share of alpha
   * @returns logarithm of that, which `note` wants
   */
  add(part: Part, weight: number): number {
    const logWeight = Math.log(weight);
    this.#parts.push({ part, logWeight });
    return logWeight;
  }

  /** To be called whenever a part may have more evidence than before. */
  note(part: Part, logWeight: number): void {
    if (part.bound + logWeight <= this.logPeak) return;
    const log = part.logEvidence + logWeight;
    if (log <= this.logPeak) return;
    this.logPeak = log;
    if (log >= this.logThreshold) this.#board.isCrossed = true;
  }

  get isCrossed(): boolean {
    return this.logPeak >= this.logThreshold;
  }

  /** Now. */
  get logEvidence(): number {
    return Math.max(...this.#parts.map(({ part, logWeight }) => part.logEvidence + logWeight));
  }
}
