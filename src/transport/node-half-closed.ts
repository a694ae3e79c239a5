import type { Server } from "node:http";
import type { Socket } from "node:net";
import { replyOn } from "./node-replies.ts";

/**
 * When a client that has shut its writing side is asked whether it is still there, in milliseconds. The first asking
 * makes the system of one that left refuse what comes, the next one meets the refusal.
 */
const ASK_AFTER_MS = [0, 50, 500];

/**
 * Lets clients shut their writing side after the request: Node would end the connection. One that only did that ignores
 * what it is asked; but who leaves looks the same, until something is written.
 */
export function allowHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("connection", (socket: Socket) => {
    socket.on("end", () => {
      for (const ms of ASK_AFTER_MS) setTimeout(() => replyOn(socket)?.ask(), ms).unref();
    });
  });
}
