import { parentPort, workerData } from "node:worker_threads";
import { refineBatch } from "./captures/refine.ts";
import { redactorOf } from "./config/stored-redactor.ts";
import { openStore } from "./store/open.ts";
import type { ThreadStart, ToThread } from "./threads/protocol.ts";
import { serve } from "./threads/serve.ts";

/** A thread that holds a store: what its calls take stays off the event loop of the gateway. */

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
