import type {
  Endpoint,
  Flow,
  Receiver,
  Transport,
  TransportFailure,
  UpstreamHeaders,
} from "../domain/transport.ts";
import { badResponse, type Failure, timeoutFailure, tooLarge, transportFailure } from "./failure.ts";

/** What an upstream answered to a call of the gateway's own. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly text: string;
}

export interface WholeCallOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly body: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Posts a body and gathers the answer.
 * @throws the signal's reason once it is aborted
 */
export async function wholeCall(
  { transport, endpoint, body, timeoutMs, maxBytes }: WholeCallOptions,
  signal: AbortSignal,
): Promise<WholeResponse | Failure> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<WholeResponse | Failure | undefined>();
  const gathering = new Gathering(maxBytes, resolve);
  const flow: Flow = transport.send(endpoint, body, gathering);
  const own = AbortSignal.any([signal]);
  own.addEventListener("abort", () => resolve(undefined));
  const timer = setTimeout(
    () => resolve(timeoutFailure("The model's answer took longer than allowed.")),
    timeoutMs,
  );
  const response = await promise;
  clearTimeout(timer);
  if (!gathering.ended) flow.abort();
  signal.throwIfAborted();
  return response ?? badResponse("The model's server gave no answer.");
}

class Gathering implements Receiver {
  ended = false;
  readonly #maxBytes: number;
  readonly #resolve: (response: WholeResponse | Failure) => void;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #status = 0;
  #headers: UpstreamHeaders = {};

  constructor(maxBytes: number, resolve: (response: WholeResponse | Failure) => void) {
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(chunk: Uint8Array): boolean {
    this.#length += chunk.byteLength;
    if (this.#length > this.#maxBytes) this.#resolve(tooLarge());
    else this.#chunks.push(chunk);
    return true;
  }

  end(): void {
    this.ended = true;
    const text = new TextDecoder().decode(Buffer.concat(this.#chunks));
    this.#resolve({ status: this.#status, headers: this.#headers, text });
  }

  fail(failure: TransportFailure, cause?: string): void {
    this.ended = true;
    this.#resolve({ ...transportFailure(failure), cause });
  }
}
