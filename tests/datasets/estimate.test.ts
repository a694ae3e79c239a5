import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultEpochs, estimate, tokenStats } from "../../src/datasets/estimate.ts";
import { PRICES_AS_OF, tunableModel } from "../../src/datasets/tunable-models.ts";

test("the cookbook's own estimate for its toy set comes out the same", () => {
  const tokens = [45, 111, 26, 28, 8032];
  const found = estimate(tokens, { model: "gpt-3.5-turbo-0613", forOpenAI: true });
  expect(found).toMatchObject({ tokensPerEpoch: 4306, epochs: 20, billedTokens: 86_120, usd: undefined });
});

test.each([
  [1, 25],
  [4, 25],
  [5, 20],
  [10, 10],
  [33, 3],
  [34, 3],
  [8333, 3],
  [8334, 2],
  [25_000, 1],
  [1_000_000, 1],
  [0, 3],
])("of %d examples there are %d epochs by default", (examples, epochs) => {
  expect(defaultEpochs(examples)).toBe(epochs);
});

test("a larger set never has more epochs, and they are from 1 to 25", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (examples) => {
      const epochs = defaultEpochs(examples);
      expect(epochs).toBeGreaterThanOrEqual(defaultEpochs(examples + 1));
      expect(epochs >= 1 && epochs <= 25 && Number.isInteger(epochs)).toBe(true);
    }),
  );
});

test("the cost is tokens by epochs by price, from the list or as given", () => {
  const tokens = Array<number>(100).fill(1000);
  const options = { model: "gpt-4.1-mini-2025-04-14", forOpenAI: true };
  expect(estimate(tokens, options)).toEqual({
    epochs: 3,
    epochsGiven: false,
    tokensPerEpoch: 100_000,
    billedTokens: 300_000,
    usdPerMillion: 5,
    priceAsOf: PRICES_AS_OF,
    usd: 1.5,
  });
  expect(estimate(tokens, { ...options, epochs: 2, usdPerMillion: 10 })).toMatchObject({
    epochs: 2,
    epochsGiven: true,
    priceAsOf: undefined,
    usd: 2,
  });
  expect(estimate(tokens, { ...options, usdPerMillion: 0 }).usd).toBe(0);
  // OpenAI's prices are not Azure's, and nobody's for a model that is not known.
  expect(estimate(tokens, { ...options, forOpenAI: false }).usd).toBeUndefined();
  expect(estimate(tokens, { ...options, model: "Qwen/Qwen3-8B" })).toMatchObject({
    tokensPerEpoch: 100_000,
    usd: undefined,
  });
});

test("examples are billed up to the model's limit", () => {
  const found = estimate([70_000, 10], { model: "gpt-4.1", epochs: 1, forOpenAI: true });
  expect(found.billedTokens).toBe(65_536 + 10);
});

test("a model is known by the longest beginning of its name, as it is or tuned", () => {
  expect(tunableModel("gpt-4.1")?.usdPerMillion).toBe(25);
  expect(tunableModel("gpt-4.1-nano-2025-04-14")?.exampleLimit).toBe(32_768);
  expect(tunableModel("ft:gpt-4o-mini-2024-07-18:acme::abc")?.usdPerMillion).toBe(3);
  expect(tunableModel("gpt-35-turbo")?.exampleLimit).toBe(16_385);
  expect(tunableModel("gpt-4.10")).toBeUndefined();
  expect(tunableModel("constructor")).toBeUndefined();
});

test("what the examples' tokens are like", () => {
  expect(tokenStats([])).toBeUndefined();
  expect(tokenStats([7])).toEqual({ total: 7, min: 7, mean: 7, p95: 7, max: 7 });
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(tokenStats(hundred)).toEqual({ total: 5050, min: 1, mean: 50.5, p95: 95.05, max: 100 });
});
