import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Signals } from "../../src/domain/signals.ts";
import type { Key } from "../../src/domain/table.ts";
import { decide, explain } from "../../src/routing/decide.ts";
import { small, tableOf } from "../config/tables.ts";
import { ask, signals } from "../domain/requests.ts";
import { key, routed, TIERS } from "./rules.ts";

test.each([
  [{ tier: "vip" }, "Hi", "vip", "a"],
  [{ tier: "vip" }, "one two three four five six seven", "vip", "a"],
  [{ tier: "free" }, "one two three four five six seven", "long", "b"],
  [{ tier: "free" }, "Hi", "rest", "c"],
])("the first rule that matches wins: %j %s", (metadata, text, rule, variant) => {
  const decision = decide(ask(text, { metadata }), routed(TIERS), signals());
  expect([decision.rule, decision.variant.name]).toEqual([rule, variant]);
});

test("a route's default is what comes after its rules", () => {
  const table = routed([{ when: "request.stream", use: "a" }], { default: "b" });
  expect(decide(ask("Hi"), table, signals())).toMatchObject({ rule: "default", variant: { name: "b" } });
  expect(decide(ask("Hi", { stream: true }), table, signals())).toMatchObject({ rule: "rule-1" });
});

test("a decision carries the path, the odds and where they came from", () => {
  expect(decide(ask("Hi"), routed([{ use: "b" }]), signals())).toEqual({
    route: "route",
    rule: "rule-1",
    variant: expect.objectContaining({ name: "b" }),
    path: "bare",
    propensity: 1,
    stickyBy: undefined,
    stickyKey: undefined,
    rollout: undefined,
    stage: undefined,
    failedRules: [],
  });
  const split = routed([{ name: "s", use: { split: { a: 1, b: 0 }, stickyBy: "metadata.tenant" } }]);
  expect(decide(ask("Hi", { metadata: { tenant: "acme" } }), split, signals())).toMatchObject({
    variant: { name: "a" },
    propensity: 1,
    stickyBy: "metadata.tenant",
    stickyKey: "acme",
  });
  const rollout = tableOf(
    small({
      rollouts: { r: { control: "a", candidate: "b", stages: [5, 100], stage: 1 } },
      routes: { route: { rules: [{ use: { rollout: "r" } }] } },
    }),
  );
  expect(decide(ask("Hi", { user: "u" }), rollout, signals())).toMatchObject({
    variant: { name: "b" },
    propensity: 1,
    stickyBy: "user",
    stickyKey: "u",
    rollout: "r",
    stage: 1,
    share: 1,
    run: undefined,
    epoch: undefined,
  });
  const standing = { run: "run-1", stage: 0, epoch: 3, share: 0, shadowShare: 0.1 };
  expect(decide(ask("Hi"), rollout, signals({ rollouts: new Map([["r", standing]]) }))).toMatchObject({
    variant: { name: "a" },
    propensity: 1,
    rollout: "r",
    stage: 0,
    share: 0,
    run: "run-1",
    epoch: 3,
  });
});

test("a condition that fails counts as not matched, is listed, and the walk goes on", () => {
  const table = routed([
    { name: "one", when: 'metadata.tier == "vip"', use: "a" },
    { name: "two", when: "request.params.missing == 1", use: "a" },
    { name: "three", when: '"tier" in metadata && metadata.tier == "vip"', use: "a" },
    { name: "rest", use: "c" },
  ]);
  const decision = decide(ask("Hi"), table, signals());
  expect(decision.rule).toBe("rest");
  expect(decision.failedRules).toEqual(["one", "two"]);
});

test("a header that a condition only looks for is seen", () => {
  const table = routed([{ when: '"x-beta" in headers', use: "a" }, { use: "c" }]);
  const header = (name: string) => (name === "x-beta" ? "" : undefined);
  expect(decide(ask("Hi"), table, signals({ header })).variant.name).toBe("a");
  expect(decide(ask("Hi"), table, signals()).variant.name).toBe("c");
});

test("conditions are given no header but those that they name", () => {
  const seen: string[] = [];
  const table = routed([{ when: 'headers["x-tier"] == "vip"', use: "a" }, { use: "c" }]);
  const header = (name: string) => {
    seen.push(name);
    return "vip";
  };
  expect(decide(ask("Hi"), table, signals({ header })).variant.name).toBe("a");
  expect(new Set(seen)).toEqual(new Set(["x-tier"]));
});

test("an unknown route is 404 model_not_found, with a name of any length or kind", () => {
  const table = routed(TIERS);
  for (const model of ["nope", "x".repeat(10_000), "__proto__", "constructor", "\u0000"]) {
    const error = thrown(() => decide(ask("Hi", { model }), table, signals()));
    expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect(error?.message.length).toBeLessThan(300);
  }
});

test("a key that may not use the route is refused, also when it forces a variant", () => {
  const limited = key({ routes: ["other"], forceVariant: true });
  for (const force of [undefined, "a"]) {
    expect(thrown(() => decide(ask("Hi"), routed(TIERS), signals({ key: limited, force })))).toMatchObject({
      status: 403,
      code: "model_not_allowed",
    });
  }
  const allowed = key({ routes: ["route"] });
  expect(decide(ask("Hi"), routed(TIERS), signals({ key: allowed })).rule).toBe("rest");
});

test("a forced variant goes past the rules", () => {
  const { decision, trace } = explain(ask("Hi"), routed(TIERS), signals({ force: "b" }));
  expect(decision).toMatchObject({ rule: "forced", variant: { name: "b" }, propensity: 1, failedRules: [] });
  expect(trace).toEqual([
    {
      rule: "forced",
      when: null,
      matched: true,
      values: { "x-crossover-variant": "b" },
      why: "the header x-crossover-variant chose the variant",
    },
  ]);
});

