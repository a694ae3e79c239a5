import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The client took nothing of what waited for it. */
export class ClientTooSlow extends Error {
  override readonly name = "ClientTooSlow";
}

/**
 * Hears that nothing was read or written for the server's timeout. That is the client's fault only when bytes wait for
 * it; otherwise its answer is still being made.
 */
export function endStalled(this: ServerResponse, socket: Socket): void {
  if (socket.writableLength > 0) this.destroy(new ClientTooSlow("the client takes nothing"));
}
