import { isDeepStrictEqual } from "node:util";
import type { StoredTuningJob, TuningJobStore } from "../store/tuning-jobs.ts";
import { isEnded, type TuningJob } from "./job.ts";
import { jobUnreadable } from "./refusals.ts";
import { jobIn, rowOf } from "./stored-job.ts";
import { patiently, wait } from "./wait.ts";

export interface Lease {
  readonly store: TuningJobStore;
  /** Of one worker's one time with a job: nobody else's. */
  readonly owner: string;
  /** How long it counts, in milliseconds. It is renewed while somebody works. */
  readonly leaseMs: number;
  /** Who works stops when this is aborted. */
  readonly signal: AbortSignal;
}

/** A worker that waits looks so often, in milliseconds, whether somebody wants something else of its job: a training costs. */
export const HEAR_MS = 1_000;

/** The lease is over, or somebody else has it: what is done is left to them. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/**
 * A job that one worker alone works on, for as long as its lease counts. Every change is in the store before the next step;
 * changes of others, such as a wish for its end, are taken over.
 */
export class HeldJob {
  readonly #lease: Lease;
  readonly #lost = new AbortController();
  readonly #cancelAsked = new AbortController();
  /** Aborted once no step may be begun or finished any more. */
  readonly signal: AbortSignal;
  #row: StoredTuningJob;
  #job: TuningJob;
  /** Was an end the last that was to be saved? Its answer may have been lost. */
  #isEnding = false;
  #line: Promise<unknown> = Promise.resolve();
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #isHearing = false;

