import type { CachedAnswer } from "../cache/response-cache.ts";
import type { Reply, ReplyListener } from "../domain/transport.ts";

/** Longest answer that is kept, in bytes. */
const MAX_BYTES = 1024 * 1024;

type Headers = Readonly<Record<string, string>>;

/** Passes an answer on as it comes and keeps a copy. */
export class RecordingReply implements Reply {
  readonly #reply: Reply;
  #contentType = "";
  #stream = false;
  #parts: Buffer[] | undefined = [];
  #bytes = 0;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  /** What passed; undefined when it was too long. */
  answer(): Omit<CachedAnswer, "ttlMs"> | undefined {
    if (this.#parts === undefined) return undefined;
    const body = Buffer.concat(this.#parts).toString("utf8");
    return { contentType: this.#contentType, body, stream: this.#stream };
  }

  send(status: number, headers: Headers, body: Uint8Array | string, shared?: Headers): void {
    this.#contentType = headers["content-type"] ?? "application/json";
    this.#keep(body);
    this.#reply.send(status, headers, body, shared);
  }

  start(status: number, headers: Headers): void {
    this.#contentType = headers["content-type"] ?? "text/event-stream";
    this.#stream = true;
    this.#reply.start(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    this.#keep(chunk);
    return this.#reply.write(chunk);
  }

  end(): void {
    this.#reply.end();
  }

  abandon(): void {
    this.#reply.abandon();
  }

  get listener(): ReplyListener | undefined {
    return this.#reply.listener;
  }

  set listener(listener: ReplyListener | undefined) {
    this.#reply.listener = listener;
  }

  get closed(): boolean {
    return this.#reply.closed;
  }

  /** A copy, as a chunk may be a view into a far larger piece of memory. */
  #keep(chunk: Uint8Array | string): void {
    const part = Buffer.from(chunk);
    this.#bytes += part.length;
    if (this.#bytes > MAX_BYTES) this.#parts = undefined;
    else this.#parts?.push(part);
  }
}
