import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyTooLarge, clientGone } from "../domain/errors.ts";
import type { RoomPart } from "../domain/room.ts";
import type { Inbound, Reply, ReplyListener } from "../domain/transport.ts";
import { endLingering } from "./node-linger.ts";
import { type OpenReply, replyBegan } from "./node-replies.ts";
import { ClientTooSlow } from "./node-stalled.ts";

/** Bytes of memory that a chunk takes beside its own: a body may come in chunks of one byte. */
const CHUNK_COST = 128;

/** Reads a Node request without building web objects. */
export class NodeInbound implements Inbound {
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  body(limit: number, room: RoomPart): Promise<Uint8Array> {
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      if (Number(incoming.headers["content-length"] ?? 0) > limit) return reject(bodyTooLarge(limit));
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on("data", (chunk: Buffer) => {
        length += chunk.length;
        const refused = length > limit ? bodyTooLarge(limit) : room.take(chunk.length + CHUNK_COST);
        if (refused !== undefined) {
          incoming.removeAllListeners("data");
          incoming.pause();
          reject(refused);
        } else chunks.push(chunk);
      });
      incoming.on("end", () => {
        const [first] = chunks;
        resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
      });
      const gone = (): void => {
        if (!incoming.complete) reject(clientGone());
      };
      incoming.on("error", gone);
      incoming.on("close", gone);
    });
  }
}

/** Writes to Node's response directly. */
export class NodeReply implements Reply, OpenReply {
  readonly #outgoing: ServerResponse;
  listener: ReplyListener | undefined;
  #ended = false;
  #waiting = false;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    const { socket } = outgoing.req;
    replyBegan(socket, this);
    outgoing.on("close", () => {
      if (outgoing.writableFinished) return;
      this.listener?.left(socket.errored instanceof ClientTooSlow ? "client too slow" : "client closed");
    });
  }

  get closed(): boolean {
    return this.#outgoing.destroyed || (this.#outgoing.socket?.destroyed ?? false);
  }

  send(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | string,
    shared: Readonly<Record<string, string>> = {},
  ): void {
    this.#ended = true;
    const all = flat(headers);
    all.push(...flat(shared));
    all.push("content-length", String(Buffer.byteLength(body)));
    this.#outgoing.writeHead(status, all);
    endLingering(this.#outgoing, body);
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    this.#outgoing.writeHead(status, flat(headers));
    this.#outgoing.flushHeaders();
  }

  write(chunk: Uint8Array | string): boolean {
    const flowing = this.#outgoing.write(chunk);
    if (!flowing && !this.#waiting) {
      this.#waiting = true;
      this.#outgoing.once("drain", () => {
        this.#waiting = false;
        this.listener?.drained();
      });
    }
    return flowing;
  }

  end(): void {
    if (!this.#ended) this.#outgoing.end();
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#outgoing.writableEnded || this.#outgoing.destroyed;
  }

  ask(): void {
    if (this.#outgoing.headersSent) this.listener?.asked();
    else if (this.#outgoing.req.httpVersion === "1.1") this.#outgoing.writeProcessing();
  }

  abandon(): void {
    this.#outgoing.destroy();
  }
}

/** Names and values in turn, which Node writes without a copy of its own. */
function flat(headers: Readonly<Record<string, string>>): string[] {
  const all: string[] = [];
  for (const name of Object.keys(headers)) all.push(name, headers[name] ?? "");
  return all;
}
