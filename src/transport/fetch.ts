import type { Endpoint, Flow, Receiver, Transport } from "../domain/transport.ts";
import { codeOf } from "./error-code.ts";

/** Longest body that is read in one piece, which costs far less than chunk by chunk, in bytes. */
const AT_ONCE_BYTES = 64 * 1024;
const NOTHING = new Uint8Array();

/** The transport of Workers: `fetch`. Redirects are not followed. */
export class FetchTransport implements Transport {
  send(endpoint: Endpoint, body: string, receiver: Receiver): Flow {
    const flow = new FetchFlow(receiver);
    void flow.run(endpoint, body);
    return flow;
  }
}

class FetchFlow implements Flow {
  readonly #receiver: Receiver;
  readonly #controller = new AbortController();
  #wake: (() => void) | undefined;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  async run({ url, headers }: Endpoint, body: string): Promise<void> {
    let headed = false;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        redirect: "manual",
        signal: this.#controller.signal,
      });
      headed = true;
      const told: Record<string, string> = {};
      for (const [name, value] of response.headers) told[name] = value;
      const length = told["content-encoding"] === undefined ? Number(told["content-length"]) : Number.NaN;
      // fetch has decoded the body: its encoding and length are no longer true.
      delete told["content-encoding"];
      delete told["content-length"];
      this.#receiver.head(response.status, told);
      if (length <= AT_ONCE_BYTES) {
        this.#receiver.data(NOTHING); // the answer has begun: from now on its silence counts
        this.#deliver(new Uint8Array(await response.arrayBuffer()));
      } else await this.#relay(response);
    } catch (error) {
      if (!this.#controller.signal.aborted)
        this.#receiver.fail(headed ? "interrupted" : "unreachable", codeOf(error));
    }
  }

  #deliver(body: Uint8Array): void {
    if (this.#controller.signal.aborted) return;
    this.#receiver.data(body);
    this.#receiver.end();
  }

  async #relay(response: Response): Promise<void> {
    const reader = response.body?.getReader();
    while (reader !== undefined && !this.#controller.signal.aborted) {
      const { done, value } = await reader.read();
      if (done || this.#controller.signal.aborted) break;
      if (!this.#receiver.data(value)) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    if (!this.#controller.signal.aborted) this.#receiver.end();
  }

  resume(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  abort(): void {
    this.#controller.abort();
    this.resume();
  }
}
