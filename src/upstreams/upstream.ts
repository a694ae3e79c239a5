import type { BreakerSettings, RetrySettings } from "../domain/table.ts";
import { type Admission, Breaker, type Circuit, type Verdict } from "./breaker.ts";
import { RetryBudget } from "./retry-budget.ts";

/** May a call go out? If not: it cools down after a 429, or its circuit is open. */
export type Entry =
  | (Admission & { readonly kind: "admitted" })
  | { readonly kind: "cooling"; readonly forMs: number }
  | { readonly kind: "open"; readonly forMs: number };

const FREE: Entry = { kind: "admitted", probe: false };

/** Longest time for which an upstream's `retry-after` keeps everyone from it, in milliseconds. */
const MAX_COOLING_MS = 60_000;

/** What the gateway remembers of one upstream model. Times are milliseconds on a clock that never jumps. */
export class Upstream {
  readonly retries: RetryBudget;
  readonly #breaker: Breaker | undefined;
  #coolUntil = 0;

  constructor(
    retries: RetrySettings,
    breaker: BreakerSettings | undefined,
    changed: (circuit: Circuit) => void,
  ) {
    this.retries = new RetryBudget(retries.share);
    this.#breaker = breaker === undefined ? undefined : new Breaker(breaker, changed);
  }

  get circuit(): Circuit {
    return this.#breaker?.circuit ?? "closed";
  }

  /** Would anybody's call be admitted? */
  isFree(now: number): boolean {
    return now >= this.#coolUntil && this.circuit === "closed";
  }

  enter(now: number): Entry {
    if (now < this.#coolUntil) return { kind: "cooling", forMs: this.#coolUntil - now };
    const admission = this.#breaker?.admit(now) ?? FREE;
    return admission.kind === "refused" ? { kind: "open", forMs: admission.forMs } : admission;
  }

  record(verdict: Verdict, probe: boolean, now: number): void {
    this.#breaker?.record(verdict, probe, now);
  }

  /** Another model answered what this one failed. */
  outdone(now: number): void {
    this.#breaker?.outdone(now);
  }

  /** The upstream asked to be left alone for so long. */
  cool(ms: number, now: number): void {
    this.#coolUntil = Math.max(this.#coolUntil, now + Math.min(ms, MAX_COOLING_MS));
  }
}
