import { parseObject } from "../domain/json.ts";
import { readUsage } from "../domain/usage.ts";
import {
  badResponse,
  type Failure,
  passedHeaders,
  statedFailure,
  statusFailure,
  tooLarge,
} from "./failure.ts";
import { type Sink, type SinkOptions, settleFailed } from "./sink.ts";
import { statedError } from "./upstream-error.ts";

export interface WholeOptions extends SinkOptions {
  readonly status: number;
  readonly maxBytes: number;
}

/** What is JSON is told as such: under another name a browser might run what a model says. */
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Gathers an unstreamed answer, checks that it is JSON, and sends it on as it came. */
export class WholeAnswer implements Sink {
  readonly #options: WholeOptions;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(options: WholeOptions) {
    this.#options = options;
  }

  /** By its length: a token has about four bytes. */
  get outputTokens(): number {
    return Math.ceil(this.#length / 4);
  }

  data(chunk: Uint8Array): boolean {
    this.#length += chunk.byteLength;
    if (this.#length > this.#options.maxBytes)
      this.#options.settler.settle({ outcome: "failed", failure: tooLarge() });
    else if (chunk.byteLength > 0) this.#chunks.push(chunk);
    return true;
  }

  end(): void {
    const { status, upstreamHeaders, secrets, settler, reply, headers, sharedHeaders } = this.#options;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const text = decoder.decode(body);
    if (status < 200 || status >= 300)
      return settleFailed(statusFailure(status, upstreamHeaders, text, secrets), this.#options);
    const answer = parseObject(text);
    if (answer === undefined)
      return settler.settle({
        outcome: "failed",
        failure: badResponse("The model's server answered with something that is not JSON."),
      });
    const error = statedError(answer);
    if (error !== undefined)
      return settleFailed(statedFailure(error, upstreamHeaders, secrets), this.#options);
    // Platforms send text faster. Bytes that are not UTF-8 pass as they came.
    const exact = text.includes("\uFFFD") ? body : text;
    const own = Object.assign(passedHeaders(upstreamHeaders, secrets), headers);
    if (!JSON_TYPE.test(own["content-type"] ?? "")) own["content-type"] = "application/json";
    reply.send(status, own, exact, sharedHeaders);
    settler.settle({
      outcome: "answered",
      status,
      kind: "success",
      usage: readUsage(answer["usage"]),
      firstTokenAt: undefined,
    });
  }

  cut(_code: string, failure: Failure): void {
    this.#options.settler.settle({ outcome: "failed", failure });
  }

  breathe(): void {}

  close(): void {}
}
