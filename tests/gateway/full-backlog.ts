import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import { until } from "../support/until.ts";

/** Listens, tells its port, and then never accepts a connection, as its thread sleeps. */
const LISTENER = `
  const { createServer } = require("node:net");
  const { parentPort } = require("node:worker_threads");
  const server = createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

export interface FullBacklog {
  readonly url: string;
  close(): Promise<void>;
}

/** A server to which no connection can be opened and which refuses none: its queue is full. */
export async function openFullBacklog(): Promise<FullBacklog> {
  const worker = new Worker(LISTENER, { eval: true });
  const [port] = await once(worker, "message");
  const fillers: Socket[] = Array.from({ length: 8 }, () => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    return socket;
  });
  // The queue takes two; the others are still waiting.
  await until(() => fillers.filter((socket) => !socket.connecting).length >= 2);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

/** The address of a full backlog that is there until the test ends. */
export async function startFullBacklog(): Promise<string> {
  const { url, close } = await openFullBacklog();
  onTestFinished(close);
  return url;
}
