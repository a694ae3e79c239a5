import { html } from "../../pages/html.ts";
import { rounded } from "../../reports/words.ts";
import type { RolloutDocument } from "../document.ts";
import { guardrailText, nearness } from "../words/evidence.ts";
import { stateText, warningsOf } from "../words/run.ts";
import { percentText } from "../words/units.ts";
import { weightBar } from "./bars.ts";
import { framed } from "./frame.ts";

/** All rollouts, each with its weight and how near it is to an alarm. */
export function rolloutsPage(rollouts: readonly RolloutDocument[]): string {
  return framed(
    "Rollouts",
    html`<p class="quiet"><a href="../admin">Home</a></p>
<h1>Rollouts</h1>
<p class="quiet">Moves of traffic from one variant to another, judged as it goes.</p>
<section id="all" data-live>
${
  rollouts.length === 0
    ? html`<p class="box">The configuration has none. They are made under <code>rollouts</code>, and a rule uses one.</p>`
    : html`<div class="wide"><table class="stacked">
<thead><tr><th>rollout</th><th>state</th><th class="number">weight</th><th></th><th class="number">requests</th><th>nearest alarm</th></tr></thead>
<tbody>${rollouts.map(row)}</tbody></table></div>`
}
</section>`,
  );
}

function row(rollout: RolloutDocument) {
  const { name, state, control, candidate, sides } = rollout;
  const isBad = state === "rolled_back" || state === "paused" || rollout.blind;
  const tone = isBad ? "bad" : state === "promoted" ? "good" : "";
  const warnings = rollout.blind || rollout.dropped > 0 ? warningsOf(rollout).slice(0, 1) : [];
  return html`<tr><td class="name"><a href="rollouts/${encodeURIComponent(name)}">${name}</a><br><span class="quiet">${control} → ${candidate}</span></td><td class="text ${tone}">${stateText(rollout)}${warnings.map((warning) => html`<br><span class="bad">${warning}</span>`)}</td><td class="number" data-head="weight">${percentText(rollout.percent)}</td><td class="narrow">${weightBar(rollout)}</td><td class="number" data-head="requests of the candidate">${rounded(sides.candidate.requests)}</td><td data-head="nearest alarm">${nearest(rollout)}</td></tr>\n`;
}

function nearest({ evidence }: RolloutDocument): string {
  const [first, ...rest] = evidence;
  if (first === undefined) return "";
  const worst = rest.reduce((one, other) => (other.of_threshold > one.of_threshold ? other : one), first);
  return worst.of_threshold <= 0
    ? "nothing speaks for one"
    : `${guardrailText(worst.guardrail)}, ${nearness(worst)} of the threshold`;
}
