import type { Side } from "../../domain/rollout.ts";

/** How often a process may begin afresh in a run: alpha is split over so many beforehand. */
export const FRESH_EPOCHS = 10;

/**
 * Shares of alpha: of the evidence of the whole run, and of each fresh epoch. With a half for each, faults that are there
 * from the beginning take a tenth longer to be found.
 */
export const WHOLE_RUN = 0.8;
export const FRESH_EPOCH = (1 - WHOLE_RUN) / FRESH_EPOCHS;

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
