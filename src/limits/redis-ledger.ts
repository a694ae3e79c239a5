import { randomUUID } from "node:crypto";
import { Availability, type LimitsState } from "./availability.ts";
import { type Held, Leases } from "./leases.ts";
import {
  bucketKey,
  type Claim,
  isBudget,
  type Ledger,
  type Obstacle,
  type Outcome,
  refusalOf,
  requireClaims,
  type Standing,
} from "./ledger.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import type { RedisStore } from "./redis-store.ts";
import { SingleReservation } from "./reservation.ts";

export interface RedisLedgerOptions {
  readonly store: RedisStore;
  /** Called when Redis does not answer in time and this process counts by itself, and when it is back. */
  readonly onState: (state: LimitsState, cause: unknown) => void;
  /** A settlement was given up: Redis was away for too long. */
  readonly onLost: () => void;
  /** What all keys begin with, in braces: one slot of a cluster, as a request's claims are granted in one step. */
  readonly prefix?: string;
  /** What a request waits for Redis at most. Default 100 ms. */
  readonly timeoutMs?: number;
  /** How often Redis is looked for while it is away. Default 1000 ms. */
  readonly probeMs?: number;
  /** After how long what a process held that died is given back. Default 10 minutes. */
  readonly leaseMs?: number;
  /** Counts while Redis is away. */
  readonly meanwhile?: MemoryLedger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What a settlement changes. */
interface Change {
  readonly claim: Claim;
  readonly place: number;
  readonly actual: number;
}

/** Figures in the reply of the script. */
const FITS = 0;
const SPENT = 2;
const NEVER = -1;

/**
 * Limits that all processes share. While Redis does not answer in time, each process counts by itself, from what it
 * last saw of the budgets; what was spent meanwhile is told Redis when it is back.
 */
export class RedisLedger implements Ledger {
  readonly #store: RedisStore;
  readonly #availability: Availability;
  readonly #meanwhile: MemoryLedger;
  readonly #prefix: string;
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #listeners: ((claims: readonly Claim[]) => void)[] = [];
  readonly #leases: Leases;
  readonly #process = randomUUID();
  #count = 0;

