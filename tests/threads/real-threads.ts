import { startThread } from "../../src/open-store.ts";
import type { Thread } from "../../src/threads/supervised-thread.ts";
import { ThreadedStore, type ThreadedStoreOptions } from "../../src/threads/threaded-store.ts";

export interface StoreInThreads {
  readonly store: ThreadedStore;
  /** The threads that were started, in their order. */
  readonly threads: readonly Thread[];
  /** What was told of trouble: what it is, or undefined when it is over. */
  readonly troubles: readonly (string | undefined)[];
}

/** For tests that are not about time: on a machine that does much else a thread may take some, within what a hook may. */
export const PATIENT = { retryMs: 20, readMs: 60_000, silentMs: 60_000, closeMs: 20_000 } as const;

/** A store in real threads, which keeps everything unless the options say otherwise. */
export function storeInThreads(url: string, more: Partial<ThreadedStoreOptions> = {}): StoreInThreads {
  const threads: Thread[] = [];
  const troubles: (string | undefined)[] = [];
  const store = new ThreadedStore({
    settings: { url, retention: { maxAgeMs: 1e12, maxBytes: 1e12 } },
    redaction: { secrets: [], personal: [], patterns: [] },
    start: (given, listener) => {
      const thread = startThread(given, listener);
      threads.push(thread);
      return thread;
    },
    onTrouble: (trouble) => troubles.push(trouble?.message),
    ...more,
  });
  return { store, threads, troubles };
}
