import { count, lasting, NOTHING, percent, rounded, timeOf, usd } from "../reports/words.ts";
import type {
  AdaptiveDocument,
  ChangeDocument,
  EvidenceDocument,
  GroundDocument,
  PairsDocument,
  ProofDocument,
  RolloutDocument,
  RunDocument,
  SideEvidenceDocument,
  VerdictDocument,
} from "./document.ts";

/** What the command and the pages say alike. */

/** `5%`, `0.123%`. @param value 0 to 100 */
export function percentText(value: number): string {
  return `${rounded(value)}%`;
}

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

/** What crossed its threshold, and on what. */
export function verdictText({
  guardrail,
  observation,
  candidate_requests,
  evidence,
}: VerdictDocument): string {
  return `Crossed: ${guardrailText(guardrail)}, at observation ${rounded(observation)}, after ${count(candidate_requests, "request")} of the candidate: ${restsOn(evidence)}; allowed is ${evidence.allowed}.`;
}

/** The numbers that a guardrail's evidence rests on, of requests and of shadowed pairs. */
export function restsOn({ guardrail, control, candidate, pairs }: EvidenceDocument): string {
  const ofPairs = pairs === null || pairs.count === 0 ? [] : [pairsText(guardrail, pairs)];
  if (candidate.value === null && ofPairs.length > 0) return ofPairs.join();
  const sides = `${sideText(guardrail, candidate)} of the candidate beside ${sideText(guardrail, control)} of the control`;
  return [sides, ...ofPairs].join(", and ");
}

