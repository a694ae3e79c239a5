/** Rate limits, concurrency and budgets behind one interface: what a request claims is granted whole or not at all. */

/**
 * How long a unit counts:
 * - `sliding`: for `ms` milliseconds after it was granted. Any stretch of that length holds at most the limit;
 * - `day`, `month`: until the calendar's day or month ends, by UTC. These are budgets: what is reserved can be
 *   given back, and a last call is let through;
 * - `open`: while its request is under way, whatever it settles.
 */
export type Window =
  | { readonly kind: "sliding"; readonly ms: number }
  | { readonly kind: "day" }
  | { readonly kind: "month" }
  | { readonly kind: "open" };

export type Budget = Extract<Window, { readonly kind: "day" | "month" }>;

/**
 * One thing that is limited, and how much of it a request wants. Units are whole: requests, tokens, nano-USD.
 * Whole numbers below 2^53 add up without rounding, so that a sum of a million settlements is exact, in
 * JavaScript as in Redis, and a budget can be compared with `<=`.
 */
export interface Claim {
  /** Claims that name the same bucket and window share the limit. Such as `key:alice:requests`. */
  readonly bucket: string;
  readonly window: Window;
  /** Whole units, from 0. */
  readonly limit: number;
  /** Whole units that are reserved: the most that the request can take. */
  readonly amount: number;
}

/** Where a bucket stands for one claim. */
export interface Standing {
  /** Units that are left, from 0. */
  readonly remaining: number;
  /** Milliseconds until all of the limit is free again, were nothing else claimed. 0 for `open`. */
  readonly resetMs: number;
}

/** Units that are set aside for a request until it settles. */
export interface Reservation {
  /**
   * Replaces what was reserved by what was really used, less or more. Only the first call counts. An amount
   * that is missing or not a number from 0 leaves what was reserved, a fraction is rounded up. Never throws
   * or rejects.
   * @param actual whole units by claim, in the claims' order
   */
  settle(actual: readonly number[]): void | Promise<void>;
  /** Gives all back: nothing was used. */
  release(): void | Promise<void>;
}

export interface Granted {
  readonly kind: "granted";
  readonly reservation: Reservation;
  /** In the claims' order, this request included. */
  readonly standings: readonly Standing[];
}

export interface Refused {
  readonly kind: "refused";
  /** The claim that stands in the way the longest. */
  readonly claim: Claim;
  /** Milliseconds until it may fit; undefined: never, as it is larger than its limit. */
  readonly retryAfterMs: number | undefined;
  /** False: only requests under way are in the way, and one that ends may make room at any moment. */
  readonly spent: boolean;
  /** In the claims' order, without this request. */
  readonly standings: readonly Standing[];
}

export type Outcome = Granted | Refused;

export interface Ledger {
  /**
   * Grants all claims or none.
   * @param claims each of another bucket or window
   * @throws RangeError for an amount or a limit that is not a whole number from 0, and for two claims on one
   * bucket
   */
  reserve(claims: readonly Claim[]): Outcome | Promise<Outcome>;
  /** Calls `listener` with the claims of each reservation that was settled. */
  onSettled(listener: (claims: readonly Claim[]) => void): void;
}

/** What keeps a claim from being granted. */
export interface Obstacle {
  readonly spent: boolean;
  readonly retryAfterMs: number | undefined;
}

/** When a refused request may try again while others hold what it wants: nobody knows when they end. */
export const HELD_RETRY_MS = 1000;

/** Nano-USD of an amount in USD, rounded up so that a price is never lost. From 0 to about 9 million USD. */
export function usdToNano(usd: number): number {
  // Prices have few decimals: what multiplying adds in the 15th digit must not round up to a further unit.
  const nano = Math.ceil(Number((usd * 1e9).toPrecision(15)));
  requireWhole(nano, "an amount in USD");
  return nano;
}

export function isBudget(window: Window): window is Budget {
  return window.kind === "day" || window.kind === "month";
}

/** Tells buckets of one name apart that count over another window. */
export function bucketKey({ bucket, window }: Claim): string {
  return window.kind === "sliding" ? `${window.ms}:${bucket}` : `${window.kind}:${bucket}`;
}

/** @throws RangeError see Ledger.reserve */
export function requireClaims(claims: readonly Claim[]): void {
  for (const [i, claim] of claims.entries()) {
    requireWhole(claim.amount, claim.bucket);
    requireWhole(claim.limit, claim.bucket);
    if (claim.window.kind === "sliding") requireWhole(claim.window.ms - 1, claim.bucket);
    for (let j = 0; j < i; j++)
      if (isSameBucket(claim, claims[j])) throw new RangeError(`two claims on ${claim.bucket}`);
  }
}

function isSameBucket(a: Claim, b: Claim | undefined): boolean {
  return a.bucket === b?.bucket && a.window.kind === b.window.kind && bucketKey(a) === bucketKey(b);
}

function requireWhole(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${what}: ${value} is not a whole number from 0 to 2^53`);
}

/** The whole units that were really used; what was reserved when there is no telling. */
export function settledAmount(actual: number | undefined, reserved: number): number {
  if (actual === undefined || !(actual >= 0)) return reserved;
  const whole = Math.ceil(actual);
  return Number.isSafeInteger(whole) ? whole : reserved;
}

/** @param obstacles in the claims' order, undefined for a claim that fits */
export function refusalOf(
  claims: readonly Claim[],
  obstacles: readonly (Obstacle | undefined)[],
  standings: readonly Standing[],
): Refused | undefined {
  let worst: { readonly claim: Claim; readonly obstacle: Obstacle } | undefined;
  for (const [i, claim] of claims.entries()) {
    const obstacle = obstacles[i];
    if (obstacle !== undefined && (worst === undefined || weight(obstacle) > weight(worst.obstacle)))
      worst = { claim, obstacle };
  }
  return worst && { kind: "refused", claim: worst.claim, ...worst.obstacle, standings };
}

/** What is spent outweighs what is held, as waiting for others does not help. */
function weight({ spent, retryAfterMs }: Obstacle): number {
  return spent ? (retryAfterMs ?? Number.POSITIVE_INFINITY) : -1;
}
