import type { Guardrail, Policy } from "../../domain/rollout.ts";
import type { Units } from "../../statistics/first-events.ts";
import { CostGuard } from "./cost.ts";
import { ErrorsGuard } from "./errors.ts";
import { FeedbackGuard } from "./feedback.ts";
import { FirstTokenGuard } from "./first-token.ts";
import type { Board } from "./gauge.ts";
import type { Guard, GuardSettings } from "./guard.ts";
import { JudgeGuard } from "./judge.ts";
import { LatencyGuard } from "./latency.ts";
import { SampleRatioGuard } from "./sample-ratio.ts";
import { ValidityGuard } from "./validity.ts";

/** The bound on the chance that a sound rollout is paused by the check of its shares, as a share of alpha. Not a part of it: a pause is no rollback. */
const SAMPLE_RATIO_WEIGHT = 0.1;

/** Their shares of alpha, to be scaled. Those of one group share its weight. */
const GROUPS = [
  { kinds: ["errors"], weight: 0.3 },
  { kinds: ["validity"], weight: 0.15 },
  { kinds: ["latency", "first_token"], weight: 0.2 },
  { kinds: ["cost"], weight: 0.1 },
  { kinds: ["feedback", "judge"], weight: 0.2 },
] as const satisfies readonly { readonly kinds: readonly Guardrail["kind"][]; readonly weight: number }[];

/** The check of the shares, and the guardrails of a policy, whose alphas add up to the policy's. */
export function guardsOf(policy: Policy, units: Units, board: Board): readonly Guard[] {
  const { guardrails, alpha, stages } = policy;
  const hasPairs = stages.some(({ shadowPercent }) => shadowPercent > 0);
  const weights = guardrails.map(({ kind }) => weightOf(kind, guardrails));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const guards = guardrails.map((guardrail, i) => {
    const share = (weights[i] ?? 0) / all;
    return guardOf(guardrail, { alpha: alpha * share, units, board, hasPairs });
  });
  return [new SampleRatioGuard({ alpha: alpha * SAMPLE_RATIO_WEIGHT, units, board, hasPairs }), ...guards];
}

function weightOf(kind: Guardrail["kind"], guardrails: readonly Guardrail[]): number {
  const group = GROUPS.find(({ kinds }) => kinds.some((one) => one === kind));
  if (group === undefined) return 0;
  const members = guardrails.filter((guardrail) => group.kinds.some((one) => one === guardrail.kind));
  return group.weight / members.length;
}

function guardOf(guardrail: Guardrail, settings: GuardSettings): Guard {
  switch (guardrail.kind) {
    case "errors":
      return new ErrorsGuard(guardrail.ratio, settings);
    case "validity":
      return new ValidityGuard(guardrail.ratio, settings);
    case "latency":
      return new LatencyGuard(guardrail.margin, settings);
    case "first_token":
      return new FirstTokenGuard(guardrail.margin, settings);
    case "cost":
      return new CostGuard(guardrail.margin, settings);
    case "feedback":
      return new FeedbackGuard(guardrail, settings);
    case "judge":
      return new JudgeGuard(guardrail.margin, settings);
  }
}
