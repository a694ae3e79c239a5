import fc from "fast-check";
import { expect, test } from "vitest";
import { costOf, readUsage } from "../../src/domain/usage.ts";

test("usage is read with its cached part", () => {
  expect(
    readUsage({
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 64 },
    }),
  ).toEqual({ input: 100, cachedInput: 64, output: 20 });
});

test.each([
  [{ prompt_tokens: 7 }, { input: 7, cachedInput: 0, output: 0 }],
  [
    { prompt_tokens: 7, completion_tokens: null, prompt_tokens_details: null },
    { input: 7, cachedInput: 0, output: 0 },
  ],
  [
    { prompt_tokens: -7, completion_tokens: Number.NaN },
    { input: 0, cachedInput: 0, output: 0 },
  ],
  [
    {
      prompt_tokens: 1,
      completion_tokens: "9",
      prompt_tokens_details: { cached_tokens: Number.POSITIVE_INFINITY },
    },
    { input: 1, cachedInput: 0, output: 0 },
  ],
])("what is no count is 0: %j", (value, usage) => {
  expect(readUsage(value)).toEqual(usage);
});

test.each([null, undefined, 3, "usage", [], {}, { prompt_tokens: "10" }, { completion_tokens: 3 }])(
  "%j is no usage",
  (value) => {
    expect(readUsage(value)).toBeUndefined();
  },
);

test("cost counts uncached input, cached input and output at their prices per million", () => {
  const usage = { input: 1_000_000, cachedInput: 250_000, output: 500_000 };
  expect(costOf(usage, { input: 0.4, cachedInput: 0.1, output: 1.6 })).toBeCloseTo(0.3 + 0.025 + 0.8, 12);
  expect(costOf(usage, { input: 0.4, output: 1.6 })).toBeCloseTo(0.4 + 0.8, 12);
  expect(costOf(usage, { input: 0.4, cachedInput: 0, output: 1.6 })).toBeCloseTo(0.3 + 0.8, 12);
});

test("hosting is no part of an answer's cost", () => {
  const price = { input: 1, output: 1, hostingPerHour: 1.7 };
  expect(costOf({ input: 0, cachedInput: 0, output: 0 }, price)).toBe(0);
});

test("cost is never negative, even when an upstream reports more cached tokens than input", () => {
  const tokens = fc.nat(1_000_000);
  const usd = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(tokens, tokens, tokens, usd, usd, usd, (input, cachedInput, output, p, c, q) => {
      const cost = costOf({ input, cachedInput, output }, { input: p, cachedInput: c, output: q });
      expect(cost).toBeGreaterThanOrEqual(0);
      expect(cost).toBeLessThanOrEqual(((input * Math.max(p, c) + output * q) / 1e6) * (1 + 1e-9));
    }),
  );
});
