import { isUnknown, percentOf, positionOf, type Rollout, type Standings } from "../domain/rollout.ts";
import type { Variant } from "../domain/table.ts";
import { unpriced } from "../domain/usage.ts";
import { namesText } from "../reports/words.ts";
import { knownOf } from "./deed.ts";
import { laterSettings } from "./later-settings.ts";
import { isOpen, type Situation } from "./needs.ts";
import { waitsFor } from "./plan.ts";
import { NOTHING_KNOWN, type RolloutView, type Run } from "./run.ts";
import type { Led } from "./runs.ts";

const NOBODY = { requests: 0 } as const;

/** What a person reads of a rollout. @param dropped observations that could not be logged */
export function viewOf(
  rollout: Rollout,
  led: Led | undefined,
  standings: Standings,
  situation: Situation,
  dropped: number,
): RolloutView {
  const position = positionOf(rollout, standings);
  const common = {
    name: rollout.name,
    control: rollout.control.name,
    candidate: rollout.candidate.name,
    isKnown: !isUnknown(position),
    percent: percentOf(position.share),
    shadowPercent: percentOf(standings.get(rollout.name)?.shadowShare ?? 0),
    dropped,
    isBlind: situation.isBlind,
  };
  if (led?.run === undefined)
    return {
      ...common,
      ...NOTHING_KNOWN,
      run: undefined,
      sides: { control: NOBODY, candidate: NOBODY },
      waitsFor: [],
      notices: [],
    };
  const { run, followed } = led;
  const { monitor } = followed;
  return {
    ...common,
    ...knownOf(monitor, situation.now),
    control: run.control,
    candidate: run.candidate,
    run,
    sides: {
      control: { requests: monitor.counts.control },
      candidate: { requests: monitor.counts.candidate },
    },
    waitsFor: waitsFor(run, monitor, situation),
    notices: noticesOf(run, rollout),
  };
}

function noticesOf(run: Run, rollout: Rollout): readonly string[] {
  if (!isOpen(run)) return [];
  const later = laterSettings(run, rollout);
  return [
    ...(later.length === 0
      ? []
      : [`The configuration has other ${later.join(" and ")} than this run: they count at the next start.`]),
    ...withoutPrice(run, rollout),
  ];
}

/** What does nothing for want of a price. */
function withoutPrice(
  { policy, shadowPercent }: Run,
  { control, candidate, policy: now }: Rollout,
): readonly string[] {
  const namesOf = (...sides: readonly Variant[]): string =>
    namesText(unpriced(sides.map(({ model }) => model)));
  const costs = policy.guardrails.some(({ kind }) => kind === "cost") ? namesOf(control, candidate) : "";
  const shadow = shadowPercent > 0 && now.shadow.usdPerDay !== undefined ? namesOf(candidate) : "";
  return [
    ...(costs === "" ? [] : [`The guardrail \`cost\` sees nothing: there is no price of ${costs}.`]),
    ...(shadow === "" ? [] : [`Nothing is shadowed: \`shadow.usdPerDay\` needs the price of ${shadow}.`]),
  ];
}
