import type { Log } from "../metrics/log.ts";

/** Tells of a store that fails: when it begins, when captures or usage are first lost, and when it is over. */
export class Trouble {
  readonly #log: Log;
  #told = false;
  #lost = 0;
  #usageLost = false;

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

  /** @param requests how many are missing in the sums of usage from now on */
  usageLost(requests: number, problem: string): void {
    if (!this.#usageLost) this.#log("error", "usage is lost", { requests, problem });
    this.#usageLost = true;
  }

  over(): void {
    if (this.#told || this.#lost > 0) this.#log("info", "captures are stored again", { dropped: this.#lost });
    this.#told = false;
    this.#lost = 0;
    this.#usageLost = false;
  }

  ended(): void {
    if (this.#lost > 0) this.#log("error", "captures were lost", { captures: this.#lost });
  }
}
