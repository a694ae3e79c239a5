import { type Html, html } from "../../pages/html.ts";
import type { RolloutDocument } from "../document.ts";
import { percentText } from "../words/units.ts";

interface Button {
  readonly action: "start" | "pause" | "resume" | "promote" | "rollback";
  readonly title: string;
  readonly question: string;
  readonly look: "" | "second" | "danger";
}

/** What can be done to a rollout in its state, each with a question before. */
export function actions(rollout: RolloutDocument): Html {
  const { name, state, percent } = rollout;
  if (state === "unknown")
    return html`<section id="actions" data-state="${state}"><h2>Actions</h2><p>Nothing can be done until the store answers.</p></section>`;
  const address = `../api/rollouts/${encodeURIComponent(name)}`;
  const isOpen = state === "running" || state === "paused";
  const buttons = buttonsOf(rollout).map(
    ({ action, title, question, look }) =>
      html`<button name="action" value="${action}" class="${look}" data-confirm="${question}">${title}</button>\n`,
  );
  return html`<section id="actions" data-state="${state}"><h2>Actions</h2>
<form data-act="change" data-rollout="${address}"><label>Why, for the record<input name="reason" maxlength="1000" autocomplete="off"></label>
<div class="actions">${buttons}</div></form>
${
  isOpen
    ? html`<form data-act="change" data-action="set-weight" data-rollout="${address}" class="actions">
<label>Weight by hand, in %<input name="percent" type="number" min="0" max="100" step="any" required value="${percent}"></label>
<label>Why, for the record<input name="reason" maxlength="1000" autocomplete="off"></label>
<button class="second" data-confirm="Set the candidate's share by hand? It does not grow until you resume, and a lower one sends users back to the control.">Set the weight</button></form>`
    : html``
}
</section>`;
}

function buttonsOf({ state, run, control, candidate, percent }: RolloutDocument): readonly Button[] {
  const start: Button = {
    action: "start",
    title: run === null ? "Start" : "Start anew",
    question: `Start ${run === null ? "the rollout" : "a new run, with new evidence"}? It begins at the first stage.${state === "promoted" ? ` Until then all go to ${candidate}: all but that stage's share return to ${control}.` : ""}`,
    look: "",
  };
  const promote: Button = {
    action: "promote",
    title: "Promote",
    question: `Send all traffic to ${candidate}, whatever the evidence says? It has ${percentText(percent)} now.`,
    look: "second",
  };
  const rollback: Button = {
    action: "rollback",
    title: "Roll back",
    question: `Send all traffic to ${control}? Users of ${candidate} return at once.`,
    look: "danger",
  };
  const pause: Button = {
    action: "pause",
    title: "Pause",
    question: "Hold the weight where it is?",
    look: run?.by_hand ? "second" : "",
  };
  const resume: Button = {
    action: "resume",
    title: "Resume",
    question: "Let the weight grow again? One that was lowered by hand goes back to its stage's.",
    look: "",
  };
  switch (state) {
    case "unknown":
      return [];
    case "none":
    case "rolled_back":
      return [start];
    case "running":
      return [...(run?.by_hand ? [resume] : []), pause, promote, rollback];
    case "paused":
      return [...(run?.verdict == null ? [resume] : []), promote, rollback]; // a verdict stands
    case "promoted":
      return [start, rollback];
  }
}
