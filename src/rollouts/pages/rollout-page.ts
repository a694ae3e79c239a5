import { type Html, html } from "../../pages/html.ts";
import { rounded, timeOf } from "../../reports/words.ts";
import type {
  AdaptiveDocument,
  ChangeDocument,
  EvidenceDocument,
  PairsDocument,
  ProofDocument,
  RolloutDocument,
  RunDocument,
} from "../document.ts";
import { alarmText, guardrailRows, guardrailText, PAIRS_HEAD, restsOn, sideText } from "../words/evidence.ts";
import { adaptiveText, agreementText, pairRows, proofText, shadowCostText } from "../words/known.ts";
import {
  changeText,
  judgingEnd,
  passedStages,
  passedText,
  stageNeeds,
  stateText,
  stepsOf,
  warningsOf,
} from "../words/run.ts";
import { percentText, utc } from "../words/units.ts";
import { actions } from "./actions.ts";
import { evidenceBar, weightBar } from "./bars.ts";
import { framed } from "./frame.ts";

/**
 * A rollout as a page: who gets what, how near its guardrails are, what it waits for, and what was done to it.
 * @param changes newest first
 */
export function rolloutPage(rollout: RolloutDocument, changes: readonly ChangeDocument[]): string {
  const { name, control, candidate, run, evidence, proof, pairs, adaptive } = rollout;
  return framed(
    `Rollout ${name}`,
    html`<p class="quiet"><a href="../../admin">Home</a> · <a href="../rollouts">All rollouts</a></p>
<h1>${name}</h1>
<p class="quiet">From ${control} to ${candidate}.${run === null ? "" : ` Started ${utc(run.started_at)}. ${run.id}`}</p>
<section id="now" data-live>
${weightPart(rollout)}
${run === null ? notStarted(rollout) : html`${stages(run, changes)}${waiting(rollout)}`}
</section>
${actions(rollout)}
<section id="known" data-live>
${section("Guardrails", guardrails(evidence, judgingEnd(rollout, changes)))}
${section("Proof", proof === null ? html`` : shownProof(proof))}
${section("Adaptive weights", adaptive === null ? html`` : shownAdaptive(adaptive))}
${section("Same requests, both variants", pairs === null ? html`` : shownPairs(pairs))}
${section("What happened", trail(changes))}
</section>`,
  );
}

function section(title: string, content: Html): Html {
  return content.text === "" ? content : html`<h2>${title}</h2>\n${content}`;
}

function weightPart(rollout: RolloutDocument): Html {
  const { percent, shadow_percent, candidate, state, sides } = rollout;
  const tone = state === "rolled_back" || state === "paused" ? "bad" : state === "promoted" ? "good" : "";
  return html`<p class="percent">${percentText(percent)} <small class="quiet">to ${candidate}</small></p>
<p class="${tone}"><strong>${stateText(rollout)}</strong></p>
${weightBar(rollout)}
<p class="quiet">${rounded(sides.candidate.requests)} requests of the candidate, ${rounded(sides.control.requests)} of the control.${
    shadow_percent > 0
      ? ` ${percentText(shadow_percent)} of the control's requests are sent to the candidate too, once the client has its answer.`
      : ""
  }</p>
${warningsOf(rollout).map((warning) => html`<p class="box failed">${warning}</p>\n`)}`;
}

function notStarted({ state, control }: RolloutDocument): Html {
  if (state === "unknown")
    return html`<p class="box">Until the store has told where it stands, ${control} answers everybody.</p>`;
  return html`<p class="box">It was never started: it stands at the stage that the configuration gives it, and nothing is judged.</p>`;
}

function stages(run: RunDocument, changes: readonly ChangeDocument[]): Html {
  const { state } = run;
  const end = state === "promoted" ? "done" : state === "rolled_back" ? "bad" : "";
  const passed = passedStages(changes, run.id).map(passedText);
  return html`<ol class="steps">${stepsOf(run.stages).map(
    (one, index) =>
      html`<li class="${markOf(run, index)}" title="${stageNeeds(one)}">${percentText(one.percent)}${one.shadow_percent > 0 ? html` <small>shadow ${percentText(one.shadow_percent)}</small>` : html``}</li>`,
  )}<li class="${end}">${state === "rolled_back" ? "rolled back" : "promoted"}</li></ol>
