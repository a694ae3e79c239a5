import type { DatasetReport } from "../../datasets/validate.ts";
import { type Html, html } from "../../pages/html.ts";
import { count, lasting, rounded, usd } from "../../reports/words.ts";
import type { TuningJob } from "../job.ts";
import { LIMITS } from "../limits.ts";
import type { TuningPlan } from "../tuning.ts";
import { costText, isBilledByToken, providerText, warningCounts } from "../words.ts";
import { framed } from "./frame.ts";
import { addressOf, jobTable } from "./job-table.ts";
import { removal } from "./removal.ts";

/** What a new job can be made of. */
export interface JobChoices {
  readonly routes: readonly string[];
  /** Providers that train, and whether the simulator plays them. */
  readonly providers: readonly { readonly name: string; readonly simulated: boolean }[];
}

/** All jobs, and the form that begins another. */
export function jobsPage(jobs: readonly TuningJob[], choices: JobChoices): string {
  return framed(
    "Fine-tuning",
    html`<p class="quiet"><a href="../../admin">Home</a></p>
<h1>Fine-tuning</h1>
<p class="quiet">From a data set to a variant that rules can route to. <a href="deployments?format=html">Deployments</a></p>
<h2>A new job</h2>
${newJob(choices)}
<section id="plan" aria-live="polite"></section>
<h2>Jobs</h2>
${jobs.length === 0 ? html`<p class="quiet">There is none yet.</p>` : jobTable(jobs, "", (job) => removal(job, addressOf(job), "tuning-jobs"))}`,
  );
}

function newJob({ routes, providers }: JobChoices): Html {
  if (providers.length === 0)
    return html`<p>No provider of the configuration trains models: add one of the kind openai, azure-openai, huggingface or simulator.</p>`;
  return html`<form id="question" data-act="question" class="fields">
<label>Route<select name="route" required>${routes.map((route) => html`<option>${route}</option>`)}</select></label>
<label>Data set on the gateway's machine<input name="dataset" required placeholder="a folder or a .jsonl file" autocomplete="off" spellcheck="false"></label>
<label>Provider<select name="provider"><option value="">the configuration's</option>${providers.map(
    ({ name, simulated }) => html`<option value="${name}">${name}${simulated ? ", simulated" : ""}</option>`,
  )}</select></label>
<label>Base model<input name="base_model" placeholder="the prompted variant's" autocomplete="off" spellcheck="false"></label>
<label>Variant to compare with<input name="control" placeholder="the route's first one with a prompt" autocomplete="off" spellcheck="false"></label>
<label>Epochs<input name="n_epochs" type="number" min="1" max="${LIMITS.epochs.schema.maxValue ?? ""}" placeholder="the provider chooses"></label>
<label>Suffix at the provider<input name="suffix" placeholder="none" autocomplete="off" spellcheck="false"></label>
<label>Name of the model here<input name="model" placeholder="made from the route's" autocomplete="off" spellcheck="false"></label>
<label>Name of the variant<input name="variant" placeholder="made from the route's" autocomplete="off" spellcheck="false"></label>
<p class="whole quiet">The model is measured on validation.jsonl of the data set's folder: a single file has none.</p>
<div class="whole"><button>Show the plan</button> <span class="quiet">Nothing is uploaded or paid for before you start it.</span></div>
</form>`;
}

/** What would be trained and what it would take, with the button that starts it: a part of the page of all jobs. */
export function planPart({ spec, estimate, reports, notes, earlier }: TuningPlan): string {
  const { training, validation } = spec;
  const facts: readonly (readonly [string, string])[] = [
    ["Trains", `${spec.base_model} at ${providerText(spec)}`],
    ["On", `${count(training.rows, "row")}, ${count(training.tokens, "token")}`],
    [
      "Measures on",
      validation === null ? "nothing: there is no validation file" : count(validation.rows, "row"),
    ],
    ["Makes", `the model ${spec.model} and the variant ${spec.variant}, beside ${spec.control}`],
    [
      isBilledByToken(spec) ? "Bills" : "Learns",
      `${count(estimate.billed_tokens, "token")} in ${count(estimate.epochs, "epoch")}`,
    ],
    ["Costs", costText(spec, estimate) ?? "not known"],
    ["Takes", estimate.seconds === null ? "not known" : `about ${lasting(estimate.seconds)}`],
  ];
  return html`<h2>The plan</h2>
<table class="facts"><tbody>${facts.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</tbody></table>
<p class="quiet">${estimate.basis}</p>
${notes.map((note) => html`<p class="box">${note}</p>`)}
${warnings("training file", reports.training)}${reports.validation === undefined ? html`` : warnings("validation file", reports.validation)}
${earlier.length === 0 ? html`` : html`<p class="box">The same was trained before, or is about to be:</p>${jobTable(earlier)}`}
<form data-act="start" data-force="${String(earlier.length > 0)}"><div class="actions"><button>${
    earlier.length > 0 ? "Train it once more" : "Start"
  }${estimate.usd === null || spec.simulated ? "" : ` for about ${usd(estimate.usd)}`}</button></div></form>
`.text;
}

/** How often each warning was told. */
function warnings(which: string, report: DatasetReport): Html {
  const told = warningCounts(report).map(([code, times]) => `${code} (${rounded(times)})`);
  return told.length === 0 ? html`` : html`<p class="box">Warnings on the ${which}: ${told.join(", ")}.</p>`;
}
