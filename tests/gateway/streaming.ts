import type { ServerResponse } from "node:http";
import type { TestGateway } from "../support/gateway.ts";
import type { Respond } from "../support/upstream.ts";
import { startStream } from "../support/upstream.ts";

/** A streaming request to a route, with members on top. */
export function askStream(
  model: "bare" | "enriched" = "bare",
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { model, messages: [{ role: "user", content: "Hi" }], stream: true, ...more };
}

/** The bytes of a body, as they came. */
export async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

/** Answers a stream in the pieces given, each a chunk of HTTP's own. */
export const respondPieces =
  (pieces: readonly (string | Uint8Array)[]): Respond =>
  (_received, response) => {
    startStream(response);
    for (const piece of pieces) response.write(piece);
    response.end();
  };

/** Reads a stream piece by piece. */
export class StreamReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  readonly #decoder = new TextDecoder();

  constructor(answer: Response) {
    if (answer.body === null) throw new TypeError("the answer has no body");
    this.#reader = answer.body.getReader();
  }

  /** Reads on until the stream so far has the part. */
  async untilHas(part: string): Promise<void> {
    while (!this.#text.includes(part)) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`the stream ended without ${JSON.stringify(part)}: ${this.#text}`);
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** Reads to the end. */
  async rest(): Promise<string> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return this.#text;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }
}

/** What was counted: requests by status, calls to upstreams by outcome. */
export async function counted(
  gateway: TestGateway,
  status: number,
  outcome: string,
): Promise<readonly [number, number]> {
  return [
    await gateway.metric("crossover_requests_total", { status: String(status) }),
    await gateway.metric("crossover_upstream_attempts_total", { outcome }),
  ];
}

/** Waits until a response takes more, or nobody is there to take it. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
