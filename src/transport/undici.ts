import { Agent, type Dispatcher, errors, interceptors } from "undici/index.js";
import { known } from "../domain/made.ts";
import type { Endpoint, Flow, Receiver, Transport, TransportFailure } from "../domain/transport.ts";
import { codeOf } from "./error-code.ts";

/** Bytes of a paused answer that are read all the same, and held for a client that reads slowly. */
const READING = { highWaterMark: 16 * 1024 };

/** An endpoint as undici takes it. */
interface Prepared {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
}

/**
 * The transport of Node and Bun: undici's dispatcher, straight from socket to receiver, without web streams.
 * It is imported by its file, as Bun has a thing of its own under the package's name.
 * Redirects are not followed. Timeouts other than the connection's are the gateway's own.
 */
export class UndiciTransport implements Transport {
  /** Connection pools by connect timeout, as undici fixes that per agent. */
  readonly #agents = new Map<number, Dispatcher>();
  #prepared = new WeakMap<Endpoint, Prepared>();

  send(endpoint: Endpoint, body: string, receiver: Receiver): Flow {
    const { dispatcher, origin, path, headers } = known(this.#prepared, endpoint, this.#prepare);
    const handler = new Handler(receiver);
    dispatcher.dispatch(
      { origin, path, method: "POST", headers, body, headersTimeout: 0, bodyTimeout: 0 },
      handler,
    );
    return handler;
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
    this.#prepared = new WeakMap();
  }

  readonly #prepare = ({ url, headers, connectTimeoutMs }: Endpoint): Prepared => {
    const { origin, pathname, search } = new URL(url);
    return {
      dispatcher: known(this.#agents, connectTimeoutMs, newAgent),
      origin,
      path: `${pathname}${search}`,
      headers: Object.entries(headers).flat(),
    };
  };
}

function newAgent(connectTimeoutMs: number): Dispatcher {
  return new Agent({
    connect: { ...READING, timeout: connectTimeoutMs },
    pipelining: 1,
    keepAliveTimeout: 30_000,
  }).compose(interceptors.decompress({ skipErrorResponses: false }));
}

class Handler implements Dispatcher.DispatchHandler, Flow {
  readonly #receiver: Receiver;
  #controller: Dispatcher.DispatchController | undefined;
  #aborted = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error("aborted"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Nobody reads them, and they would hold the memory of all that came with them as long as the stream lasts.
    controller.rawHeaders = null;
    if (status < 200) return;
    this.#receiver.head(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#aborted && !this.#receiver.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (!this.#aborted) this.#receiver.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#aborted) this.#receiver.fail(this.#failureOf(error), codeOf(error));
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(new Error("aborted"));
  }

  #failureOf(error: Error): TransportFailure {
    if (error instanceof errors.ConnectTimeoutError) return "connect_timeout";
    // The controller comes once there is a connection.
    if (this.#controller === undefined) return "unreachable";
    // What did not go wrong on the wire went wrong in reading: headers, framing or compression.
    return error instanceof errors.SocketError || "syscall" in error ? "interrupted" : "bad_response";
  }
}
