import { Roster } from "./domain/roster.ts";
import type { Lookout, WebReply } from "./transport/web-exchange.ts";

/** How often it is asked who has left, in milliseconds. */
const INTERVAL_MS = 100;

/**
 * Looks now and then which clients have left. A listener on each request's signal would hear of it at once, but on
 * Bun that costs a tenth of a request's time.
 */
export class Departures implements Lookout {
  readonly #here = new Roster<WebReply>();

  constructor(intervalMs = INTERVAL_MS) {
    setInterval(() => this.#look(), intervalMs).unref();
  }

  begin(reply: WebReply): void {
    this.#here.add(reply);
  }

  end(reply: WebReply): void {
    this.#here.delete(reply);
  }

  #look(): void {
    for (const reply of this.#here.all()) if (reply.request.signal.aborted) reply.leave();
  }
}
