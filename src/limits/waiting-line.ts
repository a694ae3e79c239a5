import { known } from "../domain/made.ts";
import { bucketKey, type Claim, isBudget, type Ledger, type Outcome, requireClaims } from "./ledger.ts";

export interface Patience {
  /** For how long to wait at most, in milliseconds. */
  readonly ms: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export interface WaitingLineOptions {
  /** How many may wait for one budget. */
  readonly most: number;
  /**
   * Where others than this process settle too: about how often the first in line tries again, in milliseconds.
   * Without it only what settles here wakes a line.
   */
  readonly retryMs?: number;
  /** From [0, 1). */
  readonly random?: () => number;
}

/**
 * Requests that wait because others under way hold what is left of a budget: first come, first served for each
 * budget. A request that is refused for another reason does not wait.
 */
export class WaitingLine {
  readonly #ledger: Ledger;
  readonly #most: number;
  readonly #retryMs: (() => number) | undefined;
  readonly #lines = new Map<string, Line>();

  constructor(ledger: Ledger, { most, retryMs, random = Math.random }: WaitingLineOptions) {
    this.#ledger = ledger;
    this.#most = most;
    this.#retryMs = retryMs === undefined ? undefined : () => retryMs * (0.5 + random());
    ledger.onSettled((claims) => {
      if (this.#lines.size === 0) return;
      for (const claim of claims) this.#lines.get(bucketKey(claim))?.serve();
    });
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const line of this.#lines.values()) size += line.length;
    return size;
  }

  /**
   * Reserves, and waits until the claims fit. When too many wait already it tries once, and so it does when its time is
   * over.
   * @returns undefined when the signal aborted first
   * @throws RangeError as Ledger.reserve
   */
  async reserve(claims: readonly Claim[], { ms, signal }: Patience): Promise<Outcome | undefined> {
    requireClaims(claims);
    let key = this.#lineBefore(claims);
    if (key === undefined) {
      const tried = this.#ledger.reserve(claims);
      // Not a moment passes in memory, or the next to come would find no line yet.
      const outcome = tried instanceof Promise ? await tried : tried;
      key = awaited(outcome);
      if (key === undefined) return outcome;
    }
    if (signal?.aborted) return undefined;
    if ((this.#lines.get(key)?.length ?? 0) >= this.#most) return this.#ledger.reserve(claims);
    const waiter = new Waiter(claims);
    const late = setTimeout(() => waiter.leaveWith(this.#ledger.reserve(claims)), ms);
    const left = (): void => waiter.leaveWith(undefined);
    signal?.addEventListener("abort", left, { once: true });
    try {
      this.#line(key).join(waiter);
      return await waiter.answer;
    } finally {
      clearTimeout(late);
      signal?.removeEventListener("abort", left);
    }
  }

  /** The line in which somebody waits for one of these budgets: who comes later does not overtake. */
  #lineBefore(claims: readonly Claim[]): string | undefined {
    return this.#lines.size === 0 ? undefined : claims.map(bucketKey).find((key) => this.#lines.has(key));
  }

  #line(key: string): Line {
    return known(
      this.#lines,
      key,
      () =>
        new Line({
          reserve: (claims) => this.#ledger.reserve(claims),
          isHere: (outcome) => awaited(outcome) === key,
          moveOn: (waiter, outcome) => this.#moveOn(waiter, outcome),
          emptied: () => this.#lines.delete(key),
          retryMs: this.#retryMs,
        }),
    );
  }

  /** It has been the first in its line: either that is the end of its waiting, or another budget holds it up now. */
  #moveOn(waiter: Waiter, outcome: Outcome): void {
    const key = awaited(outcome);
    if (key === undefined) waiter.leaveWith(outcome);
    else this.#line(key).join(waiter);
  }
}

/** Which budget's line to wait in; undefined when there is nothing to wait for. */
function awaited(outcome: Outcome): string | undefined {
  if (outcome.kind === "granted" || outcome.spent || !isBudget(outcome.claim.window)) return undefined;
  return bucketKey(outcome.claim);
}

class Waiter {
  readonly claims: readonly Claim[];
  readonly answer: Promise<Outcome | undefined>;
  readonly #resolve: (outcome: Outcome | undefined | Promise<Outcome>) => void;
  #line: Line | undefined;
  #hasLeft = false;

  constructor(claims: readonly Claim[]) {
    this.claims = claims;
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.answer = promise;
    this.#resolve = resolve;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  standsIn(line: Line): void {
    this.#line = line;
  }

  /** Ends its waiting. Only the first call counts. */
  leaveWith(outcome: Outcome | undefined | Promise<Outcome>): void {
    this.#hasLeft = true;
    this.#resolve(outcome);
    this.#line?.remove(this);
  }
}

interface LineDeps {
  readonly reserve: (claims: readonly Claim[]) => Outcome | Promise<Outcome>;
  /** Does this outcome mean to go on waiting in this line? */
  readonly isHere: (outcome: Outcome) => boolean;
  readonly moveOn: (waiter: Waiter, outcome: Outcome) => void;
  readonly emptied: () => void;
  readonly retryMs: (() => number) | undefined;
}

/** Those who wait for one budget. */
class Line {
  readonly #deps: LineDeps;
  readonly #waiters: Waiter[] = [];
  #isServing = false;
  /** Something settled while the first in line was being served. */
  #isStale = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(deps: LineDeps) {
    this.#deps = deps;
  }

  get length(): number {
    return this.#waiters.length;
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
    waiter.standsIn(this);
    this.serve(); // what it was refused for may have settled since
  }

  remove(waiter: Waiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at === -1) return;
    this.#waiters.splice(at, 1);
    if (this.#waiters.length === 0) this.#end();
    else if (at === 0) this.serve();
  }

  /** Grants to the first in line what it waits for, then to the next, until one has to go on waiting. */
  serve(): void {
    this.#isStale = true;
    if (!this.#isServing) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    clearTimeout(this.#retry);
    for (let first = this.#waiters[0]; first !== undefined && this.#isStale; first = this.#waiters[0])
      await this.#serveOne(first);
    this.#isServing = false;
    const { retryMs } = this.#deps;
    if (this.#waiters.length > 0 && retryMs !== undefined)
      this.#retry = setTimeout(() => this.serve(), retryMs());
  }

  async #serveOne(first: Waiter): Promise<void> {
    this.#isStale = false;
    const outcome = await this.#deps.reserve(first.claims);
    if (first.hasLeft) {
      this.#isStale = true;
      if (outcome.kind === "granted") await outcome.reservation.release();
    } else if (!this.#deps.isHere(outcome)) {
      this.#isStale = true;
      this.remove(first);
      this.#deps.moveOn(first, outcome);
    }
  }

  #end(): void {
    clearTimeout(this.#retry);
    this.#deps.emptied();
  }
}
