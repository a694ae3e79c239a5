import fc from "fast-check";
import { expect, test } from "vitest";
import { murmur3, unitOf } from "../../src/domain/hash.ts";

// Reference values of MurmurHash3_x86_32 over UTF-8.
test.each([
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["test", 0, 0xba6bd213],
  ["Hello, world!", 0, 0xc0363e43],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["\0\0\0\0", 0, 0x2362f9de],
  // Each length of the tail.
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["aa", 0x9747b28c, 0x5d211726],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["abc", 0x9747b28c, 0xc84a62dd],
  // Beyond ASCII: bytes, not UTF-16 units.
  ["ππππππππ", 0x9747b28c, 0xd58063c1],
])("murmur3 of %j with seed %i is the reference's", (text, seed, hash) => {
  expect(murmur3(text, seed)).toBe(hash);
});

test("unitOf lies between 0 and 1, never on them, and is the same each time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const unit = unitOf(text);
      expect(unit).toBeGreaterThan(0);
      expect(unit).toBeLessThan(1);
      expect(unitOf(text)).toBe(unit);
    }),
  );
});

test.each(["user-", "tenant/", "0000000"])(
  "keys that differ only in a number spread evenly: %s",
  (prefix) => {
    const buckets = new Array<number>(20).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const bucket = Math.floor(unitOf(`${prefix}${i}`) * 20);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 19 degrees of freedom: 43.8 is the 0.1% point. The keys are fixed, so this can't flicker.
    expect(chiSquare).toBeLessThan(43.8);
  },
);
