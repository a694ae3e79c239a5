import fc from "fast-check";
import { expect, test } from "vitest";
import { type CacheKey, cacheKeyOf, ResponseCache } from "../../src/cache/response-cache.ts";

const answerOf = (body: string) => ({ contentType: "application/json", body, stream: false, ttlMs: 60_000 });

test("the memory of answers stays below its bound; those not used for longest go first", () => {
  const cache = new ResponseCache(1024 * 1024);
  cache.set("first", answerOf("a".repeat(1000)));
  cache.set("second", answerOf("b".repeat(1000)));
  for (let i = 0; i < 2000; i++) {
    cache.set(`more ${i}`, answerOf("c".repeat(1000)));
    cache.get("first");
    expect(cache.bytes).toBeLessThanOrEqual(1024 * 1024);
  }
  expect(cache.get("first")?.answer.body).toBe("a".repeat(1000));
  expect(cache.get("second")).toBeUndefined();
});

test("an answer larger than the whole cache is not kept, and throws nothing out", () => {
  const cache = new ResponseCache(1024 * 1024);
  cache.set("small", answerOf("a"));
  cache.set("huge", answerOf("b".repeat(1024 * 1024)));
  expect([cache.get("small")?.answer.body, cache.get("huge")]).toEqual(["a", undefined]);
});

test("two keys are the same only when all that an answer rests on is", () => {
  const text = fc.string({ maxLength: 6 });
  const key: fc.Arbitrary<CacheKey> = fc.record({
    tenant: text,
    route: text,
    variant: text,
    promptVersion: text,
    url: text,
    wire: text,
    hideUsage: fc.boolean(),
  });
  fc.assert(
    fc.property(key, key, (a, b) => {
      const equal = JSON.stringify(a) === JSON.stringify(b);
      expect(cacheKeyOf(a) === cacheKeyOf(b)).toBe(equal);
      expect(cacheKeyOf(a)).toBe(cacheKeyOf({ ...a }));
    }),
  );
});
