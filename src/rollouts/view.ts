import { percentOf, positionOf, type Rollout, type Standings } from "../domain/rollout.ts";
import type { Situation } from "./needs.ts";
import { waitsFor } from "./plan.ts";
import type { RolloutView } from "./run.ts";
import type { Led } from "./runs.ts";

const DAY_MS = 86_400_000;
const NOBODY = { requests: 0, keys: undefined } as const;

/** What a person reads of a rollout. @param dropped observations that could not be logged */
export function viewOf(
  rollout: Rollout,
  led: Led | undefined,
  standings: Standings,
  situation: Situation,
  dropped: number,
): RolloutView {
  const common = {
    name: rollout.name,
    control: rollout.control.name,
    candidate: rollout.candidate.name,
    percent: percentOf(positionOf(rollout, standings).share),
    shadowPercent: percentOf(standings.get(rollout.name)?.shadowShare ?? 0),
    dropped,
    isBlind: situation.isBlind,
  };
  if (led?.run === undefined)
    return {
      ...common,
      run: undefined,
      sides: { control: NOBODY, candidate: NOBODY },
      evidence: [],
      proof: undefined,
      pairs: undefined,
      adaptive: undefined,
      waitsFor: [],
    };
  const { run, followed } = led;
  const { monitor } = followed;
  return {
    ...common,
    control: run.control,
    candidate: run.candidate,
    run,
    sides: {
      control: { requests: monitor.counts.control, keys: undefined },
      candidate: { requests: monitor.counts.candidate, keys: undefined },
    },
    evidence: monitor.evidence(),
    proof: monitor.proof(),
    pairs: monitor.pairs(Math.floor(situation.now / DAY_MS)),
    adaptive: monitor.adaptive(),
    waitsFor: waitsFor(run, monitor, situation),
  };
}
