import type { Standings } from "../../domain/rollout.ts";
import type { Route, Rule, Table, Use, Variant } from "../../domain/table.ts";
import { type Html, html } from "../../pages/html.ts";
import { percent, timeOf } from "../../reports/words.ts";
import { everyArm } from "../../routing/choose.ts";
import type { StoredComparison } from "../../store/store.ts";
import type { TuningJob } from "../job.ts";
import { framed } from "./frame.ts";
import { jobTable } from "./job-table.ts";

/** What is at hand for whoever runs the gateway. */
export interface Overview {
  readonly table: Pick<Table, "version" | "routes" | "notices">;
  readonly standings: Standings;
  /** Is there a newer configuration that can't be used? */
  readonly stale: boolean;
  /** What the store keeps; undefined where there is none, a text where it does not answer. */
  readonly kept: Kept | string | undefined;
  /** Can rollouts be started here, so that they have pages? */
  readonly startsRollouts: boolean;
}

export interface Kept {
  /** Fine-tuning jobs that have not ended; undefined where no model is trained from. */
  readonly jobs: readonly TuningJob[] | undefined;
  /** The latest. */
  readonly comparisons: readonly StoredComparison[];
}

/** Where the admin pages begin: who gets what, what is under way, and where to look further. */
export function homePage({ table, standings, stale, kept, startsRollouts }: Overview): string {
  const { version, routes, notices } = table;
  const hints = [
    ...(stale
      ? ["The configuration was changed, and can't be used so: the one before is in force. The log says why."]
      : []),
    ...notices,
    ...(typeof kept === "string" ? [kept] : []),
  ];
  return framed(
    "Crossover",
    html`<h1>Crossover</h1>
<p class="quiet">Configuration ${version}</p>
${hints.map((hint) => html`<p class="box">${hint}</p>\n`)}${links(kept, startsRollouts)}
<h2>Who gets what</h2>
${routes.size === 0 ? html`<p class="quiet">The configuration has no routes.</p>` : routeTable([...routes.values()], standings, startsRollouts)}
${kept === undefined || typeof kept === "string" ? html`` : html`${openJobs(kept)}${comparisons(kept)}`}`,
  );
}

function links(kept: Overview["kept"], startsRollouts: boolean): Html {
  const trains = typeof kept === "object" && kept.jobs !== undefined;
  const pages = trains
    ? html`<li><a href="admin/api/tuning-jobs?format=html">Fine-tuning</a> <span class="quiet">begin a job, follow it</span></li>
<li><a href="admin/api/deployments?format=html">Deployments</a> <span class="quiet">what they cost, who uses them</span></li>
`
    : html``;
  const data =
    kept === undefined ? ["config", "keys"] : ["config", "keys", "captures", "report", "comparisons"];
  const rollouts = html`<li><a href="admin/rollouts">Rollouts</a> <span class="quiet">weights, guardrails, promote, roll back</span></li>
`;
  return html`<ul class="links">
${pages}${startsRollouts ? rollouts : html``}<li><a href="openapi.json">The API</a> <span class="quiet">as OpenAPI describes it</span></li>
<li>JSON: ${data.map((name, index) => html`${index === 0 ? "" : ", "}<a href="admin/api/${name}">${name}</a>`)}</li>
</ul>`;
}

function routeTable(routes: readonly Route[], standings: Standings, startsRollouts: boolean): Html {
  return html`<div class="wide"><table class="stacked">
<thead><tr><th>route</th><th>rule</th><th>for requests with</th><th class="number">share</th><th>variant</th><th></th><th>model</th></tr></thead>
${routes.map(
  (route) => html`<tbody>${route.rules.map((rule, index) =>
    ruleRows(rule, index > 0 ? undefined : route, standings, startsRollouts),
  )}</tbody>
`,
)}</table></div>`;
}

/** @param route for its first rule alone */
function ruleRows(
  { name, when, use }: Rule,
  route: Route | undefined,
  standings: Standings,
  startsRollouts: boolean,
): Html {
  const others = html`<span class="quiet">all${route === undefined ? " others" : ""}</span>`;
  const condition = when === undefined ? others : html`<code>${when.source}</code>`;
  const first = [
    html`${route === undefined ? "" : titleOf(route)}`,
    html`${name}${startsRollouts ? rolloutLink(use) : ""}`,
    condition,
  ];
  return html`${everyArm(use, standings).map(({ variant, share }, index) => {
    const { upstreamModel, provider, simulated } = variant.model;
    const [title = "", rule = "", requests = ""] = index > 0 ? [] : first;
    return html`<tr><td>${title}</td><td>${rule}</td><td class="text">${requests}</td><td class="number">${percent(share)}</td><td>${variant.name}</td><td class="quiet">${kindOf(variant)}</td><td>${upstreamModel} <span class="quiet">${provider}${simulated ? ", simulated" : ""}</span></td></tr>\n`;
  })}`;
}

function rolloutLink(use: Use): Html {
  if (use.kind !== "rollout") return html``;
  const { name } = use.rollout;
  return html`<br><a class="quiet" href="admin/rollouts/${encodeURIComponent(name)}">rollout ${name}</a>`;
}

function titleOf({ name, description }: Route): Html {
  return html`<strong>${name}</strong>${description === undefined ? "" : html`<br><span class="quiet">${description}</span>`}`;
}

function kindOf({ prompt, model }: Variant): string {
  const tuned = model.fineTuned ? ["tuned"] : [];
  const prompted = prompt === undefined ? [] : ["prompted"];
  return [...tuned, ...prompted].join(" and ") || "the bare query";
}

function openJobs({ jobs }: Kept): Html {
  if (jobs === undefined) return html``;
  return html`<h2>Fine-tuning under way</h2>
${jobs.length === 0 ? html`<p class="quiet">No job is open.</p>` : jobTable(jobs, "admin/api/")}`;
}

function comparisons({ comparisons: latest }: Kept): Html {
  if (latest.length === 0) return html``;
  return html`<h2>Latest comparisons</h2>
<div class="wide"><table class="stacked"><thead><tr><th>variants</th><th>route</th><th>made (UTC)</th></tr></thead>
<tbody>${latest.map(
    ({ id, at, route, variants }) =>
      html`<tr><td><a href="admin/api/comparisons/${encodeURIComponent(id)}.html">${variants.join(", ")}</a></td><td data-head="route">${route ?? ""}</td><td class="time">${timeOf(at)}</td></tr>\n`,
  )}</tbody></table></div>`;
}
