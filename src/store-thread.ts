import { getPriority, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { refineBatch } from "./captures/refine.ts";
import { redactorOf } from "./config/stored-redactor.ts";
import { openStore } from "./store/open.ts";
import type { ThreadStart, ToThread } from "./threads/protocol.ts";
import { serve } from "./threads/serve.ts";

/** A thread that holds a store: what its calls take stays off the event loop of the gateway. */

/** Requests come first where cores are few: by so much of niceness, of which there is no more than 19. */
const NICER = 10;
const NICEST = 19;

// On Linux this is the calling thread's own; elsewhere it would be the whole process's. Bun starts threads from this one that
// collect garbage for all, and that must not wait.
if (process.platform === "linux" && process.versions["bun"] === undefined) yieldToRequests();

const port = parentPort;
if (port === null) throw new TypeError("it runs in a thread that was given a store");
const { url, redaction }: ThreadStart = workerData;
let redactor = redactorOf(redaction);
const hear = await serve({
  open: () => openStore(url),
  post: (message) => port.postMessage(message),
  refine: (batch) => refineBatch(batch, redactor),
  onRedaction: (settings) => {
    redactor = redactorOf(settings);
  },
  end: () => port.close(),
});
if (hear !== undefined) port.on("message", (message: ToThread) => hear(message));

function yieldToRequests(): void {
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER));
  } catch {
    // Where even that is forbidden it works as fast as the others.
  }
}
