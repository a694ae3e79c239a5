import { type CachedAnswer, type CacheKey, cacheKeyOf, type ResponseCache } from "../cache/response-cache.ts";
import type { ChatRequest } from "../domain/chat.ts";
import type { CacheSettings, Variant } from "../domain/table.ts";
import type { Reply } from "../domain/transport.ts";
import { RecordingReply, WholeTape } from "./recording-reply.ts";
import type { Shaped } from "./shape.ts";
import { STREAM_HEADERS } from "./stream-relay.ts";

/** Whose answers these are. */
export type CacheOwner = Pick<CacheKey, "tenant" | "route">;

/** What one request may take from the cache and leave there. */
export class Caching {
  readonly #cache: ResponseCache;
  readonly #settings: CacheSettings;
  readonly #owner: CacheOwner;
  readonly #reads: boolean;

  /** @param reads may an answer come from the cache? */
  constructor(cache: ResponseCache, settings: CacheSettings, owner: CacheOwner, reads: boolean) {
    this.#cache = cache;
    this.#settings = settings;
    this.#owner = owner;
    this.#reads = reads;
  }

  /** @returns undefined where the answer has an effect besides itself: the upstream stores it */
  of(request: ChatRequest, variant: Variant, { wire, hideUsage }: Shaped): Slot | undefined {
    const store = request.body["store"] ?? variant.params["store"] === "true";
    if (store === true) return undefined;
    const key = cacheKeyOf({
      ...this.#owner,
      variant: variant.name,
      promptVersion: variant.prompt?.version,
      url: variant.model.endpoints.whole.url,
      wire,
      hideUsage,
    });
    return new Slot(this.#cache, this.#settings.ttlMs, key, this.#reads);
  }
}

/** The place of one request's answer. */
export class Slot {
  readonly #cache: ResponseCache;
  readonly #ttlMs: number;
  readonly #key: string;
  readonly #reads: boolean;
  #tape: WholeTape | undefined;

  constructor(cache: ResponseCache, ttlMs: number, key: string, reads: boolean) {
    this.#cache = cache;
    this.#ttlMs = ttlMs;
    this.#key = key;
    this.#reads = reads;
  }

  /**
   * Answers from the cache.
   * @param headers on this answer, besides those of the cache
   * @returns whether there was an answer
   */
  replay(reply: Reply, headers: Readonly<Record<string, string>>): boolean {
    const found = this.#reads ? this.#cache.get(this.#key) : undefined;
    if (found === undefined || found.ageMs >= this.#ttlMs) return false;
    const { contentType, body, stream } = found.answer;
    const all = {
      ...headers,
      "content-type": contentType,
      "x-crossover-cache": "hit",
      age: String(Math.floor(found.ageMs / 1000)),
    };
    if (stream) {
      reply.start(200, { ...all, ...STREAM_HEADERS });
      reply.write(body);
      reply.end();
    } else reply.send(200, all, body);
    return true;
  }

  /** A reply that keeps what passes, to be put into the cache once it is known to be good. */
  record(reply: Reply): Reply {
    this.#tape = new WholeTape();
    return new RecordingReply(reply, this.#tape);
  }

  /** The answer was whole and good. */
  keep(): void {
    const recorded = this.#tape?.answer();
    if (recorded === undefined || callsTools(recorded.body)) return;
    const answer: CachedAnswer = { ...recorded, ttlMs: this.#ttlMs };
    this.#cache.set(this.#key, answer);
  }
}

/** Does it ask the client to call something? To say so twice could do twice what is to be done once. */
function callsTools(body: string): boolean {
  return /(?<!\\)"(?:tool_calls|function_call)"\s*:(?!\s*(?:null|\[\s*\]))/.test(body);
}
