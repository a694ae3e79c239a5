import { count, NOTHING, percent, rounded, usd } from "../../reports/words.ts";
import type { AdaptiveDocument, PairsDocument, ProofDocument } from "../document.ts";
import { millisecondsText, pointsText, signedPoints } from "./units.ts";

/** What the command and the pages say alike of the proof, shadowed pairs and adaptive weights. */

/** How far the proof is that the candidate is no worse. */
export function proofText({ proved, margin, difference, more_needed, each }: ProofDocument): string {
  const bounds = `The candidate's share of failed or unusable answers minus the control's is between ${signedPoints(difference.low)} and ${signedPoints(difference.high)}.`;
  if (proved) return `Proved within ${pointsText(margin)}. ${bounds}`;
  const what = each === "key" ? "sticky key" : "request";
  const more =
    more_needed === null
      ? "As things are it likely never will be."
      : `It takes about ${count(more_needed, `more ${what}`)} of the candidate.`;
  return `Not proved within ${pointsText(margin)} yet. ${bounds} ${more}`;
}

/** What the adaptive allocation has learned. */
export function adaptiveText({ control, candidate, probability_better, best }: AdaptiveDocument): string {
  const meanOf = ({ count: all, mean }: AdaptiveDocument["control"]): string =>
    mean === null ? NOTHING : `${rounded(mean)} of ${rounded(all)}`;
  const known =
    best === null ? "Which is better is not known yet." : `The ${best} is known to be the better one.`;
  return `Mean reward: ${meanOf(candidate)} for the candidate, ${meanOf(control)} for the control. Probability that the candidate is better: ${percent(probability_better)}. ${known}`;
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
    ...(similarity === null ? [] : [`${percent(similarity)} alike on average`]),
    ...(same_tools === null ? [] : [`${percent(same_tools)} call the same tools`]),
    ...(wins + ties + losses === 0
      ? []
      : [
          `the judge found the candidate's answer better in ${rounded(wins)}, as good in ${rounded(ties)}, worse in ${rounded(losses)}`,
        ]),
  ];
  return [count(all, "pair"), ...shares].join("; ");
}

/** What it took to have the candidate answer too. What has no price adds nothing to it. */
export function shadowCostText({ spent_usd, spent_today_usd, candidate }: PairsDocument): string {
  if (candidate.cost_usd === null && spent_usd === 0)
    return "What shadowing cost is not known: no answer of the candidate has a known cost.";
  return `Shadowing cost ${usd(spent_usd)}, ${usd(spent_today_usd)} of it today (UTC).`;
}
