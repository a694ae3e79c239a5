import { draining } from "../domain/errors.ts";
import { type Member, Roster } from "../domain/roster.ts";

/** How long clients that are still there after draining may take to read that the gateway stops, in milliseconds. */
const LAST_WORDS_MS = 1000;

/** What takes connections for the gateway. */
export interface Listener {
  /** Takes no new connections. Resolves when those that are open have ended. */
  close(): Promise<void>;
  /** Ends the open ones at once. */
  cut(): void;
}

/** A request that is under way. */
export interface OpenRequest extends Member {
  /** The gateway stops, and this request has had its time. */
  interrupt(): void;
  /** Tells the client of an error, unless it has an answer already. */
  failed(error: unknown): void;
}

/** The requests under way, and how they end when the gateway stops. */
export class OpenRequests {
  readonly #open = new Roster<OpenRequest>();
  #draining = false;
  #whenEmpty: (() => void) | undefined;

  /** Is the gateway stopping, and taking no new connections? */
  get draining(): boolean {
    return this.#draining;
  }

  /** @returns false when the gateway stops: the client has been told so, and there is nothing to do */
  begin(request: OpenRequest): boolean {
    if (this.#draining) request.failed(draining());
    else this.#open.add(request);
    return !this.#draining;
  }

  /** It has had its answer. */
  end(request: OpenRequest): void {
    this.#open.delete(request);
    if (this.#open.size === 0) this.#whenEmpty?.();
  }

  /**
   * Lets requests under way end. Those that did not by the deadline, and those that still come, hear that
   * the gateway stops: it listens until then, so that nobody meets a connection that has just been closed.
   */
  async drain(listener: Listener, deadlineMs: number): Promise<void> {
    this.#draining = true;
    const cut = setTimeout(() => listener.cut(), deadlineMs + LAST_WORDS_MS);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const deadline = setTimeout(() => {
      for (const request of this.#open.all()) request.interrupt();
      resolve();
    }, deadlineMs);
    await Promise.race([this.#emptied(), late]);
    await listener.close();
    clearTimeout(deadline);
    clearTimeout(cut);
  }

  /** Resolves when no request is under way. */
  #emptied(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    if (this.#open.size === 0) resolve();
    return promise;
  }
}
