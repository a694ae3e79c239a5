/** How bytes reach an upstream and come back. Each platform has one Transport; the core knows only this. */

import type { RoomPart } from "./room.ts";

/** Where calls go. Made once, when the configuration loads, so that a transport prepares each only once. */
export interface Endpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Most time for opening the connection, in milliseconds. */
  readonly connectTimeoutMs: number;
}

export type UpstreamHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Why bytes stopped: no connection, no connection in time, cut after it stood, not HTTP. */
export type TransportFailure = "unreachable" | "connect_timeout" | "interrupted" | "bad_response";

/** Takes an upstream's answer as it comes. After `end` or `fail` nothing more is called. */
export interface Receiver {
  head(status: number, headers: UpstreamHeaders): void;
  /** @returns false to pause; the flow's `resume` goes on */
  data(chunk: Uint8Array): boolean;
  end(): void;
  /** @param cause the system's code for it, such as ECONNREFUSED; for the log, not for the client */
  fail(failure: TransportFailure, cause?: string): void;
}

/** A call under way. */
export interface Flow {
  resume(): void;
  /** Closes the upstream's connection at once. The receiver hears nothing more. */
  abort(): void;
}

export interface Transport {
  /** Posts a body to an endpoint. */
  send(endpoint: Endpoint, body: string, receiver: Receiver): Flow;
}

/** The client's request, whatever platform it came from. */
export interface Inbound {
  /** A header's value by its lower-case name. */
  header(name: string): string | undefined;
  /**
   * The whole body.
   * @throws GatewayError `request_body_too_large` past `limit` bytes, `gateway_overloaded` when there is no room
   */
  body(limit: number, room: RoomPart): Promise<Uint8Array>;
}

/** Why a client has not got its whole answer. */
export type Departure = "client closed" | "client too slow";

/** Hears what becomes of an answer under way. */
export interface ReplyListener {
  /** The client has read what was written. */
  drained(): void;
  /** It is unsure whether the client is still there: what means nothing may be written, and tells. */
  asked(): void;
  /** The client left before the end, or was let go as it took nothing for too long. */
  left(why: Departure): void;
}

/** The answer to the client, whatever platform it goes to. */
export interface Reply {
  /**
   * A whole answer at once.
   * @param shared further headers, in an object that many answers share: a platform may prepare it once
   */
  send(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | string,
    shared?: Readonly<Record<string, string>>,
  ): void;
  /** Begins a streamed answer: the headers leave now. */
  start(status: number, headers: Readonly<Record<string, string>>): void;
  /** @returns false when the client reads too slowly: wait for `drained` */
  write(chunk: Uint8Array | string): boolean;
  end(): void;
  /** Ends the connection, as not even an error could be answered. */
  abandon(): void;
  /** An object and no functions: V8 keeps a function made for each request, and all that it sees, far longer. */
  listener: ReplyListener | undefined;
  /** Has the client left? */
  readonly closed: boolean;
}
