import type { IncomingMessage, Server, ServerResponse } from "node:http";

/**
 * When a client that has shut its writing side is asked whether it is still there, in milliseconds. The first asking
 * makes the system of one that left refuse what comes, the next one meets the refusal.
 */
const ASK_AFTER_MS = [0, 50, 500];

/** Lets clients shut their writing side after the request: Node would end the connection. */
export function allowHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
}

/**
 * Calls `ask` a few times once the client has shut its writing side. One that only did that ignores it; but who leaves
 * looks the same, until something is written.
 */
export function askHalfClosed(incoming: IncomingMessage, outgoing: ServerResponse, ask: () => void): void {
  const { socket } = incoming;
  const shut = (): void => {
    for (const ms of ASK_AFTER_MS) {
      const timer = setTimeout(() => {
        if (!outgoing.writableEnded && !outgoing.destroyed) ask();
      }, ms);
      outgoing.on("close", () => clearTimeout(timer));
    }
  };
  socket.on("end", shut);
  outgoing.on("close", () => socket.removeListener("end", shut));
}
