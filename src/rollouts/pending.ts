import { randomUUID } from "node:crypto";
import { entryOf } from "./log-entry.ts";
import type { Observation } from "./observation.ts";

/** Observations of one entry of the log. */
const MOST_AT_ONCE = 1000;
/** Observations that wait at most, as long as the store does not answer. */
const MOST_WAITING = 20_000;

/** An entry on its way into the log. */
export interface Batch {
  readonly id: string;
  readonly document: string;
}

/** Observations that wait to be logged: bounded, the oldest are dropped. */
export class Pending {
  #waiting: Observation[] = [];
  /** Of which it is not known whether it was logged: it is sent again with its id. */
  #batch: (Batch & { readonly spentUsd: number; readonly count: number }) | undefined;
  #spentUsd = 0;
  readonly #onEnd: (outcome: "logged" | "dropped", observations: number) => void;

  constructor(onEnd: (outcome: "logged" | "dropped", observations: number) => void) {
    this.#onEnd = onEnd;
  }

  get isEmpty(): boolean {
    return this.#batch === undefined && this.#waiting.length === 0;
  }

  /** What shadowing those that wait has cost, in USD. */
  get spentUsd(): number {
    return this.#spentUsd + (this.#batch?.spentUsd ?? 0);
  }

  add(observation: Observation): void {
    this.#waiting.push(observation);
    this.#spentUsd += spentBy(observation);
    if (this.#waiting.length <= MOST_WAITING) return;
    // Some at once: moving the rest up takes a while.
    const dropped = this.#waiting.splice(0, MOST_AT_ONCE);
    this.#onEnd("dropped", dropped.length);
  }

  /** The next entry, until it is logged. */
  next(): Batch | undefined {
    if (this.#batch === undefined && this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, MOST_AT_ONCE);
      const spentUsd = some.reduce((sum, one) => sum + spentBy(one), 0);
      this.#spentUsd -= spentUsd;
      this.#batch = { id: randomUUID(), document: entryOf(some), spentUsd, count: some.length };
    }
    return this.#batch;
  }

  logged(): void {
    if (this.#batch !== undefined) this.#onEnd("logged", this.#batch.count);
    this.#batch = undefined;
  }
}

function spentBy(observation: Observation): number {
  return observation.kind === "pair" ? observation.spentUsd : 0;
}
