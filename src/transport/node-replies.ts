import type { Socket } from "node:net";

/** An answer to a client, as its connection sees it. */
export interface OpenReply {
  /** Is all of it written? */
  readonly ended: boolean;
  /** Writes something that means nothing, to learn whether the client is still there. */
  ask(): void;
}

/** The last answer on each connection: so that a connection needs its listeners once, and not for each request. */
const replies = new WeakMap<Socket, OpenReply>();

export function replyBegan(socket: Socket, reply: OpenReply): void {
  replies.set(socket, reply);
}

/** The answer under way on a connection. */
export function replyOn(socket: Socket): OpenReply | undefined {
  const reply = replies.get(socket);
  return reply?.ended ? undefined : reply;
}
