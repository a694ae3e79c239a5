import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCondition } from "../../src/config/condition.ts";
import { RequestView } from "../../src/domain/signals.ts";
import type { Condition, ConditionView, Verdict } from "../../src/domain/table.ts";
import { ask } from "../domain/requests.ts";

const texts = fc.constantFrom("", "vip", "free", "a b", "VIP", "constructor", "7");
const literal = fc.oneof(
  texts.map((text) => JSON.stringify(text)),
  fc.constantFrom("0", "1", "2", "-3", "1.0", "1.5", "true", "false", "null"),
);
const textReference = fc.constantFrom(
  'metadata.?tier.orValue("free")',
  'metadata[?"tier"].orValue("")',
  'headers[?"x-team"].orValue("vip")',
  "metadata.tier",
  'metadata["tier"]',
  "metadata.constructor",
  'headers["x-team"]',
  "key.name",
  "request.lastUserMessage",
);
const reference = fc.oneof(
  textReference,
  fc.constantFrom(
    "request.inputTokens",
    "request.stream",
    "request.params.temperature",
    "request.params.odd",
    "request.params.odd.inner",
    "request.params.odd.length",
    "health.prompted.ok",
    'health["prompted"].errorRate',
    "health.prompted.requests",
  ),
);
const container = fc.constantFrom("metadata", "headers", "key.tags", "request.tools", "request.params.odd");
const leaf = fc.oneof(
  fc
    .tuple(reference, fc.constantFrom("==", "!=", "<", "<=", ">", ">="), literal)
    .map((parts) => parts.join(" ")),
  fc.tuple(literal, fc.constantFrom("==", "in"), reference).map((parts) => parts.join(" ")),
  fc.tuple(reference, fc.array(literal, { maxLength: 3 })).map(([left, items]) => `${left} in [${items}]`),
  fc.tuple(texts, container).map(([name, list]) => `${JSON.stringify(name)} in ${list}`),
  fc
    .tuple(textReference, fc.constantFrom("contains", "startsWith", "endsWith", "matches"), texts)
    .map(([left, name, text]) => `${left}.${name}(${JSON.stringify(text)})`),
  fc.constantFrom(
    "has(metadata.tier)",
    "has(request.params.odd)",
    "has(request.params.odd.inner)",
    "request.stream",
  ),
  reference,
);
const condition: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(tie("tree"), fc.constantFrom("&&", "||"), tie("tree"))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie("tree").map((inner) => `!(${inner})`),
  ),
})).tree;

const odd = fc.constantFrom(
  undefined,
  null,
  0,
  1,
  2,
  1.5,
  "vip",
  "",
  true,
  false,
  ["vip"],
  [1],
  { inner: "vip" },
  { inner: 1 },
);
const view: fc.Arbitrary<ConditionView> = fc
  .record({
    text: texts,
    tier: fc.option(texts, { nil: undefined }),
    team: fc.option(texts, { nil: undefined }),
    stream: fc.boolean(),
    temperature: fc.constantFrom(undefined, 0, 1, 1.5),
    odd,
    tags: fc.array(texts, { maxLength: 2 }),
    failures: fc.constantFrom(0, 0.5, 1),
  })
  .map(({ text, tier, team, stream, temperature, odd, tags, failures }) => ({
    request: new RequestView(ask(text, { stream, temperature, odd })),
    metadata: tier === undefined ? {} : { tier },
    headers: team === undefined ? {} : { "x-team": team },
    key: { name: text, tags },
    time: new Date(0),
    health: { prompted: { ok: failures < 1, errorRate: failures, requests: 2n } },
  }));

function compiled(source: string): Condition | undefined {
  try {
    return compileCondition(source);
  } catch {
    return undefined; // its types do not fit: CEL refuses it when the configuration loads
  }
}

function byCel({ test: run }: Condition, seen: ConditionView): Verdict {
  try {
    return run(seen);
  } catch {
    return "error";
  }
}

describe("the short way of the common forms", () => {
  test("says what CEL says of every condition and every request", () => {
    let usable = 0;
    fc.assert(
      fc.property(condition, fc.array(view, { minLength: 1, maxLength: 5 }), (source, views) => {
        const one = compiled(source);
        if (one === undefined) return;
        usable++;
        for (const seen of views) expect([source, one.verdict(seen)]).toEqual([source, byCel(one, seen)]);
      }),
      { numRuns: 3000 },
    );
    expect(usable).toBeGreaterThan(500);
  });

  test("an anchor is a value without which the condition is false", () => {
    fc.assert(
      fc.property(condition, view, (source, seen) => {
        const one = compiled(source);
        const value = one?.anchor?.read(seen);
        if (one?.anchor === undefined || typeof value !== "string" || one.anchor.values.includes(value))
          return;
        expect([source, byCel(one, seen)]).toEqual([source, false]);
      }),
      { numRuns: 3000 },
    );
  });
});

test.each([
  ['metadata.tier == "vip"', ["vip"]],
  ['"vip" == metadata.tier', ["vip"]],
  ['metadata.tier in ["vip", "free"]', ["vip", "free"]],
  ['metadata.tier == "vip" && request.stream', ["vip"]],
  ['metadata.tier == "vip" || metadata["tier"] == "free"', ["vip", "free"]],
  ['"tier" in metadata && metadata.tier == "vip"', ["vip"]],
  ['has(metadata.tier) && request.inputTokens > 3 && metadata.tier == "vip"', ["vip"]],
  ['metadata.?tier.orValue("") in ["vip", "free"]', ["vip", "free"]],
  ['headers[?"x-team"].orValue("none") == "search"', ["search"]],
  ['request.stream && metadata.tier == "vip"', undefined],
  ['metadata.tier == "vip" || metadata.?tier.orValue("") == "vip"', undefined],
  ['metadata.tier == "vip" || key.name == "app"', undefined],
  ['metadata.tier != "vip"', undefined],
  ['metadata.tier == "vip" || request.stream', undefined],
  ["request.inputTokens == 3", undefined],
  ['metadata.tier + "" == "vip"', undefined],
])("%s is looked up by the values %j", (source, values) => {
  expect(compileCondition(source).anchor?.values).toEqual(values);
});
