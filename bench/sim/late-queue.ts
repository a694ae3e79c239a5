import type { FeedbackObservation, RequestObservation } from "../../src/rollouts/observation.ts";
import type { Reused } from "./blank.ts";

interface Waiting extends Pick<FeedbackObservation, "unit" | "side" | "share" | "stage" | "epoch" | "value"> {
  readonly at: number;
}

/** Feedback that is still to come, in the order in which it will. */
export class LateQueue {
  readonly #observation: Reused<FeedbackObservation>;
  /** The next one last. */
  readonly #waiting: Waiting[] = [];

  /** @param observation what is filled in for each */
  constructor(observation: Reused<FeedbackObservation>) {
    this.#observation = observation;
  }

  /** @param at when it comes, in milliseconds */
  add(at: number, { unit, side, share, stage, epoch }: RequestObservation, value: number): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#waiting[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, { at, unit, side, share, stage, epoch, value });
  }

  /** The next that has come by now. Filled anew by the next call. */
  due(now: number): FeedbackObservation | undefined {
    const last = this.#waiting.at(-1);
    if (last === undefined || last.at > now) return undefined;
    this.#waiting.pop();
    const { at: _, ...rest } = last;
    return Object.assign(this.#observation, rest);
  }
}
