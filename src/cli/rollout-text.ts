import { count, rounded, timeOf } from "../reports/words.ts";
import type {
  ChangeDocument,
  EvidenceDocument,
  PairsDocument,
  RolloutDocument,
} from "../rollouts/document.ts";
import { guardrailRows, PAIRS_HEAD } from "../rollouts/words/evidence.ts";
import { adaptiveText, agreementText, pairRows, proofText, shadowCostText } from "../rollouts/words/known.ts";
import {
  changeText,
  judgingEnd,
  passedStages,
  passedText,
  stateText,
  warningsOf,
} from "../rollouts/words/run.ts";
import { percentText, utc } from "../rollouts/words/units.ts";
import { factLines } from "./fact-lines.ts";
import { plainLine } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

/** All rollouts, a line for each. */
export function rolloutTable(rollouts: readonly RolloutDocument[]): string {
  const rows = rollouts.map((rollout) =>
    [
      rollout.name,
      stateText(rollout),
      rollout.control,
      rollout.candidate,
      percentText(rollout.percent),
      rounded(rollout.sides.candidate.requests),
    ].map(plainLine),
  );
  return textTable(["rollout", "state", "control", "candidate", "weight", "requests"], rows, 4);
}

/**
 * A rollout for people: where it stands, how near its guardrails are, what it waits for, and on which ground it came here.
 * @param changes newest first
 */
export function rolloutText(rollout: RolloutDocument, changes: readonly ChangeDocument[]): string {
  const { run, evidence, proof, pairs, adaptive } = rollout;
  const end = judgingEnd(rollout, changes);
  const passed = run === null ? [] : passedStages(changes, run.id);
  const lines = [
    ...factLines(factsOf(rollout).map(([name, value]) => [name, plainLine(value)])),
    ...warningsOf(rollout).map((warning) => `! ${plainLine(warning)}`),
    ...section(
      "guardrails",
      evidence.length === 0 ? [] : [guardrails(evidence), ...(end === undefined ? [] : [end])],
    ),
    ...section("smallest fault that would have been seen", smallestFaults(evidence)),
    ...section("proof", proof === null ? [] : [proofText(proof)]),
    ...section("adaptive weights", adaptive === null ? [] : [adaptiveText(adaptive)]),
    ...section("the same requests, both variants", pairs === null ? [] : pairLines(pairs)),
    ...section(
      "stages passed",
      passed.map((one) => `${timeOf(one.at)}  ${passedText(one)}`),
    ),
    ...section("the next stage waits for", waiting(rollout)),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function factsOf(rollout: RolloutDocument): readonly (readonly [string, string])[] {
  const { name, control, candidate, percent, shadow_percent, run, sides } = rollout;
  return [
    ["rollout", name],
    ["state", stateText(rollout)],
    ["weight", `${percentText(percent)} to ${candidate}`],
    ...(shadow_percent > 0
      ? ([["shadowed", `${percentText(shadow_percent)} of the control's requests`]] as const)
      : []),
    ["control", `${control}, ${count(sides.control.requests, "request")}`],
    ["candidate", `${candidate}, ${count(sides.candidate.requests, "request")}`],
    ...(run === null
      ? []
      : ([
          ["run", run.id],
          ["started", utc(run.started_at)],
          ["this stage since", utc(run.stage_since)],
          ...(run.ready_since === null ? [] : ([["ready since", utc(run.ready_since)]] as const)),
        ] as const)),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, "-".repeat(title.length), ...lines];
}

function guardrails(evidence: readonly EvidenceDocument[]): string {
  const { rows, hasPairs } = guardrailRows(evidence);
  const head = [
    "guardrail",
    "so far",
    "of threshold",
    "candidate",
    "control",
    ...(hasPairs ? [PAIRS_HEAD] : []),
    "allowed",
  ];
  const cells = rows.map(({ title, verdict, nearness, candidate, control, pairs, allowed }) =>
    [title, verdict, nearness, candidate, control, ...(hasPairs ? [pairs] : []), allowed].map(plainLine),
  );
  return textTable(head, cells, head.length).trimEnd();
}

function smallestFaults(evidence: readonly EvidenceDocument[]): readonly string[] {
  const known = guardrailRows(evidence).rows.filter(({ reach }) => reach !== "");
  if (known.length === 0) return [];
  return factLines(known.map(({ title, reach }) => [plainLine(title), plainLine(reach)]));
}

function pairLines(pairs: PairsDocument): readonly string[] {
  return [
    `${agreementText(pairs)}.`,
    textTable(["", "control", "candidate"], pairRows(pairs), 1).trimEnd(),
    shadowCostText(pairs),
  ];
}

function waiting({ state, waits_for }: RolloutDocument): readonly string[] {
  if (state !== "running" && state !== "paused") return [];
  return waits_for.length === 0 ? ["nothing"] : waits_for.map(plainLine);
}

/** An audit trail, a line for each change, and why. */
export function historyText(changes: readonly ChangeDocument[]): string {
  const rows = changes.map((change) =>
    [timeOf(change.at), changeText(change), change.by, change.reason ?? ""].map(plainLine),
  );
  const head = ["when (UTC)", "what", "who", "why"];
  return textTable(head, rows, head.length);
}
