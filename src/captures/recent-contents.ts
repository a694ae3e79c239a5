import { LRUCache } from "lru-cache";
import { bytesOf, type RawCapture } from "./raw.ts";

const MAX_BYTES = 32 * 1024 * 1024;
const KEPT_MS = 15 * 60 * 1000;

/** The texts that the sample left out, for a while: feedback may show that they are worth keeping. */
export class RecentContents {
  readonly #captures = new LRUCache<string, RawCapture>({ maxSize: MAX_BYTES, ttl: KEPT_MS });

  add(raw: RawCapture): void {
    this.#captures.set(raw.facts.id, raw, { size: bytesOf(raw) });
  }

  /** A capture with its texts, which are forgotten here then. */
  take(id: string): RawCapture | undefined {
    const raw = this.#captures.get(id);
    this.#captures.delete(id);
    return raw;
  }

  /** Forgets a capture, or all of a user. */
  forget(which: { readonly id: string } | { readonly user: string }): void {
    if ("id" in which) this.#captures.delete(which.id);
    else
      for (const [id, { facts }] of [...this.#captures.entries()])
        if (facts.user === which.user) this.#captures.delete(id);
  }
}
