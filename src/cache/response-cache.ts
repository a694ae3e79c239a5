import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";

/** An answer as a client got it. */
export interface CachedAnswer {
  readonly contentType: string;
  readonly body: string;
  readonly stream: boolean;
  /** How long it may be given again, in milliseconds. */
  readonly ttlMs: number;
}

/** What an answer rests on. Two requests that differ in any of it never share one. */
export interface CacheKey {
  /** Hash of the client's secret, as no client may see what another asked; "" where there are none. */
  readonly tenant: string;
  readonly route: string;
  readonly variant: string;
  readonly promptVersion: string | undefined;
  /** The address that is called. */
  readonly url: string;
  /** The request as it goes to the upstream, with all its parameters. */
  readonly wire: string;
  /** Is a part of the upstream's stream kept from the client? */
  readonly hideUsage: boolean;
}

/** What an entry takes besides its text: its key, and the lists that it is on. */
const ENTRY_BYTES = 512;

/** Answers by the exact request, in memory; those not used for longest go first. */
export class ResponseCache {
  readonly maxBytes: number;
  readonly #answers: LRUCache<string, CachedAnswer>;

  /** @param maxBytes most memory that answers may take, about */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.#answers = new LRUCache({ maxSize: maxBytes, sizeCalculation: sizeOf });
  }

  /** The answer, and how old it is in milliseconds. */
  get(key: string): { readonly answer: CachedAnswer; readonly ageMs: number } | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    return { answer, ageMs: Math.max(0, answer.ttlMs - this.#answers.getRemainingTTL(key)) };
  }

  set(key: string, answer: CachedAnswer): void {
    this.#answers.set(key, answer, { ttl: answer.ttlMs });
  }

  get bytes(): number {
    return this.#answers.calculatedSize;
  }
}

/** One text for all that an answer rests on; nothing of a prompt can be read from it. */
export function cacheKeyOf(key: CacheKey): string {
  const { tenant, route, variant, promptVersion = "", url, wire, hideUsage } = key;
  return hash(
    "sha256",
    JSON.stringify([tenant, route, variant, promptVersion, url, wire, hideUsage]),
    "base64",
  );
}

/** A text takes at most two bytes a character. */
function sizeOf({ body }: CachedAnswer): number {
  return body.length * 2 + ENTRY_BYTES;
}
