import { expect, test } from "vitest";
import type { Rollout } from "../../src/domain/rollout.ts";
import { fingerprintOf } from "../../src/rollouts/fingerprint.ts";
import { small, tableOf } from "../config/tables.ts";

type Members = Readonly<Record<string, unknown>>;

function rolloutOf(rollout: Members = {}, more: Members = {}): Rollout {
  const config = small({ rollouts: { move: { control: "a", candidate: "b", ...rollout } }, ...more });
  const found = tableOf(config).rollouts.get("move");
  if (found === undefined) throw new TypeError("the table has no rollout move");
  return found;
}

const variantB = (more: Members) => ({
  variants: { a: { model: "base" }, b: { model: "ft", ...more }, c: { model: "base" } },
});
const modelsWith = (ft: Members) => ({
  models: {
    base: { provider: "sim", model: "base-model" },
    ft: { provider: "sim", model: "ft:model", ...ft },
  },
});

test.each([
  ["the candidate's parameters", {}, variantB({ params: { temperature: 0 } })],
  ["when the candidate is called twice", {}, variantB({ hedge: 2 })],
  ["the candidate's model", {}, modelsWith({ model: "ft:other" })],
  ["another candidate", { candidate: "c" }, {}],
  [
    "another control",
    { control: "c", candidate: "b" },
    { variants: { a: { model: "base" }, b: { model: "ft" }, c: { model: "base", bare: "keep" } } },
  ],
  ["who stays together", { stickyBy: "metadata.team" }, {}],
  ["a guardrail's margin", { guardrails: { cost: { margin: 0.2 } } }, {}],
  ["a guardrail that is off", { guardrails: { cost: false } }, {}],
  ["alpha", { alpha: 0.02 }, {}],
  ["shares that adapt", { adaptive: {}, stickyBy: "user", proof: { each: "key" } }, {}],
  [
    "another kind of provider",
    {},
    { providers: { sim: { kind: "openai-compatible", baseURL: "http://127.0.0.1:1/v1" } } },
  ],
  ["what is to be proved", { proof: { margin: 0.03 } }, {}],
])("changes with %s", (_what, rollout, more) => {
  expect(fingerprintOf(rolloutOf(rollout, more))).not.toBe(fingerprintOf(rolloutOf()));
});

test.each([
  ["stages", { stages: [1, { percent: 10, shadow: 5, soak: 60 }], stage: 1 }, {}],
  ["what follows a verdict", { onSuccess: "hold", onFailure: "pause" }, {}],
  ["who is told", { webhook: { url: "https://hooks.example.com/" } }, {}],
  ["what shadowing may take", { shadow: { usdPerDay: 3 } }, {}],
  ["prices, which are no answer's", {}, modelsWith({ price: { input: 1, output: 2 } })],
  ["fallbacks, which are a failure of the side", {}, variantB({ fallback: ["c"] })],
  ["what is said as it would be anyway", { alpha: 0.01, guardrails: { errors: { ratio: 1 } } }, {}],
])("stays with other %s", (_what, rollout, more) => {
  const fingerprint = fingerprintOf(rolloutOf(rollout, more));
  expect(fingerprint).toBe(fingerprintOf(rolloutOf()));
  expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
});

test("changes when the simulator answers no longer in a provider's place", () => {
  const withKey = (apiKey: string) =>
    rolloutOf({}, { providers: { sim: { kind: "openai", apiKey, withoutKey: "simulator" } } });
  expect(fingerprintOf(withKey("sk-configured-key-0001"))).not.toBe(fingerprintOf(withKey("")));
});
