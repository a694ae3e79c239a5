import fc from "fast-check";
import { expect, test } from "vitest";
import { compileCondition } from "../../src/config/condition.ts";
import { RequestView } from "../../src/domain/signals.ts";
import type { Condition, ConditionView } from "../../src/domain/table.ts";
import { ask, chat } from "../domain/requests.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { guardPrototype } from "./prototype.ts";
import { runs } from "./runs.ts";

guardPrototype();

const GOOD = [
  'metadata.tier == "vip" && request.inputTokens > 100',
  'has(metadata.tier) ? metadata.tier.startsWith("v") : request.stream',
  'request.messages.exists(m, m.role == "system" && m.content.size() > 3)',
  'request.messages.exists(m, m.content.exists(p, p.type == "image_url"))',
  'request.lastUserMessage.matches("(a+)+$") || "beta" in key.tags',
  'headers[?"x-team"].orValue("") == "a" && time.getHours() < 12',
  'request.params.?response_format.?type.orValue("") == "json_schema"',
  "health.tuned.errorRate > 0.5 || request.params.temperature * 2.0 >= 1.0",
  "[1, 2, 3].map(x, x * x).filter(x, x > 2).size() == 2 && request.params.n % 2 == 0",
  'int(metadata.count) + 9223372036854775807 > 0 || double("1e400") > 1.0',
  'timestamp("2026-01-01T00:00:00Z") < time && duration("1h") > duration("1s")',
];

const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(Number.MAX_VALUE, -0, "__proto__", [[]]));
const view: fc.Arbitrary<ConditionView> = fc
  .record({
    content: odd,
    n: odd,
    temperature: odd,
    format: odd,
    tools: odd,
    tier: fc.string(),
    error: fc.double(),
  })
  .map(({ content, n, temperature, format, tools, tier, error }) => ({
    request: new RequestView(
      chat({
        model: "m",
        messages: [
          { role: "system", content },
          { role: "user", content: [content, "x"] },
        ],
        n,
        temperature,
        tools,
        response_format: format,
      }),
    ),
    metadata: { tier, count: tier },
    headers: { "x-team": tier },
    key: { name: tier, tags: [tier] },
    time: new Date(0),
    health: { tuned: { ok: false, errorRate: error, requests: 3n } },
  }));

function compiled(source: string): Condition | undefined {
  try {
    return compileCondition(source);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return undefined;
  }
}

test("any condition that loads gives true, false or an error for any request", () => {
  let loaded = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 5, arbitrary: mutated(GOOD) }, { weight: 1, arbitrary: anyBytes }),
      fc.constantFrom(...GOOD),
      view,
      (bytes, good, seen) => {
        for (const source of [bytes.toString(), good]) {
          const condition = compiled(source);
          if (condition === undefined) continue;
          loaded++;
          expect([true, false, "error"]).toContain(condition.verdict(seen));
          for (const reference of condition.references) reference.read(seen);
        }
      },
    ),
    runs(1000),
  );
  expect(loaded).toBeGreaterThan(1000 * 1.05);
});

test.each([
  'request.lastUserMessage.matches("(a+)+$")',
  'request.lastUserMessage.matches("(a|a)*b")',
  'request.lastUserMessage.matches("(.*a){20}")',
  'request.lastUserMessage.matches("^(([a-z])+.)+[A-Z]([a-z])+$")',
  'request.lastUserMessage.matches("(?i)a{1,500}x")',
  'request.messages.exists(m, m.content.matches("(x+x+)+y"))',
])("a text that takes a backtracking engine for ever takes no time here: %s", (source) => {
  const condition = compileCondition(source);
  for (const text of ["a".repeat(10_240), "x".repeat(10_240), `${"a".repeat(10_000)}!`]) {
    const began = performance.now();
    expect([true, false]).toContain(condition.verdict({ ...VIEW, request: new RequestView(ask(text)) }));
    expect(performance.now() - began).toBeLessThan(2_000);
  }
});

test("a walk over as many messages as a request can have ends soon", () => {
  const messages = Array.from({ length: 10_000 }, () => ({ role: "user", content: ["y"] }));
  const condition = compileCondition('request.messages.exists(m, m.content.exists(p, p == "x"))');
  const began = performance.now();
  expect(condition.verdict({ ...VIEW, request: new RequestView(chat({ model: "m", messages })) })).toBe(
    false,
  );
  // Walking over all messages for each of them would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
});

const VIEW: ConditionView = {
  request: new RequestView(ask("Hi")),
  metadata: {},
  headers: {},
  key: { name: "", tags: [] },
  time: new Date(0),
  health: {},
};
