import type { CachedAnswer } from "../cache/response-cache.ts";
import type { Reply, ReplyListener } from "../domain/transport.ts";

/** Longest answer that a tape keeps whole, in bytes. */
const MAX_BYTES = 1024 * 1024;

type Headers = Readonly<Record<string, string>>;

/** Hears an answer as it goes to the client. */
export interface Tape {
  /** @param stream does it come as events? */
  begin(contentType: string, stream: boolean): void;
  /** @param chunk is not to be kept: it may be a view into a far larger piece of memory */
  add(chunk: Uint8Array | string): void;
}

/** Passes an answer on as it comes, and to a tape. */
export class RecordingReply implements Reply {
  readonly #reply: Reply;
  readonly #tape: Tape;
  /** Did the client ever take so little that the upstream had to wait? */
  paused = false;

  constructor(reply: Reply, tape: Tape) {
    this.#reply = reply;
    this.#tape = tape;
  }

  send(status: number, headers: Headers, body: Uint8Array | string, shared?: Headers): void {
    this.#tape.begin(headers["content-type"] ?? "application/json", false);
    this.#tape.add(body);
    this.#reply.send(status, headers, body, shared);
  }

  start(status: number, headers: Headers): void {
    this.#tape.begin(headers["content-type"] ?? "text/event-stream", true);
    this.#reply.start(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    this.#tape.add(chunk);
    const flowing = this.#reply.write(chunk);
    if (!flowing) this.paused = true;
    return flowing;
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
}

/** Keeps an answer whole, for the cache. */
export class WholeTape implements Tape {
  #contentType = "";
  #stream = false;
  #parts: Buffer[] | undefined = [];
  #bytes = 0;

  begin(contentType: string, stream: boolean): void {
    this.#contentType = contentType;
    this.#stream = stream;
  }

  add(chunk: Uint8Array | string): void {
    const part = Buffer.from(chunk);
    this.#bytes += part.length;
    if (this.#bytes > MAX_BYTES) this.#parts = undefined;
    else this.#parts?.push(part);
  }

  /** What passed; undefined when it was too long. */
  answer(): Omit<CachedAnswer, "ttlMs"> | undefined {
    if (this.#parts === undefined) return undefined;
    const body = Buffer.concat(this.#parts).toString("utf8");
    return { contentType: this.#contentType, body, stream: this.#stream };
  }
}
