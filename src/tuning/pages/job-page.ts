import { type Html, html } from "../../pages/html.ts";
import { lasting, NOTHING, percent, rounded, timeOf, usd } from "../../reports/words.ts";
import { answeredText, comparedText, intervalText } from "../evaluation-words.ts";
import {
  isEnded,
  type JobEvaluation,
  type JobFile,
  type JobProblem,
  type JobState,
  type JournalEntry,
  type TuningJob,
} from "../job.ts";
import { stayIn } from "../journal.ts";
import { leftBehind } from "../left-behind.ts";
import { costCell } from "../words.ts";
import { framed } from "./frame.ts";
import { lossChart } from "./loss-chart.ts";
import { removal } from "./removal.ts";

/** How often the page of an open job looks again. */
const REFRESH_SECONDS = 5;

/** What a job goes through, in this order. */
const STEPS = ["uploading", "creating", "training", "deploying", "evaluating", "registering"] as const;
type Step = (typeof STEPS)[number];

/** A job as a page: how far it is, its losses, what it was to take and what it took, and what came of it. */
export function jobPage(job: TuningJob, now: number): string {
  const { id, spec, state, problem, losses, evaluation, proposal, journal } = job;
  const body = html`<p class="quiet"><a href="../../../admin">Home</a> · <a href="../tuning-jobs?format=html">All jobs</a></p>
<h1>${spec.model}</h1>
<p class="quiet">Fine-tuning of ${spec.base_model} for the route ${spec.route}, by ${spec.provider}. Begun ${timeOf(job.created)} UTC. ${id}</p>
${spec.simulated ? html`<p class="bad">Simulated: the built-in simulator trains in the provider's place.</p>` : html``}
<ol class="steps">${stepsOf(job).map(({ name, mark }) => html`<li class="${mark}">${name}</li>`)}</ol>
${progress(job, now)}
${problem === null ? html`` : shownProblem(problem, state)}
${stays(job)}
${actions(job)}
${section("Loss", lossChart(losses))}
${section("What it takes", costs(job))}
${evaluation === null ? html`` : section("On the validation split", shownEvaluation(evaluation, job))}
${section("What comes out", outcome(job))}
${proposal === null ? html`` : section("Proposed rollout", html`<pre>${proposal}</pre>`)}
${section("Data", files(job))}
${section("What happened", shownJournal(journal))}`;
  const isOpen = !isEnded(state) && state !== "manual";
  return framed(`Fine-tuning ${spec.model}`, body, isOpen ? REFRESH_SECONDS : undefined);
}

function section(title: string, content: Html): Html {
  return content.text === "" ? content : html`<h2>${title}</h2>\n${content}`;
}

/** The steps, and for each whether it is done, under way or where it went wrong. */
function stepsOf({ state, spec, remote, problem, journal }: TuningJob) {
  const deploys = spec.api !== "openai" || remote.deployment !== null;
  const steps = STEPS.filter((step) => step !== "deploying" || deploys);
  const at = stepOf(state) ?? stepOf(problem?.state) ?? lastStep(journal);
  const place = state === "succeeded" ? steps.length : at === undefined ? -1 : steps.indexOf(at);
  const mark = state === "failed" || state === "manual" ? "bad" : state === "cancelled" ? "" : "now";
  const marked = steps.map((name, index) => ({
    name: String(name),
    mark: index < place ? "done" : index === place ? mark : "",
  }));
  const end = state === "failed" || state === "manual" ? "bad" : state === "succeeded" ? "done" : "";
  const isOpen = stepOf(state) !== undefined;
  return [...marked, ...(isOpen ? [] : [{ name: state === "manual" ? "waits for you" : state, mark: end }])];
}

function stepOf(state: JobState | undefined): Step | undefined {
  return STEPS.find((step) => step === state);
}

function lastStep(journal: readonly JournalEntry[]): Step | undefined {
  return stepOf(journal.findLast(({ state }) => stepOf(state) !== undefined)?.state);
}

function progress({ state, cancel_asked, remote }: TuningJob, now: number): Html {
  const { step, steps, status, estimated_finish: finish } = remote;
  const asked = cancel_asked && !isEnded(state) ? "Its end is asked for. " : "";
  if (state !== "training") return asked === "" ? html`` : html`<p>${asked}</p>`;
  const share = step !== null && steps !== null && steps > 0 ? Math.min(1, step / steps) : undefined;
  const facts = [
    share === undefined ? "" : `${Math.floor(share * 100)}%`,
    step === null ? "" : `step ${step}${steps === null ? "" : ` of ${steps}`}`,
    status === null ? "" : `the provider says ${status}`,
    finish === null || finish <= now ? "" : `about ${lasting((finish - now) / 1000)} left`,
  ];
  return html`${
    share === undefined
      ? html`<progress></progress>`
      : html`<progress max="1" value="${share.toFixed(4)}"></progress>`
  }<p>${asked}${facts.filter((fact) => fact !== "").join(" · ")}</p>`;
}

function shownProblem(
  { message, hint, status, code, raw, state: during }: JobProblem,
  state: JobState,
): Html {
  const marks = [status === null ? "" : `status ${status}`, code === null ? "" : `code ${code}`];
  const by = marks.filter((mark) => mark !== "").join(", ");
  return html`<div class="box ${state === "failed" ? "failed" : ""}"><p><strong>${message}</strong></p>
${hint === null ? html`` : html`<p>${hint}</p>`}
<p class="quiet">While ${during}.</p>
${raw.trim() === "" ? html`` : html`<details><summary>What the provider said${by === "" ? "" : ` (${by})`}</summary><pre>${raw}</pre></details>`}</div>`;
}

/** What is at the provider, of a job that nobody works on or that came to nothing. */
function stays(job: TuningJob): Html {
  const left =
    job.state === "manual" || job.state === "failed" || job.state === "cancelled" ? leftBehind(job) : [];
  return html`${
    left.length === 0
      ? html``
      : html`<p class="quiet">As of ${timeOf(job.updated)} UTC:</p>
`
  }${left.map(
    (line) => html`<p>${line}</p>
`,
  )}`;
}

function actions(job: TuningJob): Html {
  const { id, state, cancel_asked, spec, remote } = job;
  const waits = state === "manual";
  const resume = html`<form data-act="resume" data-job="${id}"><button>Go on where it was</button></form>
<form data-act="register" data-job="${id}" class="actions"><label>Where the model answers: an ft: id, a deployment, an endpoint's URL
<input name="address" required value="${remote.address ?? ""}"></label><button>Register ${spec.model}</button></form>`;
  const cancel = html`<form data-act="cancel" data-job="${id}"><button class="second">Cancel the job</button></form>`;
  const cancels = !isEnded(state) && (waits || !cancel_asked);
  const parts = [waits ? resume : html``, cancels ? cancel : html``, removal(job, id, "../tuning-jobs")];
  return html`<div class="actions">${parts}</div>`;
}

/** The estimate beside what was measured. */
function costs({ estimate, remote, spec, journal }: TuningJob): Html {
  const trained = remote.trained_tokens;
  const stay = stayIn("training", journal);
  const rate =
    estimate.usd === null || estimate.billed_tokens === 0 ? undefined : estimate.usd / estimate.billed_tokens;
  const paid = spec.simulated
    ? "nothing"
    : trained === null || rate === undefined
      ? NOTHING
      : usd(trained * rate);
  const rows = [
    ["Trained tokens", rounded(estimate.billed_tokens), trained === null ? NOTHING : rounded(trained)],
    ["Cost", costCell(spec, estimate), paid],
    [
      "Training time",
      estimate.seconds === null ? NOTHING : `about ${lasting(estimate.seconds)}`,
      stay === undefined ? NOTHING : lasting((stay.to - stay.from) / 1000),
    ],
    [
      "Epochs",
      rounded(estimate.epochs),
      String(remote.epochs ?? spec.hyperparameters.n_epochs ?? "the provider's choice"),
    ],
  ];
  return html`<div class="wide"><table class="stacked"><thead><tr><th></th><th class="number">estimated</th><th class="number">real</th></tr></thead>
<tbody>${rows.map(
    ([name = "", estimated = "", real = ""]) =>
      html`<tr><th scope="row">${name}</th><td class="number" data-head="estimated">${estimated}</td><td class="number" data-head="real">${real}</td></tr>\n`,
  )}</tbody></table></div>
<p class="quiet">${estimate.basis}</p>`;
}

function shownEvaluation(evaluation: JobEvaluation, { spec }: TuningJob): Html {
  const { comparison, rows, control, candidate } = evaluation;
  const shown = [
    { ...candidate, what: "tuned, the bare query" },
    { ...control, what: "the prompt and the base model" },
  ];
  return html`<div class="wide"><table class="stacked"><thead><tr><th>variant</th><th></th><th class="number">equal answers</th><th class="number">95% interval</th><th class="number">answered</th><th class="number">tokens in</th></tr></thead>
<tbody>${shown.map(
    ({ what, input_tokens, ...side }) =>
      html`<tr><td>${side.variant}</td><td class="quiet">${what}</td><td class="number" data-head="equal answers">${side.exact === null ? NOTHING : percent(side.exact)}</td><td class="number" data-head="95% interval">${intervalText(side.interval)}</td><td class="number" data-head="answered">${answeredText(side)}</td><td class="number" data-head="tokens in">${input_tokens === null ? NOTHING : rounded(input_tokens)}</td></tr>\n`,
  )}</tbody></table></div>
<p>${comparedText(evaluation)}</p>
<p class="quiet">${rounded(rows)} rows that ${spec.model} was not trained on. <a href="../comparisons/${encodeURIComponent(comparison)}.html">The answers side by side</a></p>`;
}

function outcome({ spec, remote, registered }: TuningJob): Html {
  const facts: readonly (readonly [string, string | null])[] = [
    ["Model", spec.model],
    ["Variant", `${spec.variant}${registered ? ", registered" : ", not registered yet"}`],
    ["Compared with", spec.control],
    ["The provider's job", remote.id],
    ["Its model", remote.model],
    ["Deployment", remote.deployment],
    ["Address", remote.address],
    [
      "Checkpoints",
      remote.checkpoints.map(({ model, step }) => `${model} (step ${step})`).join(", ") || null,
    ],
  ];
  return html`<div class="wide"><table class="facts"><tbody>${facts.map(([name, value]) =>
    value === null ? html`` : html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`,
  )}</tbody></table></div>`;
}

function files({ spec }: TuningJob): Html {
  const shown = [spec.training, spec.validation].filter((file): file is JobFile => file !== null);
  return html`<div class="wide"><table class="stacked"><thead><tr><th>file</th><th class="number">rows</th><th class="number">tokens</th><th>SHA-256</th></tr></thead>
<tbody>${shown.map(
    ({ name, rows, tokens, sha256 }) =>
      html`<tr><td>${name}</td><td class="number" data-head="rows">${rounded(rows)}</td><td class="number" data-head="tokens">${rounded(tokens)}</td><td data-head="SHA-256"><code title="${sha256}">${sha256.slice(0, 12)}…</code></td></tr>\n`,
  )}</tbody></table></div>`;
}

/** The latest first. */
function shownJournal(journal: readonly JournalEntry[]): Html {
  if (journal.length === 0) return html``;
  return html`<div class="wide"><table class="stacked"><tbody>${journal
    .toReversed()
    .map(
      ({ at, state, kind, message }) =>
        html`<tr><td class="time quiet">${timeOf(at)}</td><td class="quiet">${kind === "event" ? "provider" : state}</td><td class="text ${kind === "problem" ? "bad" : ""}">${message}</td></tr>\n`,
    )}</tbody></table></div>`;
}
