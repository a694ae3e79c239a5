import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { CaptureQueue } from "./captures/capture-queue.ts";
import type { RawSink } from "./captures/raw.ts";
import type { Table } from "./domain/table.ts";
import type { Log } from "./metrics/log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { FromThread } from "./threads/protocol.ts";
import type { StartThread } from "./threads/supervised-thread.ts";
import { ThreadedStore } from "./threads/threaded-store.ts";

/** How long captures may take to be stored when the gateway has stopped, in milliseconds. */
export const LAST_WRITES_MS = 5000;

/** How long the store may take to tell where rollouts stand, before requests are taken without knowing it, in milliseconds. */
export const STANDINGS_MS = 10_000;

/** Beside this file, as source and as built. */
const ENTRY = new URL(`store-thread${extname(import.meta.url)}`, import.meta.url);

export interface StoreDeps {
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The configured store, in threads of its own. @returns undefined when there is none */
export function threadedStore(
  { store, redaction }: Pick<Table, "store" | "redaction">,
  { metrics, log }: StoreDeps,
): ThreadedStore | undefined {
  if (store === undefined) return undefined;
  metrics.storeUp(true);
  return new ThreadedStore({
    settings: store,
    redaction: redaction.settings,
    start: startThread,
    onTrouble: (trouble) => {
      metrics.storeUp(trouble === undefined);
      if (trouble === undefined) log("info", "the store works again");
      else
        log("error", "the store does not work, requests go on without it", {
          problem: trouble.message,
          note: trouble.temporary ? "it is tried again and again" : "it has to be repaired or moved away",
        });
    },
  });
}

/**
 * The line of captures before the store. @returns undefined where there is none
 * @param sink what takes them in the store's place
 */
export function capturesOf(
  store: ThreadedStore | undefined,
  deps: StoreDeps,
  sink: RawSink | undefined = store && { write: store.capture },
): CaptureQueue | undefined {
  return sink && new CaptureQueue({ sink, ...deps });
}

export const startThread: StartThread = (start, listener) => {
  // The name is what tools that list threads show.
  const worker = new Worker(ENTRY, { workerData: start, name: "store" });
  let cause: unknown;
  worker.on("message", (message: FromThread) => listener.heard(message));
  worker.on("error", (error) => {
    cause = error;
  });
  worker.on("exit", () => listener.ended(cause));
  return {
    post: (message) => worker.postMessage(message),
    abandon: () => {
      worker.unref();
      void worker.terminate();
    },
  };
};
