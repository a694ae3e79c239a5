import fc from "fast-check";
import { expect, test } from "vitest";
import { UsageHours } from "../../src/captures/usage-hours.ts";
import type { UsageHour } from "../../src/domain/capture.ts";
import { addUsage, NO_USAGE } from "../../src/domain/usage-sums.ts";
import { factsOf } from "../support/facts.ts";

test("requests are added up by hour, route, variant, model and prompt", () => {
  const hours = new UsageHours();
  const at = Date.UTC(2026, 0, 1, 10, 59, 59, 999);
  hours.add(factsOf("1", { at, costUsd: 2 }));
  hours.add(factsOf("2", { at, costUsd: 3, status: 502, outcome: "server_error", cached: true }));
  hours.add(factsOf("3", { at, costUsd: undefined, inputTokens: undefined }));
  hours.add(factsOf("4", { at: at + 1 }));
  hours.add(factsOf("5", { at, promptVersion: "v2" }));
  const [first, ...others] = hours.take();
  expect(first).toEqual({
    hour: Date.UTC(2026, 0, 1, 10),
    route: "route",
    variant: "prompted",
    path: "enriched",
    model: "base",
    promptVersion: "v1",
    requests: 3,
    errors: 1,
    failures: 1,
    cached: 1,
    priced: 2,
    inputTokens: 20,
    cachedInputTokens: 6,
    outputTokens: 15,
    addedTokens: 8, // not those of a request whose input is not known
    costUsd: 5,
    costUsdSquares: 13,
    durationMs: 60,
  });
  expect(others.map(({ hour, promptVersion, requests }) => [hour, promptVersion, requests])).toEqual([
    [Date.UTC(2026, 0, 1, 11), "v1", 1],
    [Date.UTC(2026, 0, 1, 10), "v2", 1],
  ]);
  expect(hours.size).toBe(0);
});

test.each([
  ["success", 1, 0],
  ["client_error", 1, 0],
  ["client_closed", 1, 0],
  ["rate_limited", 0, 0],
  ["rate_limited", 1, 1],
  ["server_error", 1, 1],
  ["timeout", 1, 1],
  ["interrupted", 1, 1],
] as const)("%s after %i calls is a failure of the model: %i", (outcome, attempts, failures) => {
  const hours = new UsageHours();
  hours.add(factsOf("1", { outcome, attempts }));
  expect(hours.take()[0]?.failures).toBe(failures);
});

test("what is taken in parts adds up to the same", () => {
  const facts = fc.record({
    at: fc.integer({ min: 0, max: 3 * 3_600_000 }),
    variant: fc.constantFrom("a", "b"),
    status: fc.constantFrom(200, 500),
    cached: fc.boolean(),
    costUsd: fc.option(fc.nat(9), { nil: undefined }),
    inputTokens: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(facts, fc.boolean())), (all) => {
      const straight = new UsageHours();
      const inParts = new UsageHours();
      const parts: UsageHour[] = [];
      for (const [more, takes] of all) {
        straight.add(factsOf("x", more));
        inParts.add(factsOf("x", more));
        if (takes) parts.push(...inParts.take());
      }
      parts.push(...inParts.take());
      const of = (hours: readonly UsageHour[], hour: number, variant: string) =>
        hours.filter((each) => each.hour === hour && each.variant === variant).reduce(addUsage, NO_USAGE);
      for (const sums of straight.take()) {
        const { hour, route: _r, variant, path: _p, model: _m, promptVersion: _v, ...total } = sums;
        expect(of(parts, hour, variant)).toEqual(total);
      }
    }),
  );
});
