import { minRequestsAt } from "../../src/config/compile-rollout.ts";
import type { AdaptiveSettings, Guardrail, Policy, Stage } from "../../src/domain/rollout.ts";

/** Requests a second, in all that is simulated here. */
export const REQUESTS_PER_SECOND = 10;

export const MS_PER_REQUEST = 1000 / REQUESTS_PER_SECOND;

/** Of a whole rollout. */
export const RAMP_REQUESTS = 100_000;

function stageOf(percent: number, minMs: number, { proof = false, shadowPercent = 0 } = {}): Stage {
  return { percent, shadowPercent, minRequests: minRequestsAt(percent), minMs, soakMs: 0, proof };
}

const COMMON = {
  proof: { margin: 0.02, each: "request" },
  onSuccess: "hold",
  onFailure: "rollback",
  shadow: { concurrency: 1, usdPerDay: undefined },
  adaptive: undefined,
} as const;

/** One stage that lasts, and one guardrail. */
export function aloneUnder(guardrail: Guardrail, percent: number, alpha: number): Policy {
  return { ...COMMON, stages: [stageOf(percent, 0, { proof: true })], guardrails: [guardrail], alpha };
}

const FEEDBACK = { kind: "feedback", feedback: "score", low: 0, high: 1, better: "higher" } as const;

/** Every guardrail at once, each as strict as it can be: the candidate may not be worse at all. */
export const STRICT: readonly Guardrail[] = [
  { kind: "errors", ratio: 1 },
  { kind: "validity", ratio: 1 },
  { kind: "latency", margin: 0 },
  { kind: "first_token", margin: 0 },
  { kind: "cost", margin: 0 },
  { ...FEEDBACK, margin: 0 },
  { kind: "judge", margin: 0 },
];

/** With the margins that a configuration has where it does not say otherwise. */
export const USUAL: readonly Guardrail[] = [
  { kind: "errors", ratio: 1 },
  { kind: "validity", ratio: 1 },
  { kind: "latency", margin: 0.1 },
  { kind: "first_token", margin: 0.1 },
  { kind: "cost", margin: 0.1 },
  { ...FEEDBACK, margin: 0.02 },
];

/** 1, 5, 25 and 50%, each for so long. @param shadowPercent of each stage */
export function rampOf(guardrails: readonly Guardrail[], minMs: number, shadowPercent = 0): Policy {
  return {
    ...COMMON,
    stages: [1, 5, 25, 50].map((percent) => stageOf(percent, minMs, { shadowPercent })),
    guardrails,
    alpha: 0.01,
  };
}

/** One stage that waits for a proof, and no guardrail that could end it before. */
export function provingAt(percent: number, proof: Policy["proof"]): Policy {
  return { ...COMMON, proof, stages: [stageOf(percent, 0, { proof: true })], guardrails: [], alpha: 0.01 };
}

/** Weights that follow the rewards. */
export function adaptiveWith(adaptive: AdaptiveSettings): Policy {
  return { ...COMMON, stages: [stageOf(50, 0)], guardrails: [], alpha: 0.01, adaptive };
}
