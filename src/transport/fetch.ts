import type { Endpoint, Flow, Receiver, Transport } from "../domain/transport.ts";
import { codeOf } from "./error-code.ts";

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
      // fetch has decoded the body: its encoding and length are no longer true.
      delete told["content-encoding"];
      delete told["content-length"];
      this.#receiver.head(response.status, told);
      await this.#relay(response);
    } catch (error) {
      if (!this.#controller.signal.aborted)
        this.#receiver.fail(headed ? "interrupted" : "unreachable", codeOf(error));
    }
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
