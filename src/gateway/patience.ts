import type { Reply, ReplyListener } from "../domain/transport.ts";

/** Whether anybody still waits for an answer: not once the client has left or the gateway stops. */
export class Patience implements ReplyListener {
  readonly #reply: Reply;
  readonly #controller = new AbortController();

  constructor(reply: Reply) {
    this.#reply = reply;
    if (reply.closed) this.left();
    else reply.listener = this;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  drained(): void {}

  asked(): void {}

  left(): void {
    this.#controller.abort();
  }

  interrupt(): void {
    this.#controller.abort();
  }

  /** From here on others listen to the reply. */
  end(): void {
    this.#reply.listener = undefined;
  }
}
