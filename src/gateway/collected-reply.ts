import { parseObject } from "../domain/json.ts";
import type { Reply, ReplyListener } from "../domain/transport.ts";
import { Assembler } from "../transport/assembler.ts";

type Headers = Readonly<Record<string, string>>;

/** A reply that reaches nobody: the answer is put together for the gateway itself. Whoever aborts its signal has left. */
export class CollectedReply implements Reply {
  readonly #signal: AbortSignal;
  readonly #assembler = new Assembler();
  #whole: unknown;
  listener: ReplyListener | undefined;

  constructor(signal: AbortSignal) {
    // A signal of its own: many replies listening to one signal look like a leak.
    this.#signal = AbortSignal.any([signal]);
    this.#signal.addEventListener("abort", () => this.listener?.left("client closed"));
  }

  get closed(): boolean {
    return this.#signal.aborted;
  }

  /** The completion, or the error; undefined when neither came. Once only. */
  body(): unknown {
    if (this.#whole !== undefined) return this.#whole;
    const { completion, error } = this.#assembler.end();
    return error === undefined ? completion : { error };
  }

  send(_status: number, _headers: Headers, body: Uint8Array | string): void {
    this.#whole = parseObject(typeof body === "string" ? body : new TextDecoder().decode(body));
  }

  start(): void {}

  write(chunk: Uint8Array | string): boolean {
    this.#assembler.push(Buffer.from(chunk));
    return true;
  }

  end(): void {}

  abandon(): void {}
}
