import { count, lasting } from "../../reports/words.ts";
import type {
  ChangeDocument,
  GroundDocument,
  ProofDocument,
  RolloutDocument,
  RunDocument,
} from "../document.ts";
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
      return run?.cause == null ? "paused" : `paused, ${CAUSES[run.cause]}`;
    case "promoted":
      return run?.promoted_on == null ? "promoted" : `promoted, ${groundText(run.promoted_on, undefined)}`;
    case "rolled_back":
      return run?.verdict == null
        ? "rolled back"
        : `rolled back: ${guardrailText(run.verdict.guardrail)} crossed`;
  }
}

const CAUSES: Readonly<Record<NonNullable<RunDocument["cause"]>, string>> = {
  person: "by a person",
  sample_ratio: "as requests reach the sides in other shares than they should",
  guardrail: "as a guardrail was crossed",
  configuration: "as the configuration has other variants or guardrails than it was started with",
};

/** `stage 2 of 5`; nobody counts from 0. */
function stageText({ stage, stages, by_hand }: RunDocument): string {
  return by_hand ? "with a weight set by hand" : `stage ${stage + 1} of ${stepsOf(stages).length}`;
}

/** The stages below 100 %: that one is the promotion. */
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

/** `0% → 1%, by crossover: no alarm` */
export function changeText({ action, from, to, ground, proof, verdict }: ChangeDocument): string {
  const moved =
    from.percent === to.percent
      ? `at ${percentText(to.percent)}`
      : `${percentText(from.percent)} → ${percentText(to.percent)}`;
  const why = [
    ...(ground === null || ground === "person" || action === "set-weight" ? [] : [groundText(ground, proof)]),
    ...(verdict === null ? [] : [`${guardrailText(verdict.guardrail)} crossed`]),
  ];
  return [`${action} ${moved}`, ...why].join(", ");
}

/** `no alarm`, `proved within 2 points`: on which ground a stage was passed. */
function groundText(ground: GroundDocument, proof: ProofDocument | null | undefined): string {
  switch (ground) {
    case "no_alarm":
      return "no alarm";
    case "proved":
      return proof == null ? "proved within the margin" : `proved within ${pointsText(proof.margin)}`;
    case "person":
      return "a person's word";
    case "best_arm":
      return "known to be the better one";
  }
}

/** The stages that were passed in a run, the oldest first, each with its ground. @param changes newest first */
export function passedStages(changes: readonly ChangeDocument[], run: string): readonly ChangeDocument[] {
  return changes
    .filter((change) => change.run === run && (change.action === "advance" || change.action === "promote"))
    .toReversed();
}

/** `1% → 5% on “no alarm”`: whether a stage was passed as nothing bad was seen, or as it was proved. */
export function passedText({ from, to, ground, proof }: ChangeDocument): string {
  const move = `${percentText(from.percent)} → ${percentText(to.percent)}`;
  return ground === null ? move : `${move} on “${groundText(ground, proof)}”`;
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
