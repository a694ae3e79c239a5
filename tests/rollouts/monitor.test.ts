import { expect, test } from "vitest";
import type { Policy } from "../../src/domain/rollout.ts";
import { seededRandom } from "../../src/domain/statistics.ts";
import { Monitor } from "../../src/rollouts/monitor.ts";
import type { RequestObservation } from "../../src/rollouts/observation.ts";

const policy: Policy = {
  stages: [5, 25, 50].map((percent) => ({
    percent,
    shadowPercent: 0,
    minRequests: 100,
    minMs: 0,
    soakMs: 0,
    proof: false,
  })),
  guardrails: [{ kind: "errors", ratio: 1.25 }],
  alpha: 0.01,
  proof: { margin: 0.02, each: "request" },
  onSuccess: "promote",
  onFailure: "rollback",
  shadow: { concurrency: 1, usdPerDay: undefined },
  adaptive: undefined,
};

function request(given: Partial<RequestObservation>): RequestObservation {
  return {
    kind: "request",
    unit: undefined,
    side: "control",
    share: 0.05,
    stage: 0,
    epoch: 0,
    error: false,
    invalid: false,
    latencyMs: 100,
    firstTokenMs: undefined,
    costUsd: 0.001,
    costCapUsd: undefined,
    ...given,
  };
}

test("a candidate that fails always is found within a few of its requests", () => {
  const monitor = new Monitor({ policy, sticky: false });
  const random = seededRandom(1);
  for (let i = 0; i < 10_000; i++) {
    const side = random() < 0.05 ? "candidate" : "control";
    const alarm = monitor.observe(request({ side, error: side === "candidate" || random() < 0.01 }));
    if (alarm === undefined) continue;
    expect(alarm).toMatchObject({ kind: "failed", guardrail: "errors", observation: i + 1 });
    expect(monitor.alarm).toBe(alarm);
    expect(monitor.counts.candidate).toBeLessThan(8);
    return;
  }
  expect.unreachable();
});
