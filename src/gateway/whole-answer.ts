import { parseObject } from "../domain/json.ts";
import type { Reply, UpstreamHeaders } from "../domain/transport.ts";
import { readUsage } from "../domain/usage.ts";
import { badResponse, type Failure, passedHeaders, statusFailure, tooLarge } from "./failure.ts";
import type { Sink, SinkResult } from "./sink.ts";

export interface WholeOptions {
  readonly reply: Reply;
  readonly status: number;
  readonly upstreamHeaders: UpstreamHeaders;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly maxBytes: number;
  readonly settle: (result: SinkResult) => void;
}

/** Gathers an unstreamed answer, checks that it is JSON, and sends it on as it came. */
export class WholeAnswer implements Sink {
  readonly #options: WholeOptions;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(options: WholeOptions) {
    this.#options = options;
  }

  data(chunk: Uint8Array): boolean {
    this.#length += chunk.byteLength;
    if (this.#length > this.#options.maxBytes)
      this.#options.settle({ outcome: "failed", failure: tooLarge() });
    else this.#chunks.push(chunk);
    return true;
  }

  end(): void {
    const { status, upstreamHeaders, secrets, settle, reply, headers } = this.#options;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
    if (status < 200 || status >= 300)
      return this.#refused(statusFailure(status, upstreamHeaders, text, secrets));
    const answer = parseObject(text);
    if (answer === undefined)
      return settle({
        outcome: "failed",
        failure: badResponse("The model's server answered with something that is not JSON."),
      });
    reply.send(status, { ...passedHeaders(upstreamHeaders, secrets), ...headers }, body);
    settle({
      outcome: "answered",
      status,
      kind: "success",
      usage: readUsage(answer["usage"]),
      firstTokenAt: undefined,
    });
  }

  cut(_code: string, failure: Failure): void {
    this.#options.settle({ outcome: "failed", failure });
  }

  close(): void {}

  /** The client's own fault is told at once; what another variant might do better is not. */
  #refused(failure: Failure): void {
    const { reply, headers, settle } = this.#options;
    if (failure.kind !== "client_error" || failure.relay === undefined)
      return settle({ outcome: "failed", failure });
    reply.send(failure.relay.status, { ...failure.relay.headers, ...headers }, failure.relay.body);
    settle({
      outcome: "answered",
      status: failure.relay.status,
      kind: "client_error",
      usage: undefined,
      firstTokenAt: undefined,
    });
  }
}
