import { expect, test } from "vitest";
import { explain } from "../../src/routing/decide.ts";
import { ask, signals } from "../domain/requests.ts";
import { key, routed, TIERS } from "./rules.ts";

test("the trace has each rule that was tried: condition, values seen, matched, why", () => {
  const { trace } = explain(ask("Hi", { metadata: { tier: "free" } }), routed(TIERS), signals());
  expect(trace).toEqual([
    {
      rule: "vip",
      when: 'metadata.tier == "vip"',
      matched: false,
      values: { "metadata.tier": "free" },
      why: "the condition is false",
    },
    {
      rule: "long",
      when: "request.inputTokens > 6",
      matched: false,
      values: { "request.inputTokens": 4 },
      why: "the condition is false",
    },
    { rule: "rest", when: null, matched: true, values: {}, why: "the rule has no condition" },
  ]);
});

test("the trace ends with the rule that matched", () => {
  const { trace } = explain(ask("Hi", { metadata: { tier: "vip" } }), routed(TIERS), signals());
  expect(trace).toEqual([
    {
      rule: "vip",
      when: 'metadata.tier == "vip"',
      matched: true,
      values: { "metadata.tier": "vip" },
      why: "the condition is true",
    },
  ]);
});

test("the trace says why a condition failed, and shows what was not there as null", () => {
  const { trace } = explain(ask("Hi"), routed(TIERS), signals());
  expect(trace[0]).toMatchObject({ matched: false, values: { "metadata.tier": null } });
  expect(trace[0]?.why).toMatch(/could not be evaluated, so it counts as not matched: No such key: tier/);
});

test("the trace says how a split fell out", () => {
  const table = routed([{ name: "s", use: { split: { a: 1, b: 0 }, stickyBy: "user" } }]);
  expect(explain(ask("Hi", { user: "u" }), table, signals()).trace.at(-1)?.why).toBe(
    "the rule has no condition; user chose a",
  );
  expect(explain(ask("Hi"), table, signals()).trace.at(-1)?.why).toBe(
    "the rule has no condition; chance chose a, as the request has no user",
  );
});

test("long values are cut in the trace", () => {
  const table = routed([
    { when: 'request.lastUserMessage == "x" || request.messages == []', use: "a" },
    { use: "c" },
  ]);
  const values = explain(ask("y".repeat(5000)), table, signals()).trace[0]?.values;
  for (const value of Object.values(values ?? {})) {
    expect(String(value).length).toBeLessThanOrEqual(201);
    expect(String(value)).toMatch(/…$/);
  }
  expect(Object.keys(values ?? {})).toHaveLength(2);
});

test("values in the trace are JSON: times, counts, lists", () => {
  const table = routed([
    {
      when: 'time < timestamp("2000-01-01T00:00:00Z") || health.a.requests > 5 || "x" in key.tags',
      use: "a",
    },
    { use: "c" },
  ]);
  const { trace } = explain(
    ask("Hi"),
    table,
    signals({ key: key({ tags: ["t"] }), health: { a: { ok: true, errorRate: 0, requests: 3n } } }),
  );
  expect(trace[0]?.values).toEqual({
    time: "2026-03-01T12:00:00.000Z",
    "health.a.requests": 3,
    "key.tags": ["t"],
  });
});
