import type { Departure, Reply, ReplyListener } from "../domain/transport.ts";

export type PauseEnd = "waited" | Departure;

/** Waits before a call, unless the client leaves or the gateway stops meanwhile. */
export class Pause implements ReplyListener {
  readonly over: Promise<PauseEnd>;
  readonly #reply: Reply;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #resolve: (how: PauseEnd) => void;

  constructor(reply: Reply, ms: number) {
    const { promise, resolve } = Promise.withResolvers<PauseEnd>();
    this.over = promise;
    this.#resolve = resolve;
    this.#reply = reply;
    this.#timer = setTimeout(() => this.#end("waited"), ms);
    if (reply.closed) this.left("client closed");
    else reply.listener = this;
  }

  drained(): void {}

  asked(): void {}

  left(why: Departure): void {
    this.#end(why);
  }

  interrupt(): void {
    this.#end("waited");
  }

  #end(how: PauseEnd): void {
    clearTimeout(this.#timer);
    this.#reply.listener = undefined;
    this.#resolve(how);
  }
}
