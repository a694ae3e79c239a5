import { isWithin, type Period } from "./calendar.ts";
import { type Budget, type Claim, HELD_RETRY_MS, type Obstacle, type Standing } from "./ledger.ts";

/** Now, in milliseconds. */
export interface Moment {
  /** Since 1970, by a clock that may be set. */
  readonly wall: number;
  /** By a clock that only goes forward. */
  readonly steady: number;
}

/** What is counted against one limit. */
export interface Bucket {
  /** What keeps the claim from being granted now; undefined: it fits. */
  obstacle(claim: Claim, now: Moment): Obstacle | undefined;
  standing(limit: number, now: Moment): Standing;
  /** @returns where in the bucket it was put, for `settle` */
  take(amount: number, now: Moment): number;
  settle(place: number, reserved: number, actual: number): void;
  /** Would an empty bucket do as well? */
  isForgettable(now: Moment): boolean;
}

/** A sliding window is counted in this many slots, so that its memory does not grow with its limit. */
export const SLOTS = 60;

/**
 * Units of the last `ms` milliseconds. A unit leaves when all of its slot is that old: a window never holds more than
 * its limit, and a unit may count for up to a 60th longer than it would have to.
 */
export class SlidingBucket implements Bucket {
  readonly #ms: number;
  readonly #slotMs: number;
  /** Units by slot, oldest first: the clock only goes forward. */
  readonly #slots = new Map<number, number>();
  #sum = 0;
  #newest = 0;

  constructor(ms: number) {
    this.#ms = ms;
    this.#slotMs = Math.ceil(ms / SLOTS);
  }

  obstacle({ amount, limit }: Claim, { steady }: Moment): Obstacle | undefined {
    this.#expire(steady);
    let missing = this.#sum + amount - limit;
    if (missing <= 0) return undefined;
    if (amount > limit) return { spent: true, retryAfterMs: undefined };
    for (const [slot, units] of this.#slots) {
      missing -= units;
      if (missing <= 0) return { spent: true, retryAfterMs: this.#leavesIn(slot, steady) };
    }
    throw new RangeError("the sum of a window is not that of its slots");
  }

  standing(limit: number, { steady }: Moment): Standing {
    this.#expire(steady);
    return {
      remaining: Math.max(0, limit - this.#sum),
      resetMs: this.#sum === 0 ? 0 : this.#leavesIn(this.#newest, steady),
    };
  }

  take(amount: number, { steady }: Moment): number {
    this.#newest = Math.floor(steady / this.#slotMs);
    this.#slots.set(this.#newest, (this.#slots.get(this.#newest) ?? 0) + amount);
    this.#sum += amount;
    return this.#newest;
  }

  settle(slot: number, reserved: number, actual: number): void {
    const units = this.#slots.get(slot);
    if (units === undefined) return; // it has left the window
    this.#slots.set(slot, units + actual - reserved);
    this.#sum += actual - reserved;
  }

  isForgettable({ steady }: Moment): boolean {
    this.#expire(steady);
    return this.#slots.size === 0;
  }

  #expire(steady: number): void {
    for (const [slot, units] of this.#slots) {
      if (this.#leavesIn(slot, steady) > 0) return;
      this.#slots.delete(slot);
      this.#sum -= units;
    }
  }

  /** Whole milliseconds until a slot has left the window; 0 or less when it has. */
  #leavesIn(slot: number, steady: number): number {
    return Math.ceil((slot + 1) * this.#slotMs + this.#ms - steady);
  }
}

/** For how long a period that is over is kept: a clock that was set forward may be set back. */
const KEEP_MS = 3_600_000;

/** What was used of a budget in one period, and what is reserved. */
export class BudgetBucket implements Bucket {
  readonly name: string;
  readonly kind: Budget["kind"];
  readonly period: Period;
  used = 0;
  #reserved = 0;
  /** Reservations that did not settle yet. */
  #open = 0;
  #touchedAt: number;

  constructor(name: string, kind: Budget["kind"], period: Period, { steady }: Moment) {
    this.name = name;
    this.kind = kind;
    this.period = period;
    this.#touchedAt = steady;
  }

  obstacle({ amount, limit }: Claim, { wall }: Moment): Obstacle | undefined {
    if (this.used + this.#reserved + amount <= limit) return undefined;
    if (this.used >= limit) return { spent: true, retryAfterMs: Math.ceil(this.period.end - wall) };
    // The last call: money is left and nobody else could take it, so what one request may cost at most is no
    // reason to refuse it.
    if (this.#reserved === 0) return undefined;
    return { spent: false, retryAfterMs: HELD_RETRY_MS };
  }

  standing(limit: number, { wall }: Moment): Standing {
    return {
      remaining: Math.max(0, limit - this.used - this.#reserved),
      resetMs: Math.ceil(this.period.end - wall),
    };
  }

  take(amount: number, { steady }: Moment): number {
    this.#touchedAt = steady;
    this.#open++;
    this.#reserved += amount;
    return this.period.start;
  }

  settle(_place: number, reserved: number, actual: number): void {
    this.#open--;
    this.#reserved -= reserved;
    this.used += actual;
  }

  isForgettable({ wall, steady }: Moment): boolean {
    if (this.used === 0 && this.#open === 0) return true;
    return !isWithin(this.period, wall) && steady - this.#touchedAt > KEEP_MS;
  }
}

/** What requests under way hold. */
export class OpenBucket implements Bucket {
  #held = 0;

  obstacle({ amount, limit }: Claim): Obstacle | undefined {
    if (this.#held + amount <= limit) return undefined;
    if (amount > limit) return { spent: true, retryAfterMs: undefined };
    return { spent: false, retryAfterMs: HELD_RETRY_MS };
  }

  standing(limit: number): Standing {
    return { remaining: Math.max(0, limit - this.#held), resetMs: 0 };
  }

  take(amount: number): number {
    this.#held += amount;
    return 0;
  }

  settle(_place: number, reserved: number): void {
    this.#held -= reserved;
  }

  isForgettable(): boolean {
    return this.#held === 0;
  }
}
