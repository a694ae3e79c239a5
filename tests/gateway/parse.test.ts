import fc from "fast-check";
import { expect, test } from "vitest";
import { chatFields, isGood } from "../../src/gateway/parse.ts";

const odd = fc.constantFrom<unknown>(undefined, null, 0, 1, true, false, "", " ", "x", [], {}, ["x"], {
  a: "b",
});
/** Mostly what is usual, now and then something odd. */
function mostly(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

const role = mostly(fc.constantFrom("system", "developer", "user", "assistant", "tool", "function"));
const message = mostly(fc.record({ role, content: odd }));
const text = mostly(
  fc.oneof(
    fc.string(),
    fc.constantFrom(64, 65, 512, 513).map((length) => "x".repeat(length)),
  ),
);
const key = fc.oneof(fc.string(), fc.constantFrom("x".repeat(64), "x".repeat(65)));
const body = fc.record(
  {
    model: mostly(fc.constant("route")),
    messages: mostly(fc.array(message, { maxLength: 3 })),
    stream: mostly(fc.boolean()),
    user: mostly(fc.string()),
    metadata: mostly(fc.dictionary(key, text, { maxKeys: 18 })),
  },
  { requiredKeys: ["model", "messages"] },
);

test("the quick check takes what the schema takes, and nothing else", () => {
  let good = 0;
  fc.assert(
    fc.property(body, (value) => {
      const bySchema = chatFields.safeParse(value).success;
      if (bySchema) good++;
      expect(isGood(value)).toBe(bySchema);
    }),
    { numRuns: 5000 },
  );
  expect(good).toBeGreaterThan(500);
});
