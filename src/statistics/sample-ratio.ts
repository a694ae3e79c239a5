import { EventProcess } from "./event-process.ts";

/** How many times more or fewer of the units than they should the candidate may have: a bet is put on each. */
const OFF = [0.5, 0.8, 1.25, 2] as const;

/**
 * Do units reach the sides in the shares that they should? The two-sided form of the event process: each new unit is an
 * event, the chance that it is the candidate's is exactly its share, and evidence grows when it is more or less than that.
 * After M. Lindon and A. Malek, arXiv:2011.03567, who have it as their first example.
 */
export function sampleRatioProcess(): EventProcess {
  return new EventProcess(1, 1, OFF);
}
