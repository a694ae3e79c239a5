import type { BreakerSettings, RetrySettings } from "../domain/table.ts";
import { Breaker, type Circuit, type Verdict } from "./breaker.ts";
import { RetryBudget } from "./retry-budget.ts";

/** May a call go out? If not: it cools down after a 429, or its circuit is open. */
export type Entry =
  | { readonly kind: "admitted"; readonly pass: Pass }
  | { readonly kind: "cooling"; readonly forMs: number }
  | { readonly kind: "open"; readonly forMs: number };

/** A call that was admitted, and tells how it went. */
export class Pass {
  readonly #breaker: Breaker | undefined;
  #probe: boolean;

  constructor(breaker: Breaker | undefined, probe: boolean) {
    this.#breaker = breaker;
    this.#probe = probe;
  }

  /** The answer has begun, so a probe has shown what it was to show: others need not wait for its end. */
  begun(now: number): void {
    if (this.#probe) this.ended("good", now);
  }

  ended(verdict: Verdict, now: number): void {
    this.#breaker?.record(verdict, this.#probe, now);
    this.#probe = false;
  }
}

/** Longest time for which an upstream's `retry-after` keeps everyone from it, in milliseconds. */
const MAX_COOLING_MS = 60_000;

/** What the gateway remembers of one upstream model. Times are milliseconds on a clock that never jumps. */
export class Upstream {
  readonly retries: RetryBudget;
  /** Of a call that is no probe. */
  readonly pass: Pass;
  readonly #admitted: Entry;
  readonly #breaker: Breaker | undefined;
  #coolUntil = 0;

  constructor(
    retries: RetrySettings,
    breaker: BreakerSettings | undefined,
    changed: (circuit: Circuit) => void,
  ) {
    this.retries = new RetryBudget(retries.share);
    this.#breaker = breaker === undefined ? undefined : new Breaker(breaker, changed);
    this.pass = new Pass(this.#breaker, false);
    this.#admitted = { kind: "admitted", pass: this.pass };
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
    const admission = this.#breaker?.admit(now);
    if (admission?.kind === "refused") return { kind: "open", forMs: admission.forMs };
    return admission?.probe ? { kind: "admitted", pass: new Pass(this.#breaker, true) } : this.#admitted;
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