${passed.length === 0 ? html`` : html`<p class="quiet">${passed.join("; ")}.</p>`}`;
}

function markOf({ stage, state, by_hand }: RunDocument, index: number): string {
  switch (state) {
    case "promoted":
      return "done";
    case "rolled_back":
      return index < stage ? "done" : index === stage ? "bad" : "";
    case "running":
    case "paused":
      if (index === stage) return by_hand ? "" : "now";
      return index < stage ? "done" : "";
  }
}

function waiting({ state, waits_for, run }: RolloutDocument): Html {
  if (state !== "running" && state !== "paused") return html``;
  const ready =
    run?.ready_since == null ? html`` : html`<p>It has all that it needs since ${utc(run.ready_since)}.</p>`;
  return html`<h2>The next stage waits for</h2>
${ready}${
  waits_for.length === 0
    ? html`<p class="quiet">Nothing.</p>`
    : html`<ul class="plain">${waits_for.map((what) => html`<li>${what}</li>`)}</ul>`
}`;
}

/** @param end of judging, in words */
function guardrails(evidence: readonly EvidenceDocument[], end: string | undefined): Html {
  if (evidence.length === 0) return html``;
  const { rows, hasPairs } = guardrailRows(evidence);
  return html`<div class="wide"><table class="stacked">
<thead><tr><th>guardrail</th><th>evidence</th><th>candidate</th><th>control</th>${hasPairs ? html`<th>${PAIRS_HEAD}</th>` : html``}<th>allowed</th><th>would have been seen</th></tr></thead>
<tbody>${rows.map(
    ({ evidence: one, title, verdict, nearness, candidate, control, pairs, allowed, reach }) =>
      html`<tr><td><strong>${title}</strong></td><td class="evidence">${evidenceBar(one)}<span class="${one.crossed ? "bad" : "quiet"}">${verdict}, ${nearness}</span></td><td data-head="candidate">${candidate}</td><td data-head="control">${control}</td>${hasPairs ? html`<td data-head="${PAIRS_HEAD}">${pairs}</td>` : html``}<td data-head="allowed">${allowed}</td><td class="text" data-head="would have been seen">${reach}</td></tr>\n`,
  )}</tbody></table></div>
${end === undefined ? html`` : html`<p><strong>${end}</strong></p>`}
<p class="quiet">Evidence that the candidate is worse than allowed: the end of a bar is the threshold, the line how near it ever was. Look as often as you like.</p>`;
}

function shownProof(proof: ProofDocument): Html {
  return html`<p class="${proof.proved ? "good" : ""}">${proofText(proof)}</p>
<p class="quiet">${sideText("errors", proof.candidate)} of the candidate's answers failed or can't be used, ${sideText("errors", proof.control)} of the control's.</p>`;
}

function shownAdaptive(adaptive: AdaptiveDocument): Html {
  return html`<p>${adaptiveText(adaptive)}</p>`;
}

function shownPairs(pairs: PairsDocument): Html {
  return html`<p>${agreementText(pairs)}.</p>
<div class="wide"><table><thead><tr><th></th><th class="number">control</th><th class="number">candidate</th></tr></thead>
<tbody>${pairRows(pairs).map(
    ([what, control, candidate]) =>
      html`<tr><th scope="row">${what}</th><td class="number">${control}</td><td class="number">${candidate}</td></tr>\n`,
  )}</tbody></table></div>
<p class="quiet">${shadowCostText(pairs)}</p>`;
}

function trail(changes: readonly ChangeDocument[]): Html {
  if (changes.length === 0) return html``;
  return html`<div class="wide"><table class="stacked"><thead><tr><th>when (UTC)</th><th>what</th><th>who</th><th>why</th></tr></thead>
<tbody>${changes.map(
    (change) =>
      html`<tr><td class="time quiet">${timeOf(change.at)}</td><td class="text ${change.verdict === null ? "" : "bad"}">${changeText(change)}</td><td data-head="by">${change.by}</td><td class="text">${change.reason ?? ""}${known(change)}</td></tr>\n`,
  )}</tbody></table></div>`;
}

/** What was known at that moment. */
function known({ evidence, proof, pairs, adaptive }: ChangeDocument): Html {
  if (evidence.length === 0) return html``;
  return html`<details><summary class="quiet">what was known</summary><ul class="plain">${evidence.map(
    (one) => html`<li>${guardrailText(one.guardrail)}: ${alarmText(one)}; ${restsOn(one)}</li>`,
  )}${[...(proof === null ? [] : [proofText(proof)]), ...(pairs === null ? [] : [`${agreementText(pairs)}.`]), ...(adaptive === null ? [] : [adaptiveText(adaptive)])].map((text) => html`<li>${text}</li>`)}</ul></details>`;
}
