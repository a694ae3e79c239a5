import type { Timeouts } from "../domain/table.ts";

export type TimeoutReason = "first byte" | "idle" | "total";

/**
 * Watches one answer's deadlines with a single timer: hearing a chunk only notes the time, and the timer
 * looks at the note when it fires.
 */
export class Watchdog {
  readonly #timeouts: Timeouts;
  readonly #firstByte: number;
  readonly #onTimeout: (reason: TimeoutReason) => void;
  readonly #startedAt = performance.now();
  #heardAt = this.#startedAt;
  #begun = false;
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeouts: Timeouts, stream: boolean, onTimeout: (reason: TimeoutReason) => void) {
    this.#timeouts = timeouts;
    this.#firstByte = stream ? timeouts.firstByte : timeouts.whole;
    this.#onTimeout = onTimeout;
    this.#arm();
  }

  /** A chunk of the answer's body came. Headers alone are no answer: some servers send them long before. */
  heard(): void {
    this.#heardAt = performance.now();
    if (this.#begun) return;
    this.#begun = true;
    this.#arm();
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

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(1, this.#next().inMs));
  }

  #look(): void {
    const { reason, inMs } = this.#next();
    if (inMs <= 0) this.#onTimeout(reason);
    else this.#arm();
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
