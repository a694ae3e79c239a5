import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyTooLarge, clientGone } from "../domain/errors.ts";
import type { Inbound, Reply } from "../domain/transport.ts";
import { endLingering } from "./node-linger.ts";

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

  body(limit: number): Promise<Uint8Array> {
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      if (Number(incoming.headers["content-length"] ?? 0) > limit) return reject(bodyTooLarge(limit));
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) {
          incoming.removeAllListeners("data");
          incoming.pause();
          reject(bodyTooLarge(limit));
        } else chunks.push(chunk);
      });
      incoming.once("end", () =>
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
      );
      incoming.once("error", () => reject(clientGone()));
      incoming.once("close", () => {
        if (!incoming.complete) reject(clientGone());
      });
    });
  }
}

/** Writes to Node's response directly. */
export class NodeReply implements Reply {
  readonly #outgoing: ServerResponse;
  onDrain: (() => void) | undefined;
  onClose: (() => void) | undefined;
  #ended = false;

  constructor(outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    outgoing.on("drain", () => this.onDrain?.());
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) this.onClose?.();
    });
  }

  get closed(): boolean {
    return this.#outgoing.destroyed || (this.#outgoing.socket?.destroyed ?? false);
  }

  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    this.#ended = true;
    this.#outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    endLingering(this.#outgoing, body);
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    this.#outgoing.writeHead(status, { ...headers });
    this.#outgoing.flushHeaders();
  }

  write(chunk: Uint8Array | string): boolean {
    return this.#outgoing.write(chunk);
  }

  end(): void {
    if (!this.#ended) this.#outgoing.end();
    this.#ended = true;
  }
}
