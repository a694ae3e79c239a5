import type { Claim } from "./ledger.ts";

/** What a reservation holds of one bucket until it settles. */
export interface Held {
  readonly id: string;
  readonly claim: Claim;
}

interface Lease {
  readonly held: readonly Held[];
  /** By a clock that is never set, in milliseconds. */
  readonly renewedAt: number;
}

/** How often leases to renew are looked for at least. */
const LOOK_MS = 60_000;
/** How many are renewed in one step. */
const AT_ONCE = 50;

/** Renews what this process holds in Redis once a third of the lease is over, so that only a dead process loses it. */
export class Leases {
  readonly #renewAfterMs: number;
  readonly #renew: (held: readonly Held[]) => Promise<unknown>;
  /** Oldest renewal first. */
  readonly #leases = new Map<string, Lease>();
  readonly #timer: NodeJS.Timeout;

  /** @param renew rejects when they could not be renewed now */
  constructor(leaseMs: number, renew: (held: readonly Held[]) => Promise<unknown>) {
    this.#renewAfterMs = leaseMs / 3;
    this.#renew = renew;
    this.#timer = setInterval(() => void this.#renewDue(), Math.min(this.#renewAfterMs, LOOK_MS));
    this.#timer.unref();
  }

  add(id: string, claims: readonly Claim[]): void {
    const held = claims.filter(({ window }) => window.kind !== "sliding").map((claim) => ({ id, claim }));
    if (held.length > 0) this.#leases.set(id, { held, renewedAt: performance.now() });
  }

  end(id: string): void {
    this.#leases.delete(id);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #renewDue(): Promise<void> {
    const now = performance.now();
    const due: [string, Lease][] = [];
    for (const entry of this.#leases) {
      if (now - entry[1].renewedAt < this.#renewAfterMs) break;
      due.push(entry);
    }
    for (let from = 0; from < due.length; from += AT_ONCE) {
      const some = due.slice(from, from + AT_ONCE);
      try {
        await this.#renew(some.flatMap(([, { held }]) => held));
      } catch {
        return; // they are due the next time
      }
      for (const [id, { held }] of some)
        if (this.#leases.delete(id)) this.#leases.set(id, { held, renewedAt: now });
    }
  }
}
