import { parentPort, workerData } from "node:worker_threads";
import { openStore } from "./store/open.ts";
import type { ThreadStart, ToThread } from "./threads/protocol.ts";
import { serve } from "./threads/serve.ts";

/** A thread that holds a store: what its calls take stays off the event loop of the gateway. */

const port = parentPort;
if (port === null) throw new TypeError("it runs in a thread that was given a store");
const { url }: ThreadStart = workerData;
const hear = await serve({
  open: () => openStore(url),
  post: (message) => port.postMessage(message),
  onRedaction: () => {},
  end: () => port.close(),
});
if (hear !== undefined) port.on("message", (message: ToThread) => hear(message));
