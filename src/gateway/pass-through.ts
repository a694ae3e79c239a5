import { bodyTooLarge, clientGone, draining, GatewayError, serverError } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { errorAnswer, idHeaders } from "../domain/own-answer.ts";
import type { Member } from "../domain/roster.ts";
import type { Table } from "../domain/table.ts";
import type { Reply, ReplyListener } from "../domain/transport.ts";
import type { Log } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { codeOf } from "../transport/error-code.ts";
import { passedHeaders } from "./failure.ts";
import {
  type PassedCall,
  type PassingProvider,
  PROVIDER_HEADER,
  passedCall,
  passingProvider,
} from "./passed-call.ts";
import { CLIENT_CLOSED } from "./request-line.ts";
import { errorInBody, toldError } from "./upstream-error.ts";

/** Largest file that OpenAI and Azure take, and something for the rest of its form. */
export const MOST_PASSED_BYTES = 513 * 1024 * 1024;

/** Longest error that is read. */
const ERROR_BYTES = 1024 * 1024;

/** Headers of the client's that go on, and those that go with a body. All others stay here, its key first. */
const SENT_ON = ["accept", "idempotency-key"] as const;
const SENT_WITH_BODY = ["content-encoding", "content-length", "content-type"] as const;

export interface PassThroughDeps {
  readonly id: string;
  readonly reply: Reply;
  readonly table: Table;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Most bytes of a request's body. */
  readonly mostBytes: number;
}

/** One request that goes on to a provider as it is, and its answer that comes back as it is; neither is held in memory. */
export class PassThrough implements Member, ReplyListener {
  place = 0;
  readonly #deps: PassThroughDeps;
  readonly #beganAt = performance.now();
  readonly #controller = new AbortController();
  #provider: PassingProvider | undefined;
  #started = false;
  #wake: (() => void) | undefined;

  constructor(deps: PassThroughDeps) {
    this.#deps = deps;
  }

  /** @throws GatewayError when nothing can pass; whatever stops the answer once it has begun */
  async run(request: Request): Promise<void> {
    const { reply, table } = this.#deps;
    if (reply.closed) throw clientGone();
    reply.listener = this;
    const provider = passingProvider(request.headers.get(PROVIDER_HEADER) ?? undefined, table);
    const call = passedCall(provider.tuning, new URL(request.url));
    this.#provider = provider;
    const response = await this.#send(call, request);
    const headers = { ...idHeaders(this.#deps.id), ...answerHeaders(response.headers, provider.secrets) };
    if (response.ok) await this.#relay(response, headers);
    else await this.#tellError(response, headers, provider.secrets);
  }

  /** Tells the client of an error; one that has a part of its answer already is cut off. */
  failed(error: unknown): void {
    const { id, reply, log } = this.#deps;
    if (!(error instanceof GatewayError))
      log("error", "internal error", {
        request_id: id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    const { status, headers, body } = errorAnswer(error, id);
    reply.listener = undefined;
    if (this.#started) reply.abandon();
    else if (!reply.closed) reply.send(status, headers, body);
    this.#ended(status);
  }

  interrupt(): void {
    this.#stop(draining());
  }

  drained(): void {
    this.#wake?.();
  }

  asked(): void {}

  left(): void {
    this.#stop(clientGone());
  }

  #stop(why: GatewayError): void {
    this.#controller.abort(why);
    this.#wake?.();
  }

  async #send({ url, headers, fetch: send }: PassedCall, request: Request): Promise<Response> {
    const { signal } = this.#controller;
    const { method } = request;
    const body = hasBody(request) ? request.body : null;
    const own = [...SENT_ON, ...(body === null ? [] : SENT_WITH_BODY)].flatMap((name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    try {
      return await send(url, {
        method,
        // What is not compressed can be passed on byte by byte.
        headers: { ...Object.fromEntries(own), "accept-encoding": "identity", ...headers },
        redirect: "manual",
        signal,
        ...(body === null ? {} : { body: body.pipeThrough(this.#bounded(request)), duplex: "half" }),
      });
    } catch (error) {
      throw this.#reasonOf(error, unreachable(method));
    }
  }

  /** Counts the body on its way. */
  #bounded({ headers }: Request): TransformStream<Uint8Array, Uint8Array> {
    const { mostBytes } = this.#deps;
    if (Number(headers.get("content-length") ?? 0) > mostBytes) throw bodyTooLarge(mostBytes);
    let bytes = 0;
    return new TransformStream({
      transform: (chunk, controller) => {
        bytes += chunk.byteLength;
        if (bytes <= mostBytes) return controller.enqueue(chunk);
        this.#stop(bodyTooLarge(mostBytes));
        controller.terminate(); // else it would go on reading
      },
    });
  }

  async #relay({ status, body }: Response, headers: Readonly<Record<string, string>>): Promise<void> {
    const { reply } = this.#deps;
    this.#started = true;
    reply.start(status, headers);
    await this.#read(body, (chunk) => {
      if (reply.write(chunk)) return undefined;
      return new Promise((resolve) => {
        this.#wake = resolve;
      });
    });
    reply.listener = undefined;
    reply.end();
    this.#ended(status);
  }

  /** The provider's own words, without secrets. What refuses the gateway's key is no matter of the client's. */
  async #tellError(
    { status, body }: Response,
    headers: Readonly<Record<string, string>>,
    secrets: readonly string[],
  ): Promise<void> {
    if (status === 401) {
      await body?.cancel();
      throw serverError(502, "upstream_auth_failed", "The provider refused the gateway's own key.");
    }
    if (status < 400) {
      await body?.cancel();
      throw serverError(502, "upstream_bad_response", `The provider answered ${status}, which is no answer.`);
    }
    const text = await this.#textOf(body);
    const value = parseJson(text);
    const told = toldError(errorInBody(value), { text, value }, status, secrets);
    const { reply } = this.#deps;
    reply.listener = undefined;
    const { "content-length": _length, ...rest } = headers;
    reply.send(status, { ...rest, "content-type": "application/json" }, told);
    this.#ended(status);
  }

  async #textOf(body: Response["body"]): Promise<string> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    await this.#read(body, async (chunk) => {
      bytes += chunk.byteLength;
      if (bytes <= ERROR_BYTES) chunks.push(chunk);
    });
    return Buffer.concat(chunks).toString();
  }

