import type { FromThread, Posted, ThreadStart } from "../../src/threads/protocol.ts";
import type { StartThread, Thread, ThreadListener } from "../../src/threads/supervised-thread.ts";

/** A thread of which the test says what it does. */
export class FakeThread implements Thread {
  readonly posted: Posted[] = [];
  readonly start: ThreadStart;
  readonly #listener: ThreadListener;
  abandoned = false;

  constructor(start: ThreadStart, listener: ThreadListener) {
    this.start = start;
    this.#listener = listener;
  }

  post(message: Posted): void {
    this.posted.push(message);
  }

  abandon(): void {
    this.abandoned = true;
  }

  says(message: FromThread): void {
    this.#listener.heard(message);
  }

  dies(cause?: unknown): void {
    this.#listener.ended(cause);
  }

  /** Answers the last call. */
  answers(result: unknown): void {
    const call = this.posted.findLast((message) => message.kind === "call");
    if (call === undefined) throw new RangeError("nothing was asked");
    this.says({ kind: "done", id: call.id, result });
  }
}

/** Starts threads that can be looked at, in their order. */
export function fakeThreads(): { readonly start: StartThread; readonly threads: FakeThread[] } {
  const threads: FakeThread[] = [];
  const start: StartThread = (given, listener) => {
    const thread = new FakeThread(given, listener);
    threads.push(thread);
    return thread;
  };
  return { start, threads };
}
