import { bodyTooLarge, clientGone } from "../domain/errors.ts";
import { known } from "../domain/made.ts";
import type { RoomPart } from "../domain/room.ts";
import type { Member } from "../domain/roster.ts";
import type { Departure, Inbound, Reply, ReplyListener } from "../domain/transport.ts";

/** Bytes that wait for a slow reader before the upstream is paused. */
const HIGH_WATER_MARK = 64 * 1024;

/** Bytes of memory that a chunk takes beside its own: a body may come in chunks of one byte. */
const CHUNK_COST = 128;

/** nginx's number for a client that left. */
const CLIENT_CLOSED = 499;

const INTERNAL_ERROR = 500;

/** With it a `Response` takes no body. */
const NO_CONTENT = 204;

/** Reads a web `Request`. */
export class WebInbound implements Inbound {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  body(limit: number, room: RoomPart): Promise<Uint8Array> {
    const declared = this.header("content-length");
    if (declared === undefined) return this.#chunkedBody(limit, room);
    const refused = Number(declared) > limit ? bodyTooLarge(limit) : room.take(Number(declared));
    if (refused !== undefined) return Promise.reject(refused);
    // The platform reads no more than was declared, and reads it faster than a stream of chunks.
    return this.#request.bytes().catch(gone);
  }

  async #chunkedBody(limit: number, room: RoomPart): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = this.#request.body?.getReader();
    while (reader !== undefined) {
      const { done, value } = await reader.read().catch(gone);
      if (done) break;
      length += value.byteLength;
      const refused = length > limit ? bodyTooLarge(limit) : room.take(value.byteLength + CHUNK_COST);
      if (refused !== undefined) {
        await reader.cancel();
        throw refused;
      }
      chunks.push(value);
    }
    return Buffer.concat(chunks);
  }
}

function gone(): never {
  throw clientGone();
}

/** The same bytes, which a `Response` takes only from memory that no other thread can write to. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

const preparations = new WeakMap<Readonly<Record<string, string>>, Headers>();

/** The same headers in the platform's own form, which is costly to make and cheap to copy. */
function prepared(shared: Readonly<Record<string, string>>): Headers {
  return known(preparations, shared, newHeaders);
}

function newHeaders(shared: Readonly<Record<string, string>>): Headers {
  return new Headers(shared);
}

/** Tells a reply, by its `leave`, that the client has left before the answer's end. */
export interface Lookout {
  begin(reply: WebReply): void;
  end(reply: WebReply): void;
}

/** Makes a web `Response`: whole, or with a stream that holds its writer back when the reader is slow. */
export class WebReply implements Reply, Member {
  readonly request: Request;
  readonly response: Promise<Response>;
  place = 0;
  readonly #lookout: Lookout;
  readonly #clientTimeout: number;
  #stalled: ReturnType<typeof setTimeout> | undefined;
  readonly #resolve: (response: Response) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #ended = false;
  #closed = false;
  listener: ReplyListener | undefined;

  /** @param clientTimeout milliseconds after which a client is let go that takes nothing of what waits for it */
  constructor(request: Request, lookout: Lookout, clientTimeout: number) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.request = request;
    this.response = promise;
    this.#resolve = resolve;
    this.#lookout = lookout;
    this.#clientTimeout = clientTimeout;
    lookout.begin(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | string,
    shared?: Readonly<Record<string, string>>,
  ): void {
    this.#end();
    const all = shared === undefined ? new Headers() : new Headers(prepared(shared));
    for (const name of Object.keys(headers)) all.set(name, headers[name] ?? "");
    this.#resolve(new Response(typeof body === "string" ? body : unshared(body), { status, headers: all }));
  }

  start(status: number, headers: Readonly<Record<string, string>>): void {
    if (status === NO_CONTENT) return this.#resolve(new Response(null, { status, headers }));
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          clearTimeout(this.#stalled);
          this.#stalled = undefined;
          this.listener?.drained();
        },
        cancel: () => this.leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK }),
    );
    this.#resolve(new Response(body, { status, headers }));
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#closed) return false;
    this.#controller?.enqueue(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    const flowing = (this.#controller?.desiredSize ?? 0) > 0;
    if (!flowing && this.#stalled === undefined) this.#watch();
    return flowing;
  }

  end(): void {
    this.#end();
    if (!this.#closed) this.#controller?.close();
  }

  abandon(): void {
    this.#end();
    // Only one of the two does anything: an answer that has begun is cut, else there is one without a body.
    this.#resolve(new Response(null, { status: INTERNAL_ERROR }));
    if (!this.#closed) this.#controller?.error(new Error("abandoned"));
  }

  /** Lets the client go once it has taken nothing of what waits for a whole timeout. */
  #watch(): void {
    const before = this.#controller?.desiredSize;
    this.#stalled = setTimeout(() => {
      if (this.#closed || this.#isRead) return;
      if (this.#controller?.desiredSize !== before) return this.#watch();
      this.#controller?.error(new Error("the client takes nothing"));
      this.leave("client too slow");
    }, this.#clientTimeout);
    this.#stalled.unref?.(); // Workers' timers have none
  }

  /** Is the answer over, and nothing of it waits any more? A stream that is closed tells so with 0. */
  get #isRead(): boolean {
    return this.#ended && (this.#controller?.desiredSize ?? 0) === 0;
  }

  /** The client has left. */
  leave(why: Departure = "client closed"): void {
    if (this.#closed) return;
    clearTimeout(this.#stalled);
    this.#end();
    this.#closed = true;
    // Nobody receives it, but the platform waits for an answer before it lets the request go.
    this.#resolve(new Response(null, { status: CLIENT_CLOSED }));
    this.listener?.left(why);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lookout.end(this);
  }
}