test("only a key with that right may force a variant, and only one that exists", () => {
  const table = routed(TIERS);
  const forced = (force: string, one?: Key) =>
    thrown(() => decide(ask("Hi"), table, signals({ force, key: one })));
  expect(forced("b", key())).toMatchObject({ status: 403, code: "insufficient_permissions" });
  expect(forced("b", key({ forceVariant: true }))).toBeUndefined();
  expect(forced("nope", key({ forceVariant: true }))).toMatchObject({
    status: 400,
    param: "x-crossover-variant",
  });
  expect(forced("__proto__")).toMatchObject({ status: 400 });
});

test("a key with routes of its own forces only what the rules of the route can come to", () => {
  const table = tableOf(
    small({
      variants: {
        a: { model: "base", fallback: ["b"] },
        b: { model: "ft" },
        c: { model: "base" },
        d: { model: "base" },
        e: { model: "base" },
        f: { model: "base" },
      },
      rollouts: { move: { control: "c", candidate: "d", stages: [5] } },
      routes: {
        route: {
          rules: [
            { name: "one", when: "request.stream", use: "a" },
            { name: "moving", when: "request.stream", use: { rollout: "move" } },
          ],
          default: { split: { a: 1, e: 0 } },
        },
        other: { default: "f" },
      },
    }),
  );
  const forced = (force: string, one: Key) =>
    thrown(() => decide(ask("Hi"), table, signals({ force, key: one })));
  const limited = key({ routes: ["route", "other"], forceVariant: true });
  for (const name of ["a", "b", "c", "d", "e"]) expect(forced(name, limited)).toBeUndefined();
  const refused = ["f", "nope", "__proto__"].map((name) => forced(name, limited));
  for (const error of refused)
    expect(error).toMatchObject({
      status: 403,
      code: "insufficient_permissions",
      param: "x-crossover-variant",
    });
  expect(new Set(refused.map((error) => error?.message)).size).toBe(1);
  expect(forced("f", key({ forceVariant: true }))).toBeUndefined();
});

const CONDITIONS = [
  undefined,
  "request.stream",
  'metadata.tier == "vip"',
  '"tier" in metadata',
  "request.inputTokens > 5",
  'headers["x-beta"] == "1"',
  "request.params.n == 2",
  'key.name == "app"',
  "health.a.errorRate < 0.5",
  "time.getFullYear() == 2026",
] as const;

const anyUse = fc.oneof(
  fc.constantFrom<unknown>("a", "b", "c"),
  fc.record({ split: fc.record({ a: fc.nat(9), b: fc.integer({ min: 1, max: 9 }) }) }),
  fc.record({
    split: fc.record({ a: fc.nat(9), c: fc.constant(1) }),
    stickyBy: fc.constantFrom("user", "header.x-tenant"),
  }),
  fc.constant({ rollout: "r" }),
);

const anyTable = fc
  .array(fc.tuple(fc.constantFrom(...CONDITIONS.slice(1)), anyUse), { maxLength: 4 })
  .map((rules) =>
    tableOf(
      small({
        rollouts: { r: { control: "a", candidate: "b", stages: [30] } },
        routes: { route: { rules: [...rules.map(([when, use]) => ({ when, use })), { use: "c" }] } },
      }),
    ),
  );

const anyAsk = fc
  .record(
    {
      stream: fc.boolean(),
      user: fc.constantFrom("u1", "u2", ""),
      metadata: fc.dictionary(fc.constantFrom("tier", "x"), fc.constantFrom("vip", "free"), { maxKeys: 2 }),
      n: fc.constantFrom(1, 2),
    },
    { requiredKeys: [] },
  )
  .map((more) => ask("one two three", more));

const anySignals: fc.Arbitrary<Signals> = fc
  .record({
    headers: fc.dictionary(fc.constantFrom("x-beta", "x-tenant"), fc.constantFrom("1", "t", "")),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    rate: fc.double({ min: 0, max: 1, noNaN: true }),
    named: fc.boolean(),
  })
  .map(({ headers, random, rate, named }) =>
    signals({
      header: (name) => headers[name],
      random,
      key: named ? key() : undefined,
      health: { a: { ok: rate <= 0.5, errorRate: rate, requests: 9n } },
    }),
  );

test("decide and explain agree, and the same inputs always give the same decision", () => {
  fc.assert(
    fc.property(anyTable, anyAsk, anySignals, (table, request, seen) => {
      const decision = decide(request, table, seen);
      expect(decide(request, table, seen)).toEqual(decision);
      const { decision: explained, trace } = explain(request, table, seen);
      expect(explained).toEqual(decision);
      expect(trace.map(({ rule }) => rule)).toEqual(
        table.routes
          .get("route")
          ?.rules.slice(0, trace.length)
          .map(({ name }) => name),
      );
      expect(trace.map(({ matched }) => matched)).toEqual([...trace.slice(1).map(() => false), true]);
      expect(trace.at(-1)?.rule).toBe(decision.rule);
      expect(
        trace.filter(({ why }) => why.includes("could not be evaluated")).map(({ rule }) => rule),
      ).toEqual(decision.failedRules);
      expect(decision.propensity).toBeGreaterThan(0);
      expect(decision.propensity).toBeLessThanOrEqual(1);
      expect(() => JSON.stringify(trace)).not.toThrow();
    }),
    { numRuns: 200 },
  );
});

function thrown(run: () => unknown): GatewayError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}
