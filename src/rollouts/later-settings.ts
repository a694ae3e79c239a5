import type { Policy, Rollout } from "../domain/rollout.ts";
import { isOpen } from "./needs.ts";
import type { Run } from "./run.ts";

/** What a run keeps as it was when it began, and on which its verdict does not rest. */
const KEPT: Readonly<Record<string, (policy: Policy) => unknown>> = {
  stages: ({ stages }) =>
    stages.map((one) => [one.percent, one.shadowPercent, one.minRequests, one.minMs, one.soakMs, one.proof]),
  onSuccess: ({ onSuccess }) => onSuccess,
  onFailure: ({ onFailure }) => onFailure,
};

/** Keys of the configuration that are others than those of a run that goes on: they count at the next start. */
export function laterSettings(run: Run, { policy }: Pick<Rollout, "policy">): readonly string[] {
  if (!isOpen(run)) return [];
  return Object.entries(KEPT).flatMap(([key, of]) =>
    JSON.stringify(of(run.policy)) === JSON.stringify(of(policy)) ? [] : [key],
  );
}