  /** @throws GatewayError for why it ended early */
  async #read(body: Response["body"], take: (chunk: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const { signal } = this.#controller;
    const reader = body?.getReader();
    try {
      while (reader !== undefined) {
        const { done, value } = await reader.read();
        if (done) break;
        await take(value);
        signal.throwIfAborted();
      }
    } catch (error) {
      await reader?.cancel().catch(() => {});
      throw this.#reasonOf(error, interrupted());
    }
  }

  /** Why a call or its answer ended: for a reason of ours, or for one on the wire. */
  #reasonOf(error: unknown, otherwise: GatewayError): unknown {
    const { signal } = this.#controller;
    if (signal.aborted) return signal.reason;
    if (error instanceof GatewayError) return error;
    const { id, log } = this.#deps;
    log("warn", "pass-through failed", {
      request_id: id,
      provider: this.#provider?.name,
      cause: codeOf(error),
    });
    return otherwise;
  }

  #ended(status: number): void {
    const { id, reply, metrics, log, table } = this.#deps;
    const told = reply.closed ? CLIENT_CLOSED : status;
    if (this.#provider !== undefined) metrics.passed(this.#provider.name, told);
    if (!table.server.requestLog) return;
    log(told >= 500 ? "warn" : "info", "pass-through", {
      request_id: id,
      provider: this.#provider?.name,
      status: told,
      duration_ms: Math.round(performance.now() - this.#beganAt),
    });
  }
}

function hasBody({ method, headers }: Request): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
}

/** Headers of an answer that go on; where its body was decoded on the way its length is no longer true. */
function answerHeaders(headers: Headers, secrets: readonly string[]): Readonly<Record<string, string>> {
  const passed = passedHeaders(Object.fromEntries(headers), secrets);
  const disposition = headers.get("content-disposition");
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  return {
    ...passed,
    ...(disposition === null ? {} : { "content-disposition": disposition }),
    ...(length === null ? {} : { "content-length": length }),
    // A file is data, and no page of this host, whatever it says that it is.
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
}

/** What was to be made may have been made: a client must look before it tries again. */
function unreachable(method: string): GatewayError {
  const headers = method === "POST" ? { "x-should-retry": "false" } : undefined;
  return serverError(
    502,
    "upstream_unreachable",
    "The provider could not be reached, or gave no answer.",
    headers,
  );
}

function interrupted(): GatewayError {
  return serverError(502, "upstream_unreachable", "The provider broke off its answer.");
}
