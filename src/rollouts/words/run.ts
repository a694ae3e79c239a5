import { count, lasting } from "../../reports/words.ts";
import type { ChangeDocument, GroundDocument, RolloutDocument, RunDocument } from "../document.ts";
import { guardrailText, verdictText } from "./evidence.ts";
import { percentText, pointsText, utc } from "./units.ts";

/** What the command and the pages say alike of where a rollout stands, and what was done to it. */

/** `running, stage 2 of 5`, `paused by a person`. */
export function stateText({ state, run }: Pick<RolloutDocument, "state" | "run">): string {
  switch (state) {
    case "none":
      return "not started";
    case "unknown":
      return "not known";
    case "running":
      return run === null ? "running" : `running, ${stageText(run)}`;
    case "paused":
      return run?.cause == null ? "paused" : `paused${CAUSES[run.cause]}`;
    case "promoted":
      return run?.promoted_on == null ? "promoted" : `promoted${PROMOTED_ON[run.promoted_on]}`;
    case "rolled_back":
      return run?.verdict == null
        ? "rolled back"
        : `rolled back: ${guardrailText(run.verdict.guardrail)} crossed`;
  }
}

const CAUSES: Readonly<Record<NonNullable<RunDocument["cause"]>, string>> = {
  person: " by a person",
  sample_ratio: ", as requests reach the sides in other shares than they should",
  guardrail: ", as a guardrail was crossed",
  configuration: ", as the configuration has other variants or guardrails than it was started with",
};

const PROMOTED_ON: Readonly<Record<GroundDocument, string>> = {
  no_alarm: ", no alarm",
  proved: ", proved within the margin",
  person: " by hand",
  best_arm: ", known to be the better one",
};

/** `stage 2 of 5`; nobody counts from 0. */
function stageText({ stage, stages, by_hand }: RunDocument): string {
  return by_hand ? "with a weight set by hand" : `stage ${stage + 1} of ${stepsOf(stages).length}`;
}

/** The stages below 100%: that one is the promotion. */
export function stepsOf(stages: RunDocument["stages"]): RunDocument["stages"] {
  return stages.filter(({ percent: weight }) => weight < 100);
}

/** What a person has to know before anything else; empty: nothing. */
export function warningsOf({ blind, dropped, notices, run }: RolloutDocument): readonly string[] {
  return [
    ...(blind
      ? ["The store does not answer: the guardrails see nothing, and no weight grows until it does."]
      : []),
    ...(dropped > 0
      ? [`${count(dropped, "observation")} could not be kept, and count in no guardrail.`]
      : []),
    ...notices,
    ...(run?.verdict == null ? [] : [verdictText(run.verdict)]),
  ];
}

/** Since when the guardrails stand still; undefined: they do not. @param changes newest first */
export function judgingEnd({ run }: RolloutDocument, changes: readonly ChangeDocument[]): string | undefined {
  const isEnd = (state: ChangeDocument["to"]["state"]): boolean =>
    state === "promoted" || state === "rolled_back";
  if (run === null || !isEnd(run.state)) return undefined;
  // A promoted one may have been rolled back later.
  const end = changes.findLast((change) => change.run === run.id && isEnd(change.to.state));
  const how = (end?.to.state ?? run.state) === "promoted" ? "promoted" : "rolled back";
  return `Judging ended at ${utc(end?.at ?? run.changed_at)} (${how}).`;
}

/** `advance 1% → 5%, no alarm`, `pause at 5%`, `rollback 5% → 0%, errors crossed` */
export function changeText(change: ChangeDocument): string {
  const { action, from, to, verdict } = change;
  const ground = groundText(change);
  const moved =
    from.percent === to.percent
      ? `at ${percentText(to.percent)}`
      : `${percentText(from.percent)} → ${percentText(to.percent)}`;
  const why = [
    ...(ground === undefined ? [] : [ground]),
    ...(verdict === null ? [] : [`${guardrailText(verdict.guardrail)} crossed`]),
  ];
  return [`${action} ${moved}`, ...why].join(", ");
}

/** `no alarm`, `proved within 2 points`: the ground of a change. Undefined: it needed none, or a person made it. */
export function groundText({
  action,
  ground,
  proof,
}: Pick<ChangeDocument, "action" | "ground"> & Partial<Pick<ChangeDocument, "proof">>): string | undefined {
  switch (ground) {
    case null:
    case "person":
      return undefined;
    case "no_alarm":
      return "no alarm";
    case "proved":
      return proof == null ? "proved within the margin" : `proved within ${pointsText(proof.margin)}`;
    case "best_arm":
      if (action === "set-weight") return "adaptive weights";
      return `the ${action === "rollback" ? "control" : "candidate"} is known to be the better one`;
  }
}

/** The stages that were passed in a run, the oldest first, each with its ground. @param changes newest first */
export function passedStages(changes: readonly ChangeDocument[], run: string): readonly ChangeDocument[] {
  return changes
    .filter((change) => change.run === run && (change.action === "advance" || change.action === "promote"))
    .toReversed();
}

/** `1% → 5% on “no alarm”`, `5% → 100% by hand`: whether a stage was passed as nothing bad was seen, or as it was proved. */
export function passedText(change: ChangeDocument): string {
  const { from, to } = change;
  const ground = groundText(change);
  const move = `${percentText(from.percent)} → ${percentText(to.percent)}`;
  return ground === undefined ? `${move} by hand` : `${move} on “${ground}”`;
}

/** What stages ask for before the next, as `100 requests, 10 minutes, 5 minutes of soak, the proof`. */
export function stageNeeds({
  min_requests,
  min_seconds,
  soak_seconds,
  proof,
}: RunDocument["stages"][number]): string {
  return [
    count(min_requests, "request"),
    ...(min_seconds > 0 ? [lasting(min_seconds)] : []),
    ...(soak_seconds > 0 ? [`${lasting(soak_seconds)} of soak`] : []),
    ...(proof ? ["the proof"] : []),
  ].join(", ");
}
