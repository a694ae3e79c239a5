import type { Step } from "./plan.ts";
import type { Run, Verdict } from "./run.ts";
import {
  advanced,
  allocated,
  type Changed,
  type Deed,
  marked,
  paused,
  promoted,
  rolledBack,
  stopped,
} from "./transitions.ts";

/** What a step makes of a run; without a change where it is nothing for the audit trail, undefined where it is to wait. */
export function taken(
  step: Step,
  run: Run,
  verdict: Verdict | undefined,
  deed: Deed,
): (Pick<Changed, "run"> & Partial<Changed>) | undefined {
  switch (step.kind) {
    case "wait":
      return undefined;
    case "mark":
      return { run: marked(run, step.readySince) };
    case "advance":
      return advanced(run, step.stage, step.ground, deed);
    case "promote":
      return promoted(run, step.ground, deed);
    case "weigh":
      return allocated(run, step.percent, deed);
    case "retire":
      return rolledBack(run, deed, { ground: "best_arm" });
    case "roll_back":
      return rolledBack(run, deed, { verdict });
    case "pause":
      return verdict === undefined ? paused(run, step.cause, deed) : stopped(run, step.cause, verdict, deed);
  }
}
