import type { BreakerSettings } from "../domain/table.ts";
import { Recent } from "./recent.ts";

export type Circuit = "closed" | "half-open" | "open";

/** What a call tells of the upstream: "neutral" when it is not to blame or was not heard out. */
export type Verdict = "good" | "bad" | "neutral";

/** May a call go out, and as the one that probes an upstream that failed; if not, for how many milliseconds. */
export type Admission =
  | { readonly kind: "admitted"; readonly probe: boolean }
  | { readonly kind: "refused"; readonly forMs: number };

const ADMITTED: Admission = { kind: "admitted", probe: false };
const PROBE: Admission = { kind: "admitted", probe: true };

/** While a probe is out nobody knows for how long; a client may ask again after this many milliseconds. */
const PROBING_MS = 1000;

/**
 * Keeps calls from an upstream that fails. It opens when too many of the calls of the last ten seconds failed, or when
 * other models answered several requests in a row that it had failed: an outlier among its peers. After a wait one
 * call at a time probes the upstream. A good probe closes it, a bad one doubles the wait.
 * Times are milliseconds on a clock that never jumps.
 */
export class Breaker {
  readonly #settings: BreakerSettings;
  readonly #changed: (circuit: Circuit) => void;
  readonly #recent = new Recent();
  #circuit: Circuit = "closed";
  #outdone = 0;
  #openUntil = 0;
  #waitMs: number;
  #probing = false;

  constructor(settings: BreakerSettings, changed: (circuit: Circuit) => void) {
    this.#settings = settings;
    this.#changed = changed;
    this.#waitMs = settings.waitMs;
  }

  get circuit(): Circuit {
    return this.#circuit;
  }

  admit(now: number): Admission {
    if (this.#circuit === "closed") return ADMITTED;
    if (now < this.#openUntil) return { kind: "refused", forMs: this.#openUntil - now };
    if (this.#probing) return { kind: "refused", forMs: PROBING_MS };
    this.#probing = true;
    this.#become("half-open");
    return PROBE;
  }

  /** @param probe whether the call was admitted as a probe */
  record(verdict: Verdict, probe: boolean, now: number): void {
    if (probe) return this.#probed(verdict, now);
    // The ends of calls that began before it opened tell nothing new.
    if (this.#circuit !== "closed" || verdict === "neutral") return;
    this.#recent.add(now, 1, verdict === "bad" ? 1 : 0);
    if (verdict === "good") {
      this.#outdone = 0;
      return;
    }
    const { all, some } = this.#recent.read(now);
    if (all >= this.#settings.requests && some >= all * this.#settings.failures) this.#open(now);
  }

  /** Another model answered the request that this one failed: the fault is neither the request's nor the gateway's. */
  outdone(now: number): void {
    if (this.#circuit !== "closed") return;
    this.#outdone++;
    if (this.#outdone >= this.#settings.outdone) this.#open(now);
  }

  #probed(verdict: Verdict, now: number): void {
    this.#probing = false;
    switch (verdict) {
      case "neutral":
        return;
      case "bad":
        this.#waitMs = Math.min(this.#waitMs * 2, this.#settings.maxWaitMs);
        return this.#open(now);
      case "good":
        this.#waitMs = this.#settings.waitMs;
        return this.#become("closed");
    }
  }

  #open(now: number): void {
    this.#openUntil = now + this.#waitMs;
    this.#recent.clear();
    this.#outdone = 0;
    this.#become("open");
  }

  #become(circuit: Circuit): void {
    if (circuit === this.#circuit) return;
    this.#circuit = circuit;
    this.#changed(circuit);
  }
}
