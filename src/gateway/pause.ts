import type { Reply, ReplyListener } from "../domain/transport.ts";

/** Waits before a call, unless the client leaves or the gateway stops meanwhile. */
export class Pause implements ReplyListener {
  readonly over: Promise<"waited" | "client left">;
  readonly #reply: Reply;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #resolve: (how: "waited" | "client left") => void;

  constructor(reply: Reply, ms: number) {
    const { promise, resolve } = Promise.withResolvers<"waited" | "client left">();
    this.over = promise;
    this.#resolve = resolve;
    this.#reply = reply;
    this.#timer = setTimeout(() => this.#end("waited"), ms);
    if (reply.closed) this.left();
    else reply.listener = this;
  }

  drained(): void {}

  left(): void {
    this.#end("client left");
  }

  interrupt(): void {
    this.#end("waited");
  }

  #end(how: "waited" | "client left"): void {
    clearTimeout(this.#timer);
    this.#reply.listener = undefined;
    this.#resolve(how);
  }
}
