import type { CaptureFacts } from "../domain/capture.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { Backlog } from "./backlog.ts";
import type { RawCapture, RawSink } from "./raw.ts";
import { RecentContents } from "./recent-contents.ts";
import { Trouble } from "./trouble.ts";
import { Writer } from "./writer.ts";

/** What may wait at most, in bytes. */
const MAX_BYTES = 50 * 1024 * 1024;

/** How long captures wait for others to be written with them, in milliseconds; and usage where nothing is captured. */
const WAIT_MS = 50;
const USAGE_WAIT_MS = 1000;

/** How soon a failing store is tried again when the gateway stops, in milliseconds. */
const RETRY_MS = 100;

/** More is dropped at once than is needed, so that it is not done for each request. */
const SPARE = 1 / 32;

/** Captures for which nobody waits any longer. */
const MANY = 100;

export interface CaptureQueueDeps {
  readonly sink: RawSink;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Default 50 MiB. */
  readonly maxBytes?: number;
}

/** What became of all captures; at every moment accepted = stored + dropped + queued. */
export interface CaptureCounts {
  readonly accepted: number;
  readonly stored: number;
  readonly dropped: number;
  readonly queued: number;
}

/**
 * Requests on their way to the store. Whoever hands one over never waits and never hears of an error: while the store
 * fails they wait here, and when they take too much memory the oldest go.
 */
export class CaptureQueue {
  readonly #metrics: Metrics;
  readonly #maxBytes: number;
  readonly #backlog = new Backlog();
  readonly #recent = new RecentContents();
  readonly #trouble: Trouble;
  readonly #writer: Writer;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #usageTimer: ReturnType<typeof setTimeout> | undefined;
  #accepted = 0;
  #stored = 0;
  #dropped = 0;

  constructor({ sink, metrics, log, maxBytes = MAX_BYTES }: CaptureQueueDeps) {
    this.#metrics = metrics;
    this.#maxBytes = maxBytes;
    this.#trouble = new Trouble(log);
    this.#writer = new Writer(sink, this.#backlog, {
      stored: (captures) => this.#countStored(captures),
      dropped: (captures, problem) => this.#drop(captures, problem),
      usageLost: (requests, problem) => this.#trouble.usageLost(requests, problem),
      waiting: (problem) => this.#trouble.waiting(problem),
      wrote: () => this.#trouble.over(),
    });
    metrics.watchCaptures(() => {
      const oldest = this.#backlog.oldest;
      return {
        requests: this.#backlog.size,
        bytes: this.#backlog.bytes,
        oldestSeconds: oldest === undefined ? 0 : (performance.now() - oldest.since) / 1000,
      };
    });
  }

  get counts(): CaptureCounts {
    return {
      accepted: this.#accepted,
      stored: this.#stored,
      dropped: this.#dropped,
      queued: this.#backlog.size,
    };
  }

  /**
   * Takes a request.
   * @param keepsContent are its texts stored? If not they are kept a while, should feedback come
   */
  take(raw: RawCapture, keepsContent: boolean): void {
    this.#writer.usage.add(raw.facts);
    if (!keepsContent) this.#recent.add(raw);
    this.#accept(keepsContent ? raw : { ...raw, content: undefined });
  }

  /** Is the store known to fail? It is tried again by itself, less and less often. */
  get failing(): boolean {
    return this.#writer.failing;
  }

  /** Counts what a request took that is not captured. */
  skip(facts: CaptureFacts): void {
    this.#writer.usage.add(facts);
    this.#metrics.captured("skipped", 1);
    if (!this.#writer.busy) this.#usageTimer ??= setTimeout(() => this.#write(), USAGE_WAIT_MS).unref();
  }

  /** A recent request whose texts were not stored; undefined once they are forgotten. It is forgotten then. */
  contentOf(id: string): RawCapture | undefined {
    return this.#recent.take(id);
  }

  /** Stores the texts of a recent request after all, as somebody took an interest in it. */
  keepContent(id: string): void {
    const raw = this.contentOf(id);
    if (raw !== undefined) this.#accept(raw);
  }

  /** Forgets the texts of a recent request, or of all of a user: they are never stored then. */
  forget(which: { readonly id: string } | { readonly user: string }): void {
    this.#recent.forget(which);
  }

  /**
   * Resolves with true when all that waits now is stored or dropped; with false when the store turns out to fail, or
   * after so many milliseconds at most.
   */
  async flush(withinMs: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    this.#write();
    const done = await Promise.race([this.#writer.settled(this.#backlog.size), late]);
    clearTimeout(timer);
    return done;
  }

  /** Writes what waits, and takes a failing store for no answer. What can't be written within so many milliseconds is lost. */
  async close(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    for (let left = withinMs; left > 0 && this.#writer.hasWork; left = until - performance.now()) {
      await this.flush(left);
      if (this.#writer.hasWork) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    clearTimeout(this.#timer);
    clearTimeout(this.#usageTimer);
    this.#writer.stop();
    this.#drop(this.#backlog.drop(Number.POSITIVE_INFINITY), "the gateway stopped");
    this.#trouble.ended();
  }

  #accept(raw: RawCapture): void {
    this.#accepted++;
    this.#backlog.add(raw);
    if (this.#backlog.bytes > this.#maxBytes)
      this.#drop(this.#backlog.drop(this.#backlog.bytes - this.#maxBytes * (1 - SPARE)), "too many wait");
    if (this.#writer.busy) return;
    if (this.#backlog.size >= MANY) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), WAIT_MS).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#usageTimer);
    this.#timer = undefined;
    this.#usageTimer = undefined;
    this.#writer.write();
  }

  #countStored(captures: number): void {
    this.#stored += captures;
    this.#metrics.captured("stored", captures);
  }

  #drop(captures: number, problem: string): void {
    this.#dropped += captures;
    this.#metrics.captured("dropped", captures);
    this.#trouble.dropped(captures, problem);
  }
}