function pairsText(guardrail: string, pairs: NonNullable<EvidenceDocument["pairs"]>): string {
  const beside = `${rounded(pairs.candidate)} of ${count(pairs.count, "shadowed pair")} of the candidate beside ${rounded(pairs.control)} of the control`;
  switch (guardrail) {
    case "latency":
    case "first_token":
      return `${beside} took too long`;
    case "cost":
      return `the candidate was dearer than allowed in ${rounded(pairs.candidate)} of ${count(pairs.count, "shadowed pair")}`;
    default:
      return beside;
  }
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

/** `14 of 20, beside 0`: the candidate's shadowed pairs with an event, and the control's; nothing where none were seen. */
export function pairsCell({ pairs }: EvidenceDocument): string {
  return pairs === null || pairs.count === 0
    ? ""
    : `${rounded(pairs.candidate)} of ${rounded(pairs.count)}, beside ${rounded(pairs.control)}`;
}

/** `time to first token`, `feedback thumbs`. */
export function guardrailText(guardrail: string): string {
  const [kind = "", ...name] = guardrail.split(".");
  const title = Object.hasOwn(TITLES, kind) ? TITLES[kind] : undefined;
  return [title ?? kind, ...name].join(" ");
}

const TITLES: Readonly<Record<string, string>> = {
  errors: "errors",
  validity: "unusable answers",
  latency: "latency",
  first_token: "time to first token",
  cost: "cost",
  judge: "judge",
  feedback: "feedback",
  sample_ratio: "sample ratio",
};

/** `crossed` or `no alarm`, and how near it is. */
export function alarmText({ crossed, of_threshold }: EvidenceDocument): string {
  const word = verdictWord({ crossed });
  return crossed ? word : `${word}, ${nearness({ of_threshold })} of the threshold`;
}

export function verdictWord({ crossed }: Pick<EvidenceDocument, "crossed">): string {
  return crossed ? "crossed" : "no alarm";
}

/** How near a guardrail is to its threshold, as a share of it. */
export function nearness({ of_threshold }: Pick<EvidenceDocument, "of_threshold">): string {
  return percent(Math.max(0, of_threshold));
}

/** `1.4% of 650`, `812 ms of 640`, of the sample ratio `11 (4.72%)`, `–`. */
export function sideText(guardrail: string, { count: all, value }: SideEvidenceDocument): string {
  if (value === null) return NOTHING;
  const text = valueText(guardrail, value);
  return guardrail === "sample_ratio" ? `${rounded(all)} (${text})` : `${text} of ${rounded(all)}`;
}

function valueText(guardrail: string, value: number): string {
  switch (guardrail) {
    case "errors":
    case "validity":
    case "sample_ratio":
      return percentText(value * 100);
    case "latency":
    case "first_token":
      return millisecondsText(value);
    case "cost":
      return usd(value);
    default:
      return rounded(value);
  }
}

function millisecondsText(value: number): string {
  return `${rounded(value)} ms`;
}

/** What this guardrail would have shown by now, or what it takes to show anything; empty: it has no word of that, ever. */
export function reachText({ guardrail, sees, needed_requests }: EvidenceDocument): string {
  if (guardrail === "sample_ratio") return "";
  if (sees !== null) return sees;
  return needed_requests === null
    ? "nothing yet"
    : `nothing yet; it takes about ${count(needed_requests, "more request")} of the candidate`;
}

/** Of a percent of traffic `2 points`. @param margin a difference of shares */
function pointsText(margin: number): string {
  return count(Math.round(margin * 10_000) / 100, "point");
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

/** How far the proof is that the candidate is no worse. */
export function proofText({ proved, margin, difference, more_needed, each }: ProofDocument): string {
  const bounds = `The candidate's share of failed or unusable answers less the control's lies from ${signedPoints(difference.low)} to ${signedPoints(difference.high)}.`;
  if (proved) return `Proved within ${pointsText(margin)}. ${bounds}`;
  const what = each === "key" ? "sticky key" : "request";
  const more =
    more_needed === null
      ? "As things are it likely never will be."
      : `It takes about ${count(more_needed, `more ${what}`)} of the candidate.`;
  return `Not proved within ${pointsText(margin)} yet. ${bounds} ${more}`;
}

function signedPoints(share: number): string {
  const points = Math.round(share * 10_000) / 100;
  return `${points > 0 ? "+" : ""}${pointsText(share)}`;
}

/** What the adaptive allocation has learned. */
export function adaptiveText({ control, candidate, probability_better, best }: AdaptiveDocument): string {
  const means = [control, candidate].map(({ count: all, mean }) =>
    mean === null ? NOTHING : `${rounded(mean)} of ${rounded(all)}`,
  );
  const known =
    best === null ? "Which is better is not known yet." : `The ${best} is known to be the better one.`;
  return `Mean reward: ${means[1]} of the candidate, ${means[0]} of the control. That the candidate is better: ${percent(probability_better)}. ${known}`;
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

/** Rows of what pairs show: what, of the control, of the candidate. */
export function pairRows({
  control,
  candidate,
}: PairsDocument): readonly (readonly [string, string, string])[] {
  const row = (what: string, text: (side: PairsDocument["control"]) => string) =>
    [what, text(control), text(candidate)] as const;
  const known = (value: number | null, text: (value: number) => string): string =>
    value === null ? NOTHING : text(value);
  return [
    row("errors", ({ errors }) => rounded(errors)),
    row("unusable answers", ({ invalid }) => rounded(invalid)),
    row("latency, median", ({ latency_ms }) => known(latency_ms, millisecondsText)),
    row("first token, median", ({ first_token_ms }) => known(first_token_ms, millisecondsText)),
    row("cost, mean", ({ cost_usd }) => known(cost_usd, usd)),
    row("characters, mean", ({ length }) => known(length, rounded)),
  ];
}

/** How far the answers of pairs agree. */
export function agreementText({
  count: all,
  agreement,
  similarity,
  same_tools,
  judged,
}: PairsDocument): string {
  const { wins, ties, losses } = judged;
  const shares = [
    ...(agreement === null ? [] : [`${percent(agreement)} say the same`]),
    ...(similarity === null ? [] : [`${percent(similarity)} alike`]),
    ...(same_tools === null ? [] : [`${percent(same_tools)} call the same tools`]),
    ...(wins + ties + losses === 0
      ? []
      : [`the judge found the candidate's better ${wins} times, as good ${ties}, worse ${losses}`]),
  ];
  return [count(all, "pair"), ...shares].join("; ");
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

/** `2027-01-31 18:00:00 UTC` */
export function utc(at: number): string {
  return `${timeOf(at)} UTC`;
}
