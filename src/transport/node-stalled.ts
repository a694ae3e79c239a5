import type { Server } from "node:http";
import type { Socket } from "node:net";
import { replyOn } from "./node-replies.ts";

/** The client took nothing of what waited for it. */
export class ClientTooSlow extends Error {
  override readonly name = "ClientTooSlow";
}

/**
 * Ends connections on which nothing was read or written for so long. One whose answer is still being made stays: that
 * is the client's fault only when bytes wait for it.
 */
export function endStalled(server: Server, ms: number): void {
  server.timeout = ms;
  server.on("timeout", (socket: Socket) => {
    if (socket.writableLength > 0) socket.destroy(new ClientTooSlow("the client takes nothing"));
    else if (replyOn(socket) === undefined) socket.destroy();
  });
}
