import { randomUUID } from "node:crypto";
import { entryOf } from "./log-entry.ts";
import type { Observation, PairObservation } from "./observation.ts";

/** Observations of one entry of the log. */
const MOST_AT_ONCE = 1000;
/** Observations that wait at most, as long as the store does not answer. */
const MOST_WAITING = 20_000;
/** Longer than this an entry is not sent again, in milliseconds: the store remembers for twice as long that it has it. */
const RESENT_MS = 5 * 60 * 1000;
const DAY_MS = 86_400_000;

/** An entry on its way into the log. */
export interface Batch {
  readonly id: string;
  readonly document: string;
}

interface Sent extends Batch {
  readonly observations: readonly Observation[];
  readonly since: number;
}

/** Observations that wait to be logged: bounded, the oldest are dropped. */
export class Pending {
  #waiting: Observation[] = [];
  /** Of which it is not known whether it was logged: it is sent again with its id. */
  #batch: Sent | undefined;
  /** What shadowing those that wait has cost, in USD. */
  #spentUsd = 0;
  /** The newest day of a pair that was dropped, in days since 1970, and what was spent on it by such. */
  #droppedDay = 0;
  #droppedUsd = 0;
  readonly #onEnd: (outcome: "logged" | "dropped", observations: number) => void;
  readonly #clock: () => number;

  /** @param clock in milliseconds since whenever, never put back */
  constructor(
    onEnd: (outcome: "logged" | "dropped", observations: number) => void,
    clock = () => performance.now(),
  ) {
    this.#onEnd = onEnd;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#batch === undefined && this.#waiting.length === 0;
  }

  /** Does more wait than one entry holds? */
  get isBehind(): boolean {
    return this.#waiting.length >= MOST_AT_ONCE;
  }

  /** What shadowing cost that no log tells of, in USD. @param day (UTC) in days since 1970 */
  spentUsd(day: number): number {
    const dropped = day === this.#droppedDay ? this.#droppedUsd : 0;
    return this.#spentUsd + dropped;
  }

  add(observation: Observation): void {
    this.#waiting.push(observation);
    if (observation.kind === "pair") this.#spentUsd += observation.spentUsd;
    // Some at once: moving the rest up takes a while.
    if (this.#waiting.length > MOST_WAITING) this.#drop(this.#waiting.splice(0, MOST_AT_ONCE));
  }

  /** The next entry, until it is logged. */
  next(): Batch | undefined {
    const isLate = this.#batch !== undefined && this.#clock() > this.#batch.since + RESENT_MS;
    if (this.#batch !== undefined && isLate) {
      this.#drop(this.#batch.observations);
      this.#batch = undefined;
    }
    if (this.#batch === undefined && this.#waiting.length > 0) {
      const observations = this.#waiting.splice(0, MOST_AT_ONCE);
      this.#batch = { id: randomUUID(), document: entryOf(observations), observations, since: this.#clock() };
    }
    return this.#batch;
  }

  logged(): void {
    if (this.#batch === undefined) return;
    const { observations } = this.#batch;
    this.#batch = undefined;
    for (const one of observations) if (one.kind === "pair") this.#spentUsd -= one.spentUsd;
    this.#onEnd("logged", observations.length);
  }

  #drop(observations: readonly Observation[]): void {
    for (const one of observations) if (one.kind === "pair") this.#dropPair(one);
    this.#onEnd("dropped", observations.length);
  }

  #dropPair({ at, spentUsd }: PairObservation): void {
    this.#spentUsd -= spentUsd;
    const day = Math.floor(at / DAY_MS);
    if (day > this.#droppedDay) {
      this.#droppedDay = day;
      this.#droppedUsd = 0;
    }
    if (day === this.#droppedDay) this.#droppedUsd += spentUsd;
  }
}
