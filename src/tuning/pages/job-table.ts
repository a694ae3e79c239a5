import { type Html, html } from "../../pages/html.ts";
import { timeOf } from "../../reports/words.ts";
import type { JobState, TuningJob } from "../job.ts";
import { costCell } from "../words.ts";

/**
 * Jobs as a table.
 * @param api the address of the admin API, seen from the page
 * @param beside what stands beside a job
 */
export function jobTable(
  jobs: readonly TuningJob[],
  api = "",
  beside: (job: TuningJob) => Html = () => html``,
): Html {
  return html`<div class="wide"><table class="stacked">
<thead><tr><th>model</th><th>state</th><th>route</th><th>provider</th><th>begun (UTC)</th><th class="number">estimated</th><th></th></tr></thead>
<tbody>${jobs.map((job) => {
    const { spec, state, created, estimate } = job;
    return html`<tr><td><a href="${api}${addressOf(job)}.html">${spec.model}</a></td><td class="${toneOf(state)}">${state === "manual" ? "waits for you" : state}</td><td data-head="route">${spec.route}</td><td>${spec.provider}${spec.simulated ? ", simulated" : ""}</td><td class="time" data-head="begun">${timeOf(created)}</td><td class="number" data-head="estimated">${costCell(spec, estimate)}</td><td>${beside(job)}</td></tr>\n`;
  })}</tbody></table></div>`;
}

/** Within the admin API. */
export function addressOf({ id }: TuningJob): string {
  return `tuning-jobs/${encodeURIComponent(id)}`;
}

function toneOf(state: JobState): string {
  if (state === "succeeded") return "good";
  return state === "failed" || state === "manual" ? "bad" : "";
}
