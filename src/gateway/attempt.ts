import { draining } from "../domain/errors.ts";
import type { Timeouts } from "../domain/table.ts";
import type {
  Departure,
  Endpoint,
  Flow,
  Receiver,
  Reply,
  ReplyListener,
  Transport,
  TransportFailure,
  UpstreamHeaders,
} from "../domain/transport.ts";
import type { Pass } from "../upstreams/upstream.ts";
import { type Failure, superseded, timeoutFailure, transportFailure } from "./failure.ts";
import type { Settler, Sink, SinkResult } from "./sink.ts";
import { type CutCode, StreamRelay } from "./stream-relay.ts";
import { type TimeoutListener, type TimeoutReason, Watchdog } from "./watchdog.ts";
import { WholeAnswer } from "./whole-answer.ts";

export interface AttemptOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly body: string;
  readonly timeouts: Timeouts;
  readonly reply: Reply;
  readonly pass: Pass;
  /** Headers of our own on this answer, and on all with the same decision. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sharedHeaders: Readonly<Record<string, string>>;
  /** Did the client ask for a stream? */
  readonly stream: boolean;
  readonly hideUsage: boolean;
  readonly choices: number;
  readonly secrets: readonly string[];
  readonly maxResponseBytes: number;
}

export interface AttemptResult {
  readonly result: SinkResult;
  /** From sending the request until the upstream was done. */
  readonly upstreamMs: number;
  /** When the upstream was done, on the clock of performance.now(). */
  readonly endedAt: number;
  /** Tokens of the answer as far as it came, estimated. */
  readonly outputTokens: number;
}

/** Calls an upstream once and relays its answer. */
export class Attempt implements Receiver, ReplyListener, Settler, TimeoutListener {
  readonly #options: AttemptOptions;
  readonly #sentAt = performance.now();
  readonly #resolve: (result: AttemptResult) => void;
  /** Never rejects: every way to fail is a result. */
  readonly result: Promise<AttemptResult>;
  readonly #watchdog: Watchdog;
  #flow: Flow | undefined;
  #sink: Sink | undefined;
  #upstreamEndAt: number | undefined;
  #settled = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    this.result = promise;
    this.#resolve = resolve;
    this.#watchdog = new Watchdog(options.timeouts, options.stream, this);
    this.#begin();
  }

  /** Another call for the same request has the answer: this one is ended. */
  supersede(): void {
    this.settle({ outcome: "failed", failure: superseded() });
  }

  /** Ends the answer, as the gateway stops. */
  interrupt(): void {
    if (!this.#settled) this.#cut("gateway_draining", { kind: "interrupted", answer: draining() });
  }

  #begin(): void {
    const { reply, transport, endpoint, body } = this.#options;
    if (reply.closed) return this.settle({ outcome: "client_closed", why: "client closed", sent: false });
    reply.listener = this;
    this.#flow = transport.send(endpoint, body, this);
  }

  head(status: number, headers: UpstreamHeaders): void {
    if (this.#settled) return;
    const {
      reply,
      headers: own,
      sharedHeaders,
      secrets,
      stream,
      choices,
      hideUsage,
      maxResponseBytes,
    } = this.#options;
    const isEvents =
      stream && status === 200 && /^text\/event-stream\b/i.test(String(headers["content-type"] ?? ""));
    const common = {
      reply,
      upstreamHeaders: headers,
      headers: own,
      sharedHeaders,
      secrets,
      settler: this,
    };
    this.#sink = isEvents
      ? new StreamRelay({ ...common, hideUsage, choices })
      : new WholeAnswer({ ...common, status, maxBytes: maxResponseBytes });
  }

  data(chunk: Uint8Array): boolean {
    if (this.#settled) return true;
    this.#watchdog.heard();
    const flowing = this.#sink?.data(chunk) ?? true;
    if (!flowing) this.#watchdog.pause();
    return flowing;
  }

  end(): void {
    if (this.#settled) return;
    this.#upstreamEndAt = performance.now();
    this.#sink?.end();
  }

  fail(failure: TransportFailure, cause?: string): void {
    if (this.#settled) return;
    this.#cut("upstream_stream_interrupted", { ...transportFailure(failure), cause });
  }

  drained(): void {
    this.#watchdog.resume();
    this.#flow?.resume();
  }

  asked(): void {
    this.#sink?.breathe();
  }

  left(why: Departure): void {
    this.settle({ outcome: "client_closed", why, sent: true });
  }

  timedOut(reason: TimeoutReason): void {
    switch (reason) {
      case "first byte":
        return this.#cut(
          "upstream_timeout",
          timeoutFailure("The model's server did not begin to answer in time."),
        );
      case "idle":
        return this.#cut(
          "upstream_stalled",
          timeoutFailure("The model's server stopped in the middle of its answer."),
        );
      case "total":
        return this.#cut("upstream_timeout", timeoutFailure("The model's answer took longer than allowed."));
    }
  }

  #cut(code: CutCode, failure: Failure): void {
    this.#upstreamEndAt = performance.now();
    if (this.#sink === undefined) this.settle({ outcome: "failed", failure });
    else this.#sink.cut(code, failure);
    this.#flow?.abort();
  }

  begun(): void {
    this.#options.pass.begun(performance.now());
  }

  settle(result: SinkResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#watchdog.stop();
    this.#sink?.close();
    const { reply } = this.#options;
    reply.listener = undefined;
    // After a complete answer there is nothing to abort, and the connection can be used again.
    if (result.outcome !== "answered" || this.#upstreamEndAt === undefined) this.#flow?.abort();
    const endedAt = this.#upstreamEndAt ?? performance.now();
    const upstreamMs = endedAt - this.#sentAt;
    this.#resolve({ result, upstreamMs, endedAt, outputTokens: this.#sink?.outputTokens ?? 0 });
  }
}
