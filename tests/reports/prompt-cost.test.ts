import { expect, test } from "vitest";
import { promptCost } from "../../src/reports/prompt-cost.ts";
import { hourOf } from "./usage.ts";

const rate = { value: 100, error: 5 };
const price = { input: 2, cachedInput: 0.5, output: 8 };

test("by hand: added tokens at the price of input, the cached ones somewhere between", () => {
  // 1,200 tokens in, 1,000 added, 600 of them cached: the cached ones may all be added ones, or but 400 of them,
  // as there are only 200 others.
  // Low: (400 x $2 + 600 x $0.50) / 1e6 = $0.0011. High: (600 x $2 + 400 x $0.50) / 1e6 = $0.0014.
  const cost = promptCost(
    [hourOf(50, { input: 1200, cachedInput: 600, added: 1000, cost: 1 })],
    rate,
    () => price,
  );
  expect(cost?.addedTokensPerRequest).toBe(1000);
  expect(cost?.shareOfInput).toBeCloseTo(1000 / 1200, 12);
  expect(cost?.usdPerRequest.low).toBeCloseTo(0.0011, 12);
  expect(cost?.usdPerRequest.high).toBeCloseTo(0.0014, 12);
  // 30 days at 100 +- 9.8 a day: from 90.2 x 30 x $0.0011 to 109.8 x 30 x $0.0014
  expect(cost?.usdPerMonth.low).toBeCloseTo(90.2 * 30 * 0.0011, 4);
  expect(cost?.usdPerMonth.high).toBeCloseTo(109.8 * 30 * 0.0014, 4);
});

test("nothing cached, or no other price for it: both ends are one", () => {
  for (const [cachedInput, cachedPrice] of [
    [0, 0.5],
    [600, undefined],
  ] as const) {
    const cost = promptCost([hourOf(9, { input: 1200, cachedInput, added: 1000, cost: 1 })], rate, () => ({
      ...price,
      cachedInput: cachedPrice,
    }));
    expect(cost?.usdPerRequest.low).toBeCloseTo(0.002, 12);
    expect(cost?.usdPerRequest.high).toBeCloseTo(0.002, 12);
  }
});

test("each model's tokens are at its own price; those without one are left out", () => {
  const hours = [
    hourOf(10, { input: 100, added: 50 }, { model: "a" }),
    hourOf(30, { input: 100, added: 50 }, { model: "b" }),
    hourOf(99, { input: 100, added: 90 }, { model: "unknown" }),
  ];
  const prices = new Map([
    ["a", { input: 1, output: 1 }],
    ["b", { input: 3, output: 1 }],
  ]);
  const cost = promptCost(hours, rate, (model) => prices.get(model));
  expect(cost?.addedTokensPerRequest).toBe(50);
  expect(cost?.usdPerRequest.low).toBeCloseTo((10 * 50 * 1 + 30 * 50 * 3) / 40 / 1e6, 15);
  expect(promptCost([], rate, () => price)).toBeUndefined();
  expect(promptCost(hours, rate, () => undefined)).toBeUndefined();
});
