import { z } from "zod";
import type { Side } from "../domain/rollout.ts";
import type { Sums } from "../domain/statistics.ts";

const sums = z.object({ count: z.number(), sum: z.number(), squares: z.number() });

export const bestArmState = z.object({
  control: sums,
  candidate: sums,
  logControl: z.number(),
  logCandidate: z.number(),
  best: z.enum(["control", "candidate"]).optional(),
});

/** What is kept of one side's rewards. */
type Kept = { -readonly [Name in keyof Sums]: Sums[Name] };

/**
 * Which side has the larger mean reward, known with a stated confidence at every look. Rewards lie from 0 to 1.
 *
 * For each side there is evidence that it is the better one. With c the chance that a reward had to be the candidate's, p and
 * q the means of the candidate's and the control's rewards until then, and m = c p + (1 - c) q, a reward x of the candidate
 * multiplies it by x p/m + (1-x) (1-p)/(1-m), one of the control by the same with q for p. It is the evidence for the
 * candidate while p > q, and for the control while p < q.
 *
 * Why that is valid: the expectation of the factor over the side and the reward is 1 where both sides have the same mean at
 * that moment, whatever that mean is, and below 1 where the side that is ahead so far has the smaller one. So the evidence
 * for a side that is never the better one is a nonnegative supermartingale from 1, and ever exceeds 1/d with chance d at most
 * (Ville). It takes nothing but the randomness of the assignment: rewards may have any distribution from 0 to 1, drift
 * and come in seasons that hit both sides, and the share may follow from all that was seen before. Pooled means, on which
 * the usual likelihood ratio rests, mislead where both drift: the side that got its share late looks like the later mean.
 *
 * What it costs: the evidence grows as fast as the generalized likelihood ratio of Garivier & Kaufmann, "Optimal Best
 * Arm Identification with Fixed Confidence" (COLT 2016), does, less the logarithm that learning p and q takes; the threshold
 * is ln(1/d), without the terms for the number of looks that a stopping rule from pooled means needs (Kaufmann & Koolen,
 * "Mixture Martingales Revisited", JMLR 22, 2021). Bets on the arm given the outcome: Lindon & Malek, "Anytime-Valid Inference
 * for Multinomial Count Data" (NeurIPS 2022); with learned means: Turner, Ly & Grünwald, "Generic E-variables for Exact Sequential
 * k-Sample Tests" (JSPI 230, 2024).
 */
export class BestArm {
  readonly #threshold: number;
  readonly #control: Kept = { count: 0, sum: 0, squares: 0 };
  readonly #candidate: Kept = { count: 0, sum: 0, squares: 0 };
  #logControl = 0;
  #logCandidate = 0;
  #best: Side | undefined;

  /** @param confidence above 0.5 and below 1: a side that is never the better one is named with chance 1 - confidence at most */
  constructor(confidence: number) {
    this.#threshold = -Math.log1p(-confidence);
  }

  /** The side that is better, once that is known; it stays named. */
  get best(): Side | undefined {
    return this.#best;
  }

  get control(): Sums {
    return this.#control;
  }

  get candidate(): Sums {
    return this.#candidate;
  }

  /** Natural logarithm of the evidence that this side is the better one. */
  logEvidence(side: Side): number {
    return side === "candidate" ? this.#logCandidate : this.#logControl;
  }

  /**
   * @param reward from 0 to 1
   * @param chance that the reward had to be the candidate's, above 0 and below 1: its request's share, or for sticky
   *   keys, whose rewards are not so many draws of their own, what first events leave of it
   */
  observe(side: Side, reward: number, chance: number): void {
    const [ofCandidate, ofControl] = [expected(this.#candidate), expected(this.#control)];
    const own = side === "candidate" ? ofCandidate : ofControl;
    const either = chance * ofCandidate + (1 - chance) * ofControl;
    const gain = Math.log((reward * own) / either + ((1 - reward) * (1 - own)) / (1 - either));
    if (ofCandidate > ofControl) this.#logCandidate += gain;
    else if (ofCandidate < ofControl) this.#logControl += gain;
    const kept = side === "candidate" ? this.#candidate : this.#control;
    kept.count++;
    kept.sum += reward;
    kept.squares += reward * reward;
    if (this.#logCandidate >= this.#threshold) this.#best ??= "candidate";
    else if (this.#logControl >= this.#threshold) this.#best ??= "control";
  }

  state(): z.infer<typeof bestArmState> {
    return {
      control: { ...this.#control },
      candidate: { ...this.#candidate },
      logControl: this.#logControl,
      logCandidate: this.#logCandidate,
      best: this.#best,
    };
  }

  restore({ control, candidate, logControl, logCandidate, best }: z.infer<typeof bestArmState>): void {
    Object.assign(this.#control, control);
    Object.assign(this.#candidate, candidate);
    this.#logControl = logControl;
    this.#logCandidate = logCandidate;
    this.#best = best;
  }
}

/** Laplace's rule of succession: never 0 or 1. */
function expected({ count, sum }: Sums): number {
  return (sum + 1) / (count + 2);
}
