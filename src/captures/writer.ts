import { messageOf } from "../domain/errors.ts";
import { newRequestId } from "../domain/own-answer.ts";
import { StoreError } from "../store/store.ts";
import type { Backlog } from "./backlog.ts";
import type { RawBatch, RawSink } from "./raw.ts";
import { UsageHours } from "./usage-hours.ts";

/** How many captures, or how many of their bytes, go at once. */
const MOST_AT_ONCE = 100;
const MOST_BYTES_AT_ONCE = 4 * 1024 * 1024;

/** How long fewer captures wait for others, in milliseconds. */
const GATHER_MS = 50;

/** Waits before a failing store is tried again, in milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** Hears what becomes of captures. */
export interface WriterListener {
  stored(captures: number): void;
  dropped(captures: number, problem: string): void;
  /** Usage of so many requests can't be stored. */
  usageLost(requests: number, problem: string): void;
  /** The store fails, and will be tried again. */
  waiting(problem: string): void;
  /** A whole batch is stored. */
  wrote(): void;
}

/** Refused: it can never be stored. Failed: it may be later. */
type Outcome =
  | { readonly kind: "stored" | "failed" }
  | { readonly kind: "refused"; readonly problem: string };

/** Writes a backlog, one batch after the other, and tries for as long as it takes. */
export class Writer {
  readonly usage = new UsageHours();
  /** Usage that was not stored, or of which nobody told that it was: tried again under the same id, lest it count twice. */
  #unsettled: Pick<RawBatch, "usage" | "usageId"> | undefined;
  readonly #sink: RawSink;
  readonly #backlog: Backlog;
  readonly #listener: WriterListener;
  #busy = false;
  #failing = false;
  #stopped = false;
  #waiters: { captures: number; readonly resolve: (done: boolean) => void }[] = [];
  /** Ends a pause before its time. */
  #hurry: () => void = () => {};

  constructor(sink: RawSink, backlog: Backlog, listener: WriterListener) {
    this.#sink = sink;
    this.#backlog = backlog;
    this.#listener = listener;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Did the last write fail, and is the store left alone for a while? */
  get failing(): boolean {
    return this.#failing;
  }

  get hasWork(): boolean {
    return this.#busy || this.#hasWaiting;
  }

  /** Begins to write, unless it does already. */
  write(): void {
    this.#hurry();
    if (!this.#busy) void this.#writeAll();
  }

  /** Writes nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#backlog.release();
  }

  /** Resolves with true when so many captures from the front on are done with, with false when the store turns out to fail. */
  settled(captures: number): Promise<boolean> {
    if (!this.#busy) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiters.push({ captures, resolve }));
  }

  async #writeAll(): Promise<void> {
    this.#busy = true;
    for (let backoffMs = FIRST_PAUSE_MS; this.#hasWaiting && !this.#stopped; ) {
      this.#failing = !(await this.#writeBatch());
      if (!this.#failing) {
        backoffMs = FIRST_PAUSE_MS;
        if (this.#gathers) await this.#pause(GATHER_MS);
        continue;
      }
      this.#giveUp();
      await this.#pause(backoffMs);
      backoffMs = Math.min(backoffMs * 2, LONGEST_PAUSE_MS);
    }
    this.#busy = false;
    if (this.#stopped) this.#giveUp();
    else this.#done(Number.POSITIVE_INFINITY);
  }

  get #hasWaiting(): boolean {
    return this.#backlog.size > 0 || this.usage.size > 0 || this.#unsettled !== undefined;
  }

  /** Is there too little for a batch, and nobody who waits for it? */
  get #gathers(): boolean {
    return this.#hasWaiting && this.#waiters.length === 0 && this.#backlog.size < MOST_AT_ONCE;
  }

  /** @returns false when the store fails and is to be left alone for a while */
  async #writeBatch(): Promise<boolean> {
    const captures = this.#backlog.hold(MOST_AT_ONCE, MOST_BYTES_AT_ONCE);
    const batch = { captures, ...this.#takeUsage() };
    const outcome = await this.#try(batch);
    switch (outcome.kind) {
      case "stored":
        this.#settle(captures.length, () => this.#listener.stored(captures.length));
        this.#listener.wrote();
        return true;
      case "failed":
        return this.#putBack(batch);
      case "refused":
        return this.#writeSingly(batch);
    }
  }

  /** Something in a batch can never be stored. All else is. */
  async #writeSingly({ captures, ...others }: RawBatch): Promise<boolean> {
    if (others.usage.length > 0) {
      const outcome = await this.#try({ captures: [], ...others });
      if (outcome.kind === "failed") return this.#putBack(others);
      if (outcome.kind === "refused") this.#listener.usageLost(requestsOf(others), outcome.problem);
    }
    for (const capture of captures) {
      const outcome = await this.#try({ captures: [capture], usage: [] });
      switch (outcome.kind) {
        case "stored":
          this.#settle(1, () => this.#listener.stored(1));
          break;
        case "refused":
          this.#settle(1, () => this.#listener.dropped(1, outcome.problem));
          break;
        case "failed":
          return this.#putBack({ usage: [] });
      }
    }
    return true;
  }

  async #try(batch: RawBatch): Promise<Outcome> {
    try {
      await this.#sink.write(batch);
      return { kind: "stored" };
    } catch (error) {
      const problem = messageOf(error);
      if (!(error instanceof StoreError && error.temporary)) return { kind: "refused", problem };
      this.#listener.waiting(problem);
      return { kind: "failed" };
    }
  }

  #takeUsage(): Pick<RawBatch, "usage" | "usageId"> {
    const taken =
      this.#unsettled ??
      (this.usage.size === 0 ? { usage: [] } : { usage: this.usage.take(), usageId: newRequestId() });
    this.#unsettled = undefined;
    return taken;
  }

  #putBack({ usage, usageId }: Omit<RawBatch, "captures">): false {
    if (usageId !== undefined) this.#unsettled = { usage, usageId };
    this.#backlog.release();
    return false;
  }

  /** Captures at the front are done with, unless all were given up meanwhile. */
  #settle(captures: number, tell: () => void): void {
    if (this.#stopped) return;
    this.#backlog.remove(captures);
    tell();
    this.#done(captures);
  }

  #done(captures: number): void {
    for (const waiter of this.#waiters) waiter.captures -= captures;
    const done = this.#waiters.filter((waiter) => waiter.captures <= 0);
    this.#waiters = this.#waiters.filter((waiter) => waiter.captures > 0);
    for (const { resolve } of done) resolve(true);
  }

  /** Nobody waits any longer. */
  #giveUp(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function requestsOf({ usage }: Pick<RawBatch, "usage">): number {
  return usage.reduce((sum, { requests }) => sum + requests, 0);
}
