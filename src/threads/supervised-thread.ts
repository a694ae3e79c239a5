import { messageOf } from "../domain/errors.ts";
import type { RedactionSettings } from "../domain/redactor.ts";
import { StoreError } from "../store/store.ts";
import {
  type ArgsOf,
  type Failure,
  type FromThread,
  fromFailure,
  type Method,
  type Posted,
  type ResultOf,
  type ThreadStart,
} from "./protocol.ts";

/** A thread that was started. */
export interface Thread {
  post(message: Posted): void;
  /** Ends it, as soon as what it does allows; the process does not wait for it. */
  abandon(): void;
}

export interface ThreadListener {
  heard(message: FromThread): void;
  /** It has ended. @param cause what it died of; undefined when it ended by itself */
  ended(cause: unknown): void;
}

/** @throws Error when no thread can be started */
export type StartThread = (start: ThreadStart, listener: ThreadListener) => Thread;

export interface SupervisedThreadOptions {
  readonly start: StartThread;
  readonly url: string;
  readonly redaction: RedactionSettings;
  /** Told when the store is lost, and with undefined when it was opened. */
  readonly onState: (lost: Failure | undefined) => void;
  /** The first wait before another try and the longest, in milliseconds. Default 1 s and 10 s. */
  readonly waitMs?: number;
  readonly maxWaitMs?: number;
  /** The wait when trying again is of little use, in milliseconds. Default 1 minute. */
  readonly hopelessMs?: number;
}

/** A call that waits for its answer. */
interface Waiting {
  resolve(result: unknown): void;
  reject(error: StoreError): void;
}

/**
 * A store in a thread of its own, which is started again when it ends. Calls wait while it is opened for the first time;
 * from a failure until it is open again they are refused at once.
 */
export class SupervisedThread {
  readonly #options: SupervisedThreadOptions;
  readonly #waitMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #redaction: RedactionSettings;
  #thread: Thread | undefined;
  #lost: Failure | undefined;
  #nextWaitMs: number;
  #retry: NodeJS.Timeout | undefined;
  #lastId = 0;
  /** Called when the thread has ended after `close`. */
  #whenClosed: (() => void) | undefined;

  constructor(options: SupervisedThreadOptions) {
    this.#options = options;
    this.#waitMs = options.waitMs ?? 1000;
    this.#nextWaitMs = this.#waitMs;
    this.#redaction = options.redaction;
    this.#start();
  }

  /**
   * @param method of the store
   * @throws StoreError as the store does, and a temporary one when it is lost
   */
  call<M extends Method>(method: M, args: ArgsOf<M>): Promise<ResultOf<M>> {
    return new Promise<ResultOf<M>>((resolve, reject) => {
      if (this.#thread === undefined || this.#lost !== undefined || this.#whenClosed !== undefined)
        return reject(new StoreError(this.#lost?.message ?? "the store is closed", true));
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#thread.post({ kind: "call", id, method, args });
      } catch (error) {
        this.#waiting.delete(id);
        reject(new StoreError(`it can't be handed to the store: ${String(error)}`, false));
      }
    });
  }

  /** What is redacted by from now on. */
  redactBy(settings: RedactionSettings): void {
    this.#redaction = settings;
    this.#thread?.post({ kind: "redaction", settings });
  }

  /** Ends the thread as it is; another one is started. */
  renew(): void {
    this.#thread?.abandon();
  }

  /** Finishes what was asked, for at most so many milliseconds; then what is left is refused. */
  async close(mostMs: number): Promise<void> {
    if (this.#whenClosed !== undefined) return;
    clearTimeout(this.#retry);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenClosed = resolve;
    const thread = this.#thread;
    if (thread === undefined || this.#lost !== undefined) resolve();
    else thread.post({ kind: "close" });
    const deadline = setTimeout(resolve, mostMs);
    await promise;
    clearTimeout(deadline);
    this.#thread?.abandon();
    this.#thread = undefined;
    this.#refuseAll("the store was closed before it was done");
  }

  #start(): void {
    const { start, url } = this.#options;
    let failure: Failure | undefined;
    const listener: ThreadListener = {
      heard: (message) => {
        if (message.kind !== "unopened") return this.#heard(message);
        failure = message.failure;
        this.#thread?.abandon(); // whatever still holds it
      },
      ended: (cause) => this.#ended(failure, cause),
    };
    try {
      this.#thread = start({ url, redaction: this.#redaction }, listener);
    } catch (error) {
      this.#ended(temporary(`the store's thread can't be started: ${causeOf(error)}`), undefined);
    }
  }

  #heard(message: Exclude<FromThread, { kind: "unopened" }>): void {
    switch (message.kind) {
      case "opened":
        this.#lost = undefined;
        this.#nextWaitMs = this.#waitMs;
        this.#options.onState(undefined);
        return;
      case "done":
        this.#taken(message.id)?.resolve(message.result);
        return;
      case "failed":
        this.#taken(message.id)?.reject(fromFailure(message.failure));
        return;
      default:
        message satisfies never;
    }
  }

  #taken(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #ended(failure: Failure | undefined, cause: unknown): void {
    this.#thread = undefined;
    if (this.#whenClosed !== undefined) return this.#whenClosed();
    this.#lost = failure ?? temporary(`the store's thread ended: ${causeOf(cause)}`);
    this.#refuseAll(this.#lost.message);
    this.#options.onState(this.#lost);
    const { maxWaitMs = 10_000, hopelessMs = 60_000 } = this.#options;
    this.#retry = setTimeout(() => this.#start(), this.#lost.temporary ? this.#nextWaitMs : hopelessMs);
    this.#nextWaitMs = Math.min(maxWaitMs, 2 * this.#nextWaitMs);
  }

  #refuseAll(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new StoreError(message, true));
    this.#waiting.clear();
  }
}

function temporary(message: string): Failure {
  return { message, temporary: true, invalid: false };
}

function causeOf(cause: unknown): string {
  return cause === undefined ? "nobody knows why" : messageOf(cause);
}