  private constructor(lease: Lease, row: StoredTuningJob, job: TuningJob) {
    this.#lease = lease;
    this.#row = row;
    this.#job = job;
    this.signal = AbortSignal.any([lease.signal, this.#lost.signal]);
    this.#take(row, job);
    this.#renewLater();
  }

  /** @returns undefined when there is nothing to do, or somebody else does it. @throws StoreError, GatewayError 409 */
  static async claim(id: string, lease: Lease): Promise<HeldJob | undefined> {
    const found = await lease.store.tuningJob(id);
    if (found === undefined || !found.open || found.state === "manual" || !isFree(found, lease.leaseMs))
      return undefined;
    const job = jobIn(found);
    if (job === undefined) throw jobUnreadable(found);
    const ownedUntil = Date.now() + lease.leaseMs;
    const row = { ...found, owner: lease.owner, ownedUntil, revision: found.revision + 1 };
    return (await lease.store.saveTuningJob(row)) ? new HeldJob(lease, row, job) : undefined;
  }

  get job(): TuningJob {
    return this.#job;
  }

  /** Is the job at an end that it was brought to here? A person may end what waits for them. */
  get hasEnded(): boolean {
    return this.#isEnding && isEnded(this.#job.state);
  }

  /** Aborted once the job's end is asked for. */
  get cancelSignal(): AbortSignal {
    return this.#cancelAsked.signal;
  }

  /**
   * Right before something is done that must not be done twice: a machine may have slept meanwhile.
   * @throws LeaseLost when others may take the job over by now
   */
  requireLease(): void {
    if (this.#left() <= 0) throw this.#lose();
  }

  /**
   * Changes the job, in the store too, unless nothing is new: a lost store is waited for.
   * @param change is made again of what others have changed meanwhile
   * @throws LeaseLost, the signal's reason, StoreError for a store that is broken for good
   */
  update(change: (job: TuningJob) => TuningJob): Promise<TuningJob> {
    return this.#inLine(() => this.#save(change));
  }

  /** Takes over what others have changed. Never rejects. */
  async refresh(): Promise<void> {
    await this.#inLine(async () => {
      const row = await this.#lease.store.tuningJob(this.#job.id);
      if (row === undefined || row.revision === this.#row.revision) return;
      const job = jobIn(row);
      if (job !== undefined) this.#takeOver(row, job);
    }).catch(() => {});
  }

  /** Waits, unless the job's end is asked for meanwhile, here or elsewhere. @throws the signal's reason */
  async sleep(ms: number): Promise<void> {
    const { signal } = this.#cancelAsked;
    const waking = signal.aborted ? this.signal : AbortSignal.any([this.signal, signal]);
    const hearing = setInterval(() => void this.#hear(), HEAR_MS);
    try {
      await wait(ms, waking);
    } catch (error) {
      this.signal.throwIfAborted();
      if (!signal.aborted) throw error;
    } finally {
      clearInterval(hearing);
    }
  }

  /** Not again while a store has yet to answer: what is to be saved would stand behind it. */
  async #hear(): Promise<void> {
    if (this.#isHearing) return;
    this.#isHearing = true;
    await this.refresh();
    this.#isHearing = false;
  }

  /** Begins nothing more, so that another can do what can't be done here. @returns what to throw */
  leave(): LeaseLost {
    return this.#lose();
  }

  /** Gives the lease back, so that another can go on at once. Never rejects. */
  async release(): Promise<void> {
    clearTimeout(this.#renewal);
    await this.#inLine(async () => {
      // Others may have changed it since, such as a person who lets it go on.
      while (this.#row.owner === this.#lease.owner) {
        const row = { ...this.#row, owner: undefined, ownedUntil: 0, revision: this.#row.revision + 1 };
        if (await this.#lease.store.saveTuningJob(row)) return;
        await this.#reload();
      }
    }).catch(() => {}); // it ends by itself
    this.#lost.abort(new LeaseLost());
  }

  async #save(change: (job: TuningJob) => TuningJob): Promise<TuningJob> {
    const { leaseMs, owner, store, signal } = this.#lease;
    for (;;) {
      this.#lost.signal.throwIfAborted();
      const job = change(this.#job);
      if (isSame(job, this.#job)) return this.#job;
      this.#isEnding = isEnded(job.state);
      // Past the end of the lease too: the revision tells whether somebody else has it.
      const row = await patiently(async () => {
        const { fingerprint, revision } = this.#row;
        const ownedUntil = Date.now() + leaseMs;
        const next = rowOf(job, { fingerprint, owner, ownedUntil, revision: revision + 1 });
        return (await store.saveTuningJob(next)) ? next : undefined;
      }, signal);
      if (row !== undefined) return this.#take(row, job);
      await patiently(() => this.#reload(), signal);
    }
  }

  /** @throws LeaseLost when it is somebody else's by now */
  async #reload(): Promise<void> {
    const row = await this.#lease.store.tuningJob(this.#job.id);
    const job = jobIn(row);
    if (row === undefined || job === undefined || row.owner !== this.#lease.owner) throw this.#lose();
    this.#take(row, job);
  }

  #takeOver(row: StoredTuningJob, job: TuningJob): void {
    if (row.owner !== this.#lease.owner) this.#lose();
    else if (row.revision > this.#row.revision) this.#take(row, job);
  }

  #take(row: StoredTuningJob, job: TuningJob): TuningJob {
    this.#row = row;
    this.#job = job;
    if (job.cancel_asked) this.#cancelAsked.abort(new CancelAsked());
    return job;
  }

  #lose(): LeaseLost {
    const lost = new LeaseLost();
    clearTimeout(this.#renewal);
    this.#lost.abort(lost);
    return lost;
  }

  #renewLater(): void {
    if (this.#lost.signal.aborted) return;
    this.#renewal = setTimeout(() => void this.#renew(), this.#lease.leaseMs / 3);
  }

  async #renew(): Promise<void> {
    // Whatever keeps the store from renewing it, somebody else may have the job then.
    const renewed = this.#inLine(() => this.#extend()).catch(() => void this.#lose());
    // A store that does not answer makes a lease end: nothing is begun then that somebody else may have begun.
    const timer = setTimeout(() => this.#lose(), Math.max(0, this.#left()));
    await renewed;
    clearTimeout(timer);
    this.#renewLater();
  }

  /** Without the document, which may be large. */
  async #extend(): Promise<void> {
    const { leaseMs, store } = this.#lease;
    for (;;) {
      const isExtended = await patiently(async () => {
        const { id, revision } = this.#row;
        const lease = { id, ownedUntil: Date.now() + leaseMs, revision: revision + 1 };
        if (!(await store.renewTuningJob(lease))) return false;
        this.#row = { ...this.#row, ...lease };
        return true;
      }, this.signal);
      if (isExtended) return;
      await patiently(() => this.#reload(), this.signal);
    }
  }

  /** Milliseconds in which no other clock says that the lease is over. */
  #left(): number {
    return this.#row.ownedUntil - skewOf(this.#lease.leaseMs) - Date.now();
  }

  /** One after the other: two changes of one revision would shut each other out. */
  #inLine<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#line.then(task);
    this.#line = done.catch(() => {});
    return done;
  }
}

/** Somebody wants the job to end: what is under way need not be finished. */
export class CancelAsked extends Error {
  override readonly name = "CancelAsked";
}

/** Is there something to do without a person? */
export function isWorkable({ state }: Pick<TuningJob, "state">): boolean {
  return !isEnded(state) && state !== "manual";
}

/** @param leaseMs of all leases, in milliseconds */
export function isFree(
  { owner, ownedUntil }: Pick<StoredTuningJob, "owner" | "ownedUntil">,
  leaseMs: number,
): boolean {
  return owner === undefined || freeAt({ ownedUntil }, leaseMs) <= Date.now();
}

/** When another may take a job whose owner is gone, in milliseconds since 1970. */
export function freeAt({ ownedUntil }: Pick<StoredTuningJob, "ownedUntil">, leaseMs: number): number {
  return ownedUntil + skewOf(leaseMs);
}

/**
 * So much earlier an owner stops, and so much later another takes over: 5 seconds of the usual 30, so that clocks of two machines may
 * be 10 apart. The database's own clock would spare that, but an owner needs one of its own all the same, to know when to stop.
 */
function skewOf(leaseMs: number): number {
  return leaseMs / 6;
}

/** That it was looked at is nothing new. */
function isSame(a: TuningJob, b: TuningJob): boolean {
  return a === b || isDeepStrictEqual({ ...a, updated: b.updated }, b);
}
