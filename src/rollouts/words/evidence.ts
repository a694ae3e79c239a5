import { count, NOTHING, percent, rounded, usd } from "../../reports/words.ts";
import type { EvidenceDocument, SideEvidenceDocument, VerdictDocument } from "../document.ts";
import { millisecondsText, percentText } from "./units.ts";

/** What the command and the pages say alike of guardrails. */

/** What crossed its threshold, and on what. */
export function verdictText({
  guardrail,
  observation,
  candidate_requests,
  evidence,
}: VerdictDocument): string {
  return `Crossed: ${guardrailText(guardrail)}, at observation ${rounded(observation)}, after ${count(candidate_requests, "request")} of the candidate: ${restsOn(evidence)}; allowed: ${evidence.allowed}.`;
}

/** The numbers that a guardrail's evidence rests on, of requests and of shadowed pairs. */
export function restsOn({ guardrail, control, candidate, pairs }: EvidenceDocument): string {
  const ofPairs = pairs === null || pairs.count === 0 ? [] : [pairsText(guardrail, pairs)];
  if (candidate.value === null && ofPairs.length > 0) return ofPairs.join();
  const sides = `${sideText(guardrail, candidate)} for the candidate beside ${sideText(guardrail, control)} for the control`;
  return [sides, ...ofPairs].join(", and ");
}

function pairsText(guardrail: string, pairs: NonNullable<EvidenceDocument["pairs"]>): string {
  const beside = `${rounded(pairs.candidate)} of ${count(pairs.count, "shadowed pair")} for the candidate beside ${rounded(pairs.control)} for the control`;
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

/** `14 of 20 (control 0)`: the candidate's shadowed pairs with an event, and the control's; nothing where none were seen. */
function pairsCell({ pairs }: EvidenceDocument): string {
  return pairs === null || pairs.count === 0
    ? ""
    : `${rounded(pairs.candidate)} of ${rounded(pairs.count)} (control ${rounded(pairs.control)})`;
}

/** `time to first token`, `feedback thumbs`. */
export function guardrailText(guardrail: string): string {
  const [, kind = guardrail, name] = /^([^.]*)\.(.*)$/s.exec(guardrail) ?? []; // feedback may have dots in its name
  const title = (Object.hasOwn(TITLES, kind) ? TITLES[kind] : undefined) ?? kind;
  return name === undefined ? title : `${title} ${name}`;
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

/** `crossed`, `nothing seen`, or `no alarm` and how near it is. */
export function alarmText(evidence: EvidenceDocument): string {
  const word = verdictWord(evidence);
  return word === NO_ALARM ? `${word}, ${nearness(evidence)} of the threshold` : word;
}

const NO_ALARM = "no alarm";

/** `crossed`, `no alarm`, or `nothing seen`: that there is no alarm then is no good news. */
function verdictWord({ crossed, control, candidate, pairs }: EvidenceDocument): string {
  if (crossed) return "crossed";
  const isBlank = control.value === null && candidate.value === null && (pairs?.count ?? 0) === 0;
  return isBlank ? "nothing seen" : NO_ALARM;
}

/** How near a guardrail is to its threshold, as a share of it. */
export function nearness({ of_threshold }: Pick<EvidenceDocument, "of_threshold">): string {
  return percent(Math.max(0, of_threshold));
}

/** `1.4% of 650`, `mean 812 ms of 640`, of the sample ratio `11 (4.72%)`, `–`. */
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
      return `mean ${millisecondsText(value)}`;
    case "cost":
      return `mean ${usd(value)}`;
    default:
      return `mean ${rounded(Math.abs(value) < TRACE ? 0 : value)}`;
  }
}

/** So little is what sums leave of their rounding. */
const TRACE = 1e-12;

/** What this guardrail would have shown by now, or what it takes to show anything; empty: it has no word of that, ever. */
function reachText({ guardrail, sees, needed_requests }: EvidenceDocument): string {
  if (guardrail === "sample_ratio") return "";
  if (sees !== null) return sees;
  return needed_requests === null
    ? "nothing yet"
    : `nothing yet; it takes about ${count(needed_requests, "more request")} of the candidate`;
}

/** A guardrail as a row of a table. */
export interface GuardrailCells {
  readonly title: string;
  /** `crossed`, `no alarm` or `nothing seen`. */
  readonly verdict: string;
  readonly nearness: string;
  readonly candidate: string;
  readonly control: string;
  readonly pairs: string;
  readonly allowed: string;
  /** The smallest fault that would have been seen. */
  readonly reach: string;
}

/** Guardrails as rows, and whether any of them judged shadowed pairs by events, so that their column is needed. */
export function guardrailRows(all: readonly EvidenceDocument[]): {
  readonly rows: readonly (GuardrailCells & { readonly evidence: EvidenceDocument })[];
  readonly hasPairs: boolean;
} {
  const rows = all.map((evidence) => ({
    evidence,
    title: guardrailText(evidence.guardrail),
    verdict: verdictWord(evidence),
    nearness: nearness(evidence),
    candidate: sideText(evidence.guardrail, evidence.candidate),
    control: sideText(evidence.guardrail, evidence.control),
    pairs: pairsCell(evidence),
    allowed: evidence.allowed,
    reach: reachText(evidence),
  }));
  return { rows, hasPairs: rows.some(({ pairs }) => pairs !== "") };
}

/** Heads the column of pairs. */
export const PAIRS_HEAD = "bad shadowed pairs";
