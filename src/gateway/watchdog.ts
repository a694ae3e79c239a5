import type { Timeouts } from "../domain/table.ts";

export type TimeoutReason = "first byte" | "idle" | "total";

export interface TimeoutListener {
  timedOut(reason: TimeoutReason): void;
}

/**
 * Watches one answer's deadlines with a single timer: hearing a chunk only notes the time. The timer fires no
 * later than any deadline can, looks at the note, and is set again for the next one.
 */
export class Watchdog {
  readonly #timeouts: Timeouts;
  readonly #firstByte: number;
  readonly #listener: TimeoutListener;
  readonly #startedAt = performance.now();
  #heardAt = this.#startedAt;
  #begun = false;
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeouts: Timeouts, stream: boolean, listener: TimeoutListener) {
    this.#timeouts = timeouts;
    this.#firstByte = stream ? timeouts.firstByte : timeouts.whole;
    this.#listener = listener;
    // The first chunk may come at once, and silence count from then on.
    this.#arm(Math.min(this.#firstByte, timeouts.idle, timeouts.total));
  }

  /** A chunk of the answer's body came. Headers alone are no answer: some servers send them long before. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#begun = true;
  }

  /** The client is slow: the upstream's silence is our doing. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#heardAt = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(inMs: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.max(1, inMs));
  }

  #look(): void {
    const { reason, inMs } = this.#next();
    if (inMs <= 0) this.#listener.timedOut(reason);
    else this.#arm(this.#begun ? inMs : Math.min(inMs, this.#timeouts.idle));
  }

  /** The deadline that comes first. */
  #next(): { readonly reason: TimeoutReason; readonly inMs: number } {
    const now = performance.now();
    const total = this.#startedAt + this.#timeouts.total - now;
    const quiet = this.#begun ? this.#timeouts.idle : this.#firstByte;
    const silence = this.#paused ? quiet : this.#heardAt + quiet - now;
    return silence < total
      ? { reason: this.#begun ? "idle" : "first byte", inMs: silence }
      : { reason: "total", inMs: total };
  }
}
