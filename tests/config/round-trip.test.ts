import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { readDocument } from "../../src/config/document.ts";
import { tableOf } from "./tables.ts";

const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((one) => !/\$\{|\{\{|\{%/.test(one));
/** Values of JSON, with what would be taken for a variable escaped as the documents say. */
const params = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => !JSON.stringify(value).includes("__proto__"))
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("${", () => "$${")));
const names = fc.constantFrom("a", "b.c", "d/e", "f:1", "0", "x-y");
const isFeedback = (name: string): boolean => !name.includes(":");
const dollars = fc.double({ min: 0, max: 1000, noNaN: true });

/** Configurations with every section, and texts that YAML has to quote. */
const anyConfig = fc
  .record({
    variants: fc.dictionary(
      names,
      fc.record({
        params: fc.dictionary(fc.constantFrom("temperature", "stop"), params),
      }),
      { minKeys: 1 },
    ),
    system: text,
    examples: fc.array(fc.record({ user: text, assistant: text }), { maxLength: 3 }),
    price: fc.record({ input: dollars, output: dollars }),
    description: text,
    weight: fc.integer({ min: 1, max: 99 }),
    tags: fc.array(text, { maxLength: 3 }),
    merge: fc.constantFrom("prepend", "append", "replace"),
    rollout: fc.record(
      {
        guardrails: fc.record(
          {
            errors: fc.constantFrom(false, {}, { ratio: 2 }),
            latency: fc.constantFrom(false, { margin: 0 }),
            feedback: fc.dictionary(names.filter(isFeedback), fc.constant({ margin: 0.1, better: "lower" })),
          },
          { requiredKeys: [] },
        ),
        alpha: fc.constantFrom(0.001, 0.2),
        proof: fc.record({ margin: fc.constant(0.01), each: fc.constantFrom("key", "request") }),
        onFailure: fc.constantFrom("rollback", "pause"),
        shadow: fc.record({ usdPerDay: dollars }),
        webhook: fc.record({ url: fc.webUrl(), secret: text.filter((one) => one !== "") }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ variants, system, examples, price, description, weight, tags, merge, rollout }) => {
    const [first = "a"] = Object.keys(variants);
    return {
      providers: {
        up: { kind: "openai-compatible", baseURL: "http://127.0.0.1:1/v1", headers: { "x-a": "1e3" } },
      },
      models: { m: { provider: "up", model: "1.0", price } },
      prompts: { p: { system, examples, cue: "{{ query }}", merge } },
      variants: {
        "x-z": { model: "m" },
        ...Object.fromEntries(
          // JSON has no -0, and neither has a request.
          Object.entries(variants).map(([name, { params }]) => [
            name,
            { model: "m", prompt: "p", params: JSON.parse(JSON.stringify(params)) },
          ]),
        ),
      },
      rollouts: {
        r: {
          control: "x-z",
          candidate: first,
          stages: [weight, { percent: 99.5, shadow: weight }],
          ...rollout,
        },
      },
      routes: {
        route: {
          description,
          rules: [
            { when: 'metadata.a == "1"', use: { rollout: "r" } },
            { use: { split: { [first]: weight } } },
          ],
        },
      },
      keys: { app: { sha256: "0".repeat(64), tags } },
    };
  });

test("writing a configuration and loading it again gives the same table", () => {
  fc.assert(
    fc.property(anyConfig, fc.constantFrom(1, 2, 4), (config, indent) => {
      const written = stringify(config, { indent });
      const { version } = tableOf(written);
      const again = stringify(parse(written));
      expect(tableOf(again).version).toBe(version);
      expect(tableOf(JSON.stringify(config)).version).toBe(version);
    }),
    { numRuns: 100 },
  );
});

test("the shipped configuration, its variables put in, comes back the same", () => {
  const shipped = readFileSync(new URL("../../config/crossover.yaml", import.meta.url), "utf8");
  const written = stringify(readDocument("crossover.yaml", shipped, {}).value);
  expect(tableOf(written).version).toBe(tableOf(shipped).version);
  expect(tableOf(shipped).notices).not.toEqual([]);
});
