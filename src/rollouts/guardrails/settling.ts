import { z } from "zod";
import type { Side } from "../../domain/rollout.ts";

/** A share that moves by no more than this is the same one. */
const NEAR = 0.02;
/** So many of each side tell when the slower one's begin to come. */
const SHOWN = 3;
/** So many times as many requests later than that, most of the slower side's come as fast as they are sent. */
const TIMES = 4;
/** After so many at the latest: a side that nothing comes of is what is to be found. */
const MOST = 2_000;

export const settlingState = z.object({
  epoch: z.number(),
  share: z.number(),
  control: z.number(),
  candidate: z.number(),
  until: z.number().optional(),
});

/**
 * Tells from when on requests come in the shares in which they were assigned. They come when they end: after a share has
 * changed, the side that answers faster shows first, and for as long as the other one takes nearly all that comes is of
 * that side. At half of the traffic, 35 such in a row would be found to be a wrong share. What was assigned at the share
 * before, and is left over of the slower side, is no better. (What it does not see is traffic that stops all at once with
 * hundreds of requests under way.)
 */
export class Settling {
  #epoch = -1;
  #share = -1;
  #control = 0;
  #candidate = 0;
  #until: number | undefined;

  /** Takes note of a request that came. @returns whether it is one that tells of the shares */
  add(side: Side, share: number, epoch: number): boolean {
    if (Math.abs(share - this.#share) > NEAR) {
      if (epoch <= this.#epoch) return false;
      this.#share = share;
      this.#control = 0;
      this.#candidate = 0;
      this.#until = undefined;
    }
    if (epoch > this.#epoch) this.#epoch = epoch;
    const before = this.#control + this.#candidate;
    if (before >= (this.#until ?? MOST)) return true;
    if (side === "candidate") this.#candidate++;
    else this.#control++;
    if (this.#until === undefined && Math.min(this.#control, this.#candidate) >= SHOWN)
      this.#until = Math.min(MOST, TIMES * (before + 1));
    return false;
  }

  state(): z.infer<typeof settlingState> {
    return {
      epoch: this.#epoch,
      share: this.#share,
      control: this.#control,
      candidate: this.#candidate,
      until: this.#until,
    };
  }

  restore({ epoch, share, control, candidate, until }: z.infer<typeof settlingState>): void {
    this.#epoch = epoch;
    this.#share = share;
    this.#control = control;
    this.#candidate = candidate;
    this.#until = until;
  }
}
