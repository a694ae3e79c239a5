import type { Monitor, MonitorSpec } from "../../src/rollouts/monitor.ts";
import { plan } from "../../src/rollouts/plan.ts";
import { NOTHING_KNOWN, type Run } from "../../src/rollouts/run.ts";
import { advanced, allocated } from "../../src/rollouts/transitions.ts";

/** A run at its first stage, at time 0. */
export function startedRun({ policy, sticky }: MonitorSpec): Run {
  const [first] = policy.stages;
  return {
    id: "run",
    rollout: "rollout",
    revision: 1,
    startedAt: 0,
    changedAt: 0,
    state: "running",
    cause: undefined,
    control: "control",
    candidate: "candidate",
    fingerprint: "",
    policy,
    sticky,
    stage: 0,
    epoch: 0,
    percent: first?.percent ?? 0,
    shadowPercent: first?.shadowPercent ?? 0,
    byHand: false,
    stageSince: 0,
    readySince: undefined,
    verdict: undefined,
    promotedOn: undefined,
  };
}

/** After the next step, by growth alone: what ends a run the caller sees for itself. @param now in milliseconds */
export function stepped(run: Run, monitor: Monitor, now: number): Run {
  const facts = {
    alarm: undefined,
    stageCounts: monitor.stageCounts,
    proof: () => monitor.proof(),
    adaptive: () => monitor.adaptive(),
  };
  const step = plan(run, facts, { now, isBlind: false, fits: true });
  const deed = { id: "", at: now, by: "", ...NOTHING_KNOWN };
  switch (step.kind) {
    case "advance":
      return advanced(run, step.stage, step.ground, deed).run;
    case "weigh":
      return allocated(run, step.percent, deed).run;
    default:
      return run;
  }
}
