import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { LINES } from "../config/good-lines.ts";
import { problemsOf, small, tableOf } from "../config/tables.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { guardPrototype } from "./prototype.ts";
import { corpus, runs } from "./runs.ts";

guardPrototype();

const GOOD = [
  LINES,
  stringify(small({ variants: { a: { model: "base", params: { x: [1, { y: null }] } } } })),
  JSON.stringify(
    small({ prompts: { p: { system: "{{ query }}", cue: "{% if query %}{{ query }}{% endif %}" } } }),
  ),
  stringify(
    small({
      rollouts: {
        r: {
          control: "a",
          candidate: "b",
          stages: [{ percent: 0, shadow: 5 }, 5, { percent: 50, minTime: 60, soak: 5, proof: false }],
          guardrails: {
            errors: false,
            cost: { margin: 0.1 },
            feedback: { stars: { margin: 1, low: 1, high: 5 } },
          },
          proof: { margin: 0.01, above: 50, each: "key" },
          webhook: { url: "http://127.0.0.1:1/hook", secret: "s" },
        },
        s: { control: "a", candidate: "c", adaptive: { reward: { feedback: "stars", high: 5 } } },
      },
    }),
  ),
  ...["haiku", "hybrid", "recipe-assistant"].map((name) =>
    readFileSync(new URL(`../../config/examples/${name}.yaml`, import.meta.url), "utf8"),
  ),
];

/** A table, or problems that each have a place. @returns whether it is a table */
function check(text: string): boolean {
  const problems = problemsOf(text, { env: { A: "value" } });
  const lines = text.split("\n").length;
  for (const { file, line, column, message } of problems) {
    expect([file, line >= 1, column >= 1, message.trim() === ""]).toEqual([
      "crossover.yaml",
      true,
      true,
      false,
    ]);
    expect(line).toBeLessThanOrEqual(lines + 1);
  }
  expect(problems.length).toBeLessThanOrEqual(200);
  return problems.length === 0;
}

test.each(corpus("config"))("kept: $name", ({ bytes }) => {
  expect(() => check(bytes.toString())).not.toThrow();
});

test("any bytes are a table or problems", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      check(bytes.toString());
    }),
    runs(300),
  );
});

test("good configurations with mistakes in them are a table or problems", () => {
  let taken = 0;
  fc.assert(
    fc.property(mutated(GOOD), (bytes) => {
      if (check(bytes.toString())) taken++;
    }),
    runs(300),
  );
  expect(taken).toBeGreaterThan(10);
});

const SECTIONS = [
  "providers",
  "models",
  "prompts",
  "variants",
  "rollouts",
  "routes",
  "keys",
  "server",
  "timeouts",
];
const oddName = fc.constantFrom(
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "a",
  "",
  "a b",
  "x".repeat(65),
);

test("JavaScript's own names, and odd values, in every section", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SECTIONS),
      oddName,
      oddName,
      fc.jsonValue({ maxDepth: 3 }),
      (section, name, key, value) => {
        const entry = JSON.stringify(value);
        const text = `{${JSON.stringify(section)}: {${JSON.stringify(name)}: {${JSON.stringify(key)}: ${entry}}}}`;
        check(text);
        const good = JSON.stringify(small());
        // YAML takes JSON; what stands twice is a problem too.
        check(`${good.slice(0, -1)}, ${text.slice(1)}`);
      },
    ),
    runs(500),
  );
});

test.each(["constructor", "prototype", "toString"])("an entry called %s is one like any other", (name) => {
  const table = tableOf(
    small({
      variants: { [name]: { model: "base", params: { [name]: { [name]: 1 } } } },
      routes: { [name]: { default: name } },
    }),
  );
  expect(table.routes.get(name)?.rules[0]?.use).toMatchObject({ kind: "variant", variant: { name } });
});

test.each([
  ["a long key", `? "${"k".repeat(1_000_000)}"\n: 1`],
  ["many anchors", Array.from({ length: 1500 }, (_, index) => `k${index}: &a${index} 1`).join("\n")],
  ["the same alias again and again", `a: &a [${"1,".repeat(1000)}]\nb: [${"*a,".repeat(1500)}]`],
  ["a billion laughs", bomb(12)],
  ["many references", `prompts: { p: { system: "${"${A}".repeat(50_000)}" } }`],
  ["references in references", `prompts: { p: { system: "${"${A:-".repeat(50_000)}" } }`],
  ["many tags", `prompts: { p: { system: "${"{% if query %}".repeat(20_000)}" } }`],
  ["many brackets in a condition", rule("(".repeat(50_000))],
  ["a long condition", rule(Array.from({ length: 5000 }, () => "request.stream").join(" || "))],
  ["counted repetitions", rule(`request.lastUserMessage.matches('((((a{30}){30}){30}){30}){30}')`)],
  ["many groups", rule(`request.lastUserMessage.matches('${"(".repeat(5000)}a${")".repeat(5000)}')`)],
  ["look-around", rule("request.lastUserMessage.matches('(?=a)b')")],
])("no hang: %s", (_what, text) => {
  const began = performance.now();
  check(text);
  expect(performance.now() - began).toBeLessThan(10_000);
});

function rule(when: string): string {
  return JSON.stringify(small({ routes: { r: { rules: [{ when, use: "a" }, { use: "a" }] } } }));
}

function bomb(levels: number): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < levels; level++)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  return lines.join("\n");
}
