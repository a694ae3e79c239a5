import { startThread } from "../../src/open-store.ts";
import { ThreadedStore } from "../../src/threads/threaded-store.ts";

/** The store as the gateway has it, save that reading may take as long as it does. */
export function openThreads(url: string): ThreadedStore {
  return new ThreadedStore({
    settings: { url, retention: { maxAgeMs: 1e12, maxBytes: 1e12 } },
    redaction: { secrets: ["upstream-key-0123456789abcdef"], personal: [], patterns: [] },
    start: startThread,
    onTrouble: (trouble) => {
      if (trouble !== undefined) process.stderr.write(`the store is in trouble: ${trouble.message}\n`);
    },
    readMs: 300_000,
  });
}
