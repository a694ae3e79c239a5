import type { Log } from "../metrics/log.ts";

/** Tells of a store that fails: when it begins, when captures are first lost, and when it is over. */
export class Trouble {
  readonly #log: Log;
  #told = false;
  #lost = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Captures lost since it was last well. */
  get lost(): number {
    return this.#lost;
  }

  waiting(problem: string): void {
    if (!this.#told) this.#log("warn", "captures can't be stored now, and wait", { problem });
    this.#told = true;
  }

  dropped(captures: number, problem: string): void {
    if (captures === 0) return;
    if (this.#lost === 0) this.#log("error", "captures are dropped", { problem });
    this.#lost += captures;
  }

  over(): void {
    if (this.#told || this.#lost > 0) this.#log("info", "captures are stored again", { dropped: this.#lost });
    this.#told = false;
    this.#lost = 0;
  }

  ended(): void {
    if (this.#lost > 0) this.#log("error", "captures were lost", { captures: this.#lost });
  }
}
