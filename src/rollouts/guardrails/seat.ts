import type { Side } from "../../domain/rollout.ts";

/** How often a process may begin afresh in a run: alpha is split over so many beforehand. */
export const FRESH_EPOCHS = 10;

/** How the observation that is looked at was assigned. One object, filled in anew for each. */
export interface Seat {
  side: Side;
  share: number;
  /** Index of the unit; -1: chance decided for this request alone. */
  unit: number;
  /** Was it assigned in the present fresh epoch? */
  isFresh: boolean;
  /** Number of the fresh epoch, from 1. */
  epoch: number;
}
