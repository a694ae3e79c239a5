import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, explain } from "../../src/routing/decide.ts";
import { ask, signals } from "../domain/requests.ts";
import { small, tableOf } from "./tables.ts";

const names = fc.constantFrom("a", "b", "c");
const keys = fc.constantFrom("tenant", "tier", "team");
const condition = fc.oneof(
  fc.tuple(keys, names).map(([key, name]) => `metadata.${key} == "${name}"`),
  fc
    .tuple(keys, fc.array(names, { maxLength: 3 }))
    .map(([key, list]) => `metadata.${key} in ${JSON.stringify(list)}`),
  fc
    .tuple(keys, names, keys)
    .map(([key, name, other]) => `metadata.${key} == "${name}" && has(metadata.${other})`),
  fc
    .tuple(keys, names, keys, names)
    .map(([k, n, l, m]) => `metadata.${k} == "${n}" || metadata.${l} == "${m}"`),
  fc.tuple(keys, names).map(([key, name]) => `metadata.${key} != "${name}"`),
  fc.constant("request.stream"),
);

test("trying only the rules that may match decides as trying them all", () => {
  const metadata = fc.dictionary(keys, names);
  fc.assert(
    fc.property(
      fc.array(condition, { maxLength: 30 }),
      fc.array(fc.record({ metadata, stream: fc.boolean() }), { minLength: 1, maxLength: 5 }),
      (conditions, requests) => {
        const rules = [...conditions.map((when, i) => ({ when, use: "abc"[i % 3] })), { use: "a" }];
        const table = tableOf(small({ routes: { route: { rules } } }));
        for (const request of requests) {
          const asked = ask("Hi", request);
          expect(decide(asked, table, signals())).toEqual(explain(asked, table, signals()).decision);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("of many rules by tenant only the tenant's own is tried", () => {
  const tenants = Array.from({ length: 1000 }, (_, i) => ({ when: `metadata.tenant == "t${i}"`, use: "b" }));
  const table = tableOf(small({ routes: { route: { rules: [...tenants, { use: "a" }] } } }));
  const route = table.routes.get("route");
  const tried = (metadata: Readonly<Record<string, string>>): readonly string[] | undefined =>
    route
      ?.candidates({
        request: expect.anything(),
        metadata,
        headers: {},
        key: { name: "", tags: [] },
        time: new Date(0),
        health: {},
      })
      .map(({ rule }) => rule.name);
  expect(tried({ tenant: "t700" })).toEqual(["rule-701", "rule-1001"]);
  expect(tried({ tenant: "nobody" })).toEqual(["rule-1001"]);
  expect(tried({})).toHaveLength(1001);
});
