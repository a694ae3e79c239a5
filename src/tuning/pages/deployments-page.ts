import { html } from "../../pages/html.ts";
import { NOTHING, rounded, timeOf, usd } from "../../reports/words.ts";
import type { DeploymentOverview } from "../tuning.ts";
import { framed } from "./frame.ts";

/** What answers at the providers, what it costs by the hour, and what of it nobody uses. */
export function deploymentsPage({ deployments, problems }: DeploymentOverview): string {
  const idle = deployments.filter((one) => one.idle).length;
  return framed(
    "Deployments",
    html`<p class="quiet"><a href="../../admin">Home</a> · <a href="tuning-jobs?format=html">All jobs</a></p>
<h1>Deployments</h1>
${idle === 0 ? html`` : html`<p class="box">${idle === 1 ? "One costs" : `${idle} cost`} by the hour, and had no request for a day.</p>`}
${problems.map(({ provider, message }) => html`<p class="box bad">${provider === undefined ? "" : `${provider}: `}${message}</p>\n`)}${
  deployments.length === 0
    ? html`<p class="quiet">There is none${problems.length === 0 ? "" : " that is known"}.</p>`
    : html`<div class="wide"><table class="stacked">
<thead><tr><th>name</th><th>provider</th><th>state</th><th>answers for</th><th class="number">capacity</th><th class="number">USD an hour</th><th>last used (UTC)</th></tr></thead>
<tbody>${deployments.map(
        (one) =>
          html`<tr><td>${one.name}</td><td>${one.provider}</td><td class="${one.phase === "failed" ? "bad" : ""}">${one.phase}${one.message === undefined ? "" : `: ${one.message}`}</td><td data-head="answers for">${one.models.join(", ") || NOTHING}</td><td class="number" data-head="capacity">${one.capacity === undefined ? NOTHING : rounded(one.capacity)}</td><td class="number" data-head="USD an hour">${one.hostingPerHour === undefined ? NOTHING : usd(one.hostingPerHour)}</td><td class="time ${one.idle ? "bad" : ""}" data-head="last used">${one.lastUsed === undefined ? NOTHING : timeOf(one.lastUsed)}${one.idle ? " idle" : ""}</td></tr>\n`,
      )}</tbody></table></div>`
}`,
  );
}
