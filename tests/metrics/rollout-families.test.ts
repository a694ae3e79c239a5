import { expect, test } from "vitest";
import { RolloutFamilies } from "../../src/metrics/rollout-families.ts";

test("evidence is a share of what is enough, and 0 while there is none", () => {
  const families = new RolloutFamilies();
  families.watch(() => [
    {
      rollout: "move",
      state: "running",
      percent: 5,
      shadowPercent: 0,
      isBlind: false,
      guardrails: [
        { guardrail: "errors", logEvidence: 1.5, logThreshold: 6 },
        { guardrail: "latency", logEvidence: Number.NEGATIVE_INFINITY, logThreshold: 6 },
      ],
    },
  ]);
  const text = families.render();
  expect(text).toContain('crossover_rollout_guardrail{rollout="move",guardrail="errors"} 0.25\n');
  expect(text).toContain('crossover_rollout_guardrail{rollout="move",guardrail="latency"} 0\n');
  expect(text).toContain('crossover_rollout_state{rollout="move",state="running"} 1\n');
  expect(text).toContain('crossover_rollout_state{rollout="move",state="promoted"} 0\n');
});
