import { known } from "../domain/made.ts";
import { type Bucket, BudgetBucket, type Moment, OpenBucket, SlidingBucket } from "./buckets.ts";
import { Calendar, periodAt } from "./calendar.ts";
import {
  type Budget,
  bucketKey,
  type Claim,
  isBudget,
  type Ledger,
  type Outcome,
  refusalOf,
  requireClaims,
} from "./ledger.ts";
import { SingleReservation } from "./reservation.ts";
import type { BudgetSpending, Spending } from "./spending.ts";

/** How often empty buckets are looked for. */
const SWEEP_MS = 60_000;
/** How many buckets a request looks at while they are: more than it can make, and few enough to take microseconds. */
const SWEEP_STEP = 100;

/** A claim that was granted. */
interface Stake {
  readonly claim: Claim;
  readonly bucket: Bucket;
  readonly place: number;
}

export interface MemoryLedgerOptions {
  /** Milliseconds since 1970, for days and months. Default `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds by a clock that is never set, for sliding windows. Default `performance.now`. */
  readonly steady?: () => number;
}

/** The limits of one process. */
export class MemoryLedger implements Ledger {
  readonly #now: () => number;
  readonly #steady: () => number;
  readonly #calendar = new Calendar();
  readonly #buckets = new Map<string, Bucket>();
  readonly #listeners: ((claims: readonly Claim[]) => void)[] = [];
  #sweep: Iterator<[string, Bucket]> | undefined;
  #sweptAt: number;
  #revision = 0;

  constructor({ now = Date.now, steady = () => performance.now() }: MemoryLedgerOptions = {}) {
    this.#now = now;
    this.#steady = steady;
    this.#sweptAt = steady();
  }

  reserve(claims: readonly Claim[]): Outcome {
    requireClaims(claims);
    const now = this.#moment();
    this.#forgetSome(now);
    const sides = claims.map((claim) => ({ claim, bucket: this.#bucketOf(claim, now) }));
    const obstacles = sides.map(({ claim, bucket }) => bucket.obstacle(claim, now));
    const isFree = obstacles.every((obstacle) => obstacle === undefined);
    const stakes = isFree
      ? sides.map(({ claim, bucket }) => ({ claim, bucket, place: bucket.take(claim.amount, now) }))
      : [];
    const standings = sides.map(({ claim, bucket }) => bucket.standing(claim.limit, now));
    return (
      refusalOf(claims, obstacles, standings) ?? {
        kind: "granted",
        reservation: new SingleReservation(claims, (actual) => this.#settle(claims, stakes, actual)),
        standings,
      }
    );
  }

  onSettled(listener: (claims: readonly Claim[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Grows with each change of what `snapshot` gives. */
  get revision(): number {
    return this.#revision;
  }

  /** How many buckets are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** What was used of each budget. Reservations are not in it: they end with the process. */
  snapshot(): Spending {
    const budgets: BudgetSpending[] = [];
    for (const bucket of this.#buckets.values()) {
      if (!(bucket instanceof BudgetBucket) || bucket.used === 0) continue;
      const from = new Date(bucket.period.start).toISOString().slice(0, 10);
      budgets.push({ bucket: bucket.name, window: bucket.kind, from, used: bucket.used });
    }
    return { version: 1, budgets };
  }

  /** Takes up what was used before. Of two figures for one period the larger one holds. */
  restore({ budgets }: Spending): void {
    for (const { bucket, window, from, used } of budgets)
      this.atLeast({ bucket, kind: window, at: Date.parse(from), used });
  }

  /**
   * At least so much was used of a budget, in the period of the time `at`.
   * @param at milliseconds since 1970
   */
  atLeast({ bucket, kind, at, used }: SeenSpending): void {
    const now = this.#moment();
    this.#forgetSome(now);
    const entry = this.#budget(bucket, kind, at, now);
    if (used <= entry.used) return;
    entry.used = used;
    this.#revision++;
  }

  #moment(): Moment {
    return { wall: this.#now(), steady: this.#steady() };
  }

  #bucketOf(claim: Claim, now: Moment): Bucket {
    const { bucket, window } = claim;
    switch (window.kind) {
      case "sliding":
        return known(this.#buckets, bucketKey(claim), () => new SlidingBucket(window.ms));
      case "open":
        return known(this.#buckets, bucketKey(claim), () => new OpenBucket());
      case "day":
      case "month":
        return this.#budget(bucket, window.kind, now.wall, now);
    }
  }

  #budget(name: string, kind: Budget["kind"], at: number, now: Moment): BudgetBucket {
    const period = at === now.wall ? this.#calendar.at(kind, at) : periodAt(kind, at);
    const key = `${kind} ${period.start} ${name}`;
    const found = this.#buckets.get(key);
    if (found instanceof BudgetBucket) return found;
    const made = new BudgetBucket(name, kind, period, now);
    this.#buckets.set(key, made);
    return made;
  }

  #settle(claims: readonly Claim[], stakes: readonly Stake[], actual: readonly number[]): void {
    for (const [i, { claim, bucket, place }] of stakes.entries()) {
      bucket.settle(place, claim.amount, actual[i] ?? claim.amount);
      if (isBudget(claim.window)) this.#revision++;
    }
    for (const listener of this.#listeners) listener(claims);
  }

  /** Walks through the buckets once a minute, some at each request, so that no request waits for all. */
  #forgetSome(now: Moment): void {
    if (this.#sweep === undefined) {
      if (now.steady - this.#sweptAt < SWEEP_MS) return;
      this.#sweptAt = now.steady;
      this.#sweep = this.#buckets.entries();
    }
    for (let step = 0; step < SWEEP_STEP; step++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        return;
      }
      const [key, bucket] = next.value;
      if (bucket.isForgettable(now)) this.#buckets.delete(key);
    }
  }
}

export interface SeenSpending {
  readonly bucket: string;
  readonly kind: Budget["kind"];
  readonly at: number;
  readonly used: number;
}
