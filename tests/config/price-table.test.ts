import { expect, test } from "vitest";
import { publicPrice } from "../../src/config/price-table.ts";
import { small, tableOf } from "./tables.ts";

test("list prices are USD per million tokens", () => {
  expect(publicPrice("openai", "gpt-4o-mini")).toEqual({ input: 0.15, cachedInput: 0.075, output: 0.6 });
});

test.each([
  ["openai", "no-such-model-at-all"],
  ["no-such-provider", "gpt-4o-mini"],
  [undefined, "gpt-4o-mini"],
])("no price is known for %s and %s", (provider, model) => {
  expect(publicPrice(provider, model)).toBeUndefined();
});

test("a configured price comes before the list, and without either there is none", () => {
  const table = tableOf(
    small({
      providers: { sim: { kind: "openai", apiKey: "sk-1" } },
      models: {
        base: { provider: "sim", model: "gpt-4o-mini", price: { input: 9, output: 9 } },
        listed: { provider: "sim", model: "gpt-4o-mini" },
        ft: { provider: "sim", model: "no-such-model-at-all" },
      },
    }),
  );
  expect([...table.models.values()].map(({ price }) => price)).toEqual([
    { input: 9, output: 9 },
    { input: 0.15, cachedInput: 0.075, output: 0.6 },
    undefined,
  ]);
});