  constructor(options: RedisLedgerOptions) {
    const { store, prefix = "crossover-limits", leaseMs = 600_000, now = Date.now } = options;
    this.#store = store;
    this.#prefix = `{${prefix}}:`;
    this.#leaseMs = leaseMs;
    this.#now = now;
    this.#meanwhile = options.meanwhile ?? new MemoryLedger({ now });
    this.#availability = new Availability({
      timeoutMs: options.timeoutMs ?? 100,
      probeMs: options.probeMs ?? 1000,
      probe: this.#probe,
      onState: options.onState,
      onLost: options.onLost,
    });
    this.#leases = new Leases(leaseMs, this.#renew);
  }

  get state(): LimitsState {
    return this.#availability.isUp ? "redis" : "memory";
  }

  /** Learns whether Redis is there, before the first request has to. Never rejects. */
  async check(): Promise<void> {
    await this.#availability.call(this.#probe).catch(() => {});
  }

  async reserve(claims: readonly Claim[]): Promise<Outcome> {
    requireClaims(claims);
    if (!this.#availability.isUp) return this.#reserveHere(claims);
    const id = this.#newId();
    const args = claims.flatMap(({ window, limit, amount }) => [
      window.kind,
      window.kind === "sliding" ? String(window.ms) : "0",
      String(limit),
      String(amount),
    ]);
    try {
      const reply = await this.#availability.call(() =>
        this.#store.reserve(this.#keys(claims), [id, String(this.#leaseMs), ...args]),
      );
      return this.#outcome(id, claims, reply);
    } catch {
      // It may have been granted all the same, or be granted yet.
      this.#giveBack(id, claims);
      return this.#reserveHere(claims);
    }
  }

  onSettled(listener: (claims: readonly Claim[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Ends the connection once it was told what has settled. What is reserved still is given back when its lease ends. */
  async close(): Promise<void> {
    this.#leases.close();
    this.#availability.close();
    // Redis answers in order: what was sent before this has been done after it.
    if (this.#availability.isUp) await this.#availability.call(this.#probe).catch(() => {});
    this.#store.close();
  }

  #outcome(id: string, claims: readonly Claim[], reply: readonly number[]): Outcome {
    const obstacles: (Obstacle | undefined)[] = [];
    const standings: Standing[] = [];
    const places: number[] = [];
    for (const i of claims.keys()) {
      const [obstacle = 0, retry = 0, remaining = 0, resetMs = 0, place = 0] = reply.slice(6 * i);
      const retryAfterMs = retry === NEVER ? undefined : retry;
      obstacles.push(obstacle === FITS ? undefined : { spent: obstacle === SPENT, retryAfterMs });
      standings.push({ remaining, resetMs });
      places.push(place);
    }
    const refusal = refusalOf(claims, obstacles, standings);
    if (refusal !== undefined) return refusal;
    for (const [i, { bucket, window }] of claims.entries())
      if (isBudget(window))
        this.#meanwhile.atLeast({
          bucket,
          kind: window.kind,
          at: places[i] ?? 0,
          used: reply[6 * i + 5] ?? 0,
        });
    this.#leases.add(id, claims);
    const reservation = new SingleReservation(claims, (actual) => this.#settle(id, claims, places, actual));
    return { kind: "granted", reservation, standings };
  }

  async #settle(
    id: string,
    claims: readonly Claim[],
    places: readonly number[],
    actual: readonly number[],
  ): Promise<void> {
    this.#leases.end(id);
    const changes = claims
      .map((claim, i) => ({ claim, place: places[i] ?? 0, actual: actual[i] ?? claim.amount }))
      .filter((change) => change.claim.window.kind !== "sliding" || change.actual !== change.claim.amount);
    if (changes.length > 0)
      await this.#availability.ensure(
        () => this.#tellSettled(id, changes),
        () => this.#tellSettled(id, changes.filter(canRepeat)),
      );
    this.#announce(claims);
  }

  /** Gives back what may have been granted though the answer did not come in time. */
  #giveBack(id: string, claims: readonly Claim[]): void {
    const changes = claims.map((claim) => ({ claim, place: 0, actual: 0 })).filter(canRepeat);
    if (changes.length > 0) this.#availability.later(() => this.#tellSettled(id, changes));
  }

  async #tellSettled(id: string, changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const args = changes.flatMap(({ claim, place, actual }) => [
      claim.window.kind,
      String(place),
      String(claim.amount),
      String(actual),
    ]);
    await this.#store.settle(this.#keys(changes.map(({ claim }) => claim)), [id, ...args]);
  }

  #reserveHere(claims: readonly Claim[]): Outcome {
    const outcome = this.#meanwhile.reserve(claims);
    if (outcome.kind === "refused") return outcome;
    const at = this.#now();
    const reservation = new SingleReservation(claims, async (actual) => {
      await outcome.reservation.settle(actual);
      await this.#charge(claims, actual, at);
      this.#announce(claims);
    });
    return { ...outcome, reservation };
  }

  /** Tells Redis what was spent without it. */
  async #charge(claims: readonly Claim[], actual: readonly number[], at: number): Promise<void> {
    const spent = claims
      .map((claim, i) => ({ claim, units: actual[i] ?? 0 }))
      .filter(({ claim, units }) => isBudget(claim.window) && units > 0);
    if (spent.length === 0) return;
    const keys = [`${this.#prefix}charged:${this.#newId()}`, ...this.#keys(spent.map(({ claim }) => claim))];
    const args = spent.flatMap(({ claim, units }) => [claim.window.kind, String(at), String(units)]);
    await this.#availability.ensure(() => this.#store.charge(keys, args));
  }

  readonly #renew = (held: readonly Held[]): Promise<unknown> =>
    this.#availability.call(() =>
      this.#store.renew(this.#keys(held.map(({ claim }) => claim)), [
        String(this.#leaseMs),
        ...held.flatMap(({ id, claim }) => [claim.window.kind, id]),
      ]),
    );

  /** Rejects when Redis is not there, or can't be written to. */
  readonly #probe = (): Promise<unknown> => this.#store.charge([`${this.#prefix}probe`], []);

  #newId(): string {
    return `${this.#process}-${this.#count++}`;
  }

  /** The two keys of each claim's bucket. */
  #keys(claims: readonly Claim[]): string[] {
    return claims.flatMap((claim) => {
      const key = `${this.#prefix}${bucketKey(claim)}`;
      return [key, `${key}:leases`];
    });
  }

  #announce(claims: readonly Claim[]): void {
    for (const listener of this.#listeners) listener(claims);
  }
}

/** Is a settlement that is told twice counted once? A reservation is there or not; a slot has no memory. */
function canRepeat({ claim }: Change): boolean {
  return claim.window.kind !== "sliding";
}
