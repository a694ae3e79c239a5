import { type Html, html } from "../../pages/html.ts";
import type { EvidenceDocument, RolloutDocument } from "../document.ts";
import { alarmText } from "../words/evidence.ts";
import { percentText } from "../words/units.ts";

/** From here on a person should look. */
const WARM = 0.5;

/** The candidate's share of the traffic, with a line at each stage. */
export function weightBar({ percent: weight, state, run }: RolloutDocument): Html {
  const stages = run?.stages ?? [];
  return html`<svg class="bar weight" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${percentText(weight)} to the candidate">
<rect class="track" width="100" height="10"/><rect class="fill ${state}" width="${weight}" height="10"/>
${stages
  .filter((stage) => stage.percent > 0 && stage.percent < 100)
  .map(
    (stage) =>
      html`<line class="tick" x1="${stage.percent}" x2="${stage.percent}" y1="0" y2="10"><title>Stage of ${percentText(stage.percent)}</title></line>`,
  )}
</svg>`;
}

/** How near a guardrail is to its threshold, which is the bar's end, and by a line how near it ever was. */
export function evidenceBar(evidence: EvidenceDocument): Html {
  const { of_threshold, log_peak, log_threshold, crossed } = evidence;
  const now = along(of_threshold);
  const peak = along((log_peak ?? 0) / log_threshold);
  const tone = crossed ? "crossed" : of_threshold >= WARM ? "warm" : "";
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${alarmText(evidence)}">
<rect class="track" width="100" height="10"/><rect class="fill ${tone}" width="${now}" height="10"/>
${peak > now ? html`<line class="peak" x1="${peak}" x2="${peak}" y1="0" y2="10"><title>At most ${percentText(peak)} of the threshold</title></line>` : html``}
</svg>`;
}

/** Of a bar, 0 to 100. */
function along(share: number): number {
  return Math.min(100, Math.max(0, Math.round(share * 1000) / 10));
}
