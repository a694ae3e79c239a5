import { count, rounded, timeOf } from "../reports/words.ts";
import { answeredText, comparedText, intervalText } from "../tuning/evaluation-words.ts";
import {
  isEnded,
  type JobEvaluation,
  type JobProblem,
  type JournalEntry,
  type TuningJob,
} from "../tuning/job.ts";
import { leftBehind } from "../tuning/left-behind.ts";
import { costText, providerText, shareText, stepText } from "../tuning/words.ts";
import { type Fact, factLines } from "./fact-lines.ts";
import { lossChart } from "./loss-chart.ts";
import { plainLine, plainText } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

const CHART = { width: 70, height: 10 } as const;

/** A job for people: its facts line by line, its losses, what went wrong, its journal and what it proposes. */
export function jobText(job: TuningJob, colour: boolean): string {
  const { losses, problem, journal, evaluation, proposal } = job;
  return [
    ...factLines(factsOf(job)),
    ...section("loss", lossChart(losses, { ...CHART, colour })),
    ...(problem === null ? [] : section("problem", problemLines(problem))),
    ...section("journal", journal.map(entryLine)),
    ...(evaluation === null ? [] : section("evaluation", [evaluationTable(evaluation).trimEnd()])),
    ...(proposal === null ? [] : section("proposed rollout", [plainText(proposal).trimEnd()])),
    "",
  ].join("\n");
}

function factsOf({
  id,
  created,
  updated,
  state,
  cancel_asked,
  spec,
  estimate,
  remote,
  registered,
}: TuningJob) {
  const facts: readonly (readonly [string, string | number | null])[] = [
    ["id", id],
    ["state", cancel_asked && !isEnded(state) ? `${state}; its end is asked for` : state],
    ["begun", timeOf(created)],
    ["changed", timeOf(updated)],
    ["route", spec.route],
    ["trained by", providerText(spec)],
    ["base model", spec.base_model],
    ["control", spec.control],
    ["model", spec.model],
    ["variant", registered ? `${spec.variant}, registered` : spec.variant],
    ["training rows", spec.training.rows],
    ["training file", `SHA-256 ${spec.training.sha256}`],
    ["validation rows", spec.validation?.rows ?? null],
    ["epochs", remote.epochs ?? spec.hyperparameters.n_epochs ?? `${estimate.epochs} as reckoned`],
    ["reckoned cost", costText(spec, estimate) ?? null],
    ["provider's job", remote.id],
    ["provider's status", remote.status],
    ["step", stepText(remote) ?? null],
    ["trained tokens", remote.trained_tokens === null ? null : rounded(remote.trained_tokens)],
    ["tuned model", remote.model],
    [
      "checkpoints",
      remote.checkpoints.map(({ model, step }) => `${model} (step ${step})`).join(", ") || null,
    ],
    ["deployment", remote.deployment],
    ["address", remote.address],
  ];
  return facts.flatMap(([name, value]): readonly Fact[] =>
    value === null ? [] : [[name, plainLine(String(value))]],
  );
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, "-".repeat(title.length), ...lines];
}

/** What happened and what to do, and what the provider itself said. */
function problemLines({ message, hint, state, status, code, raw }: JobProblem): readonly string[] {
  const marks = [
    ...(status === null ? [] : [`status ${status}`]),
    ...(code === null ? [] : [`code ${code}`]),
  ];
  const by = marks.length === 0 ? "" : ` (${plainLine(marks.join(", "))})`;
  return [
    `While ${state}: ${plainText(message)}`,
    ...(hint === null ? [] : [plainText(hint)]),
    ...(raw.trim() === "" ? [] : [`The provider said${by}: ${plainText(raw).trimEnd()}`]),
  ];
}

export function entryLine({ at, kind, message }: JournalEntry): string {
  return `${timeOf(at)}  ${kind === "problem" ? "PROBLEM: " : ""}${plainLine(message)}`;
}

/** How the tuned model did beside the control. */
function evaluationTable(evaluation: JobEvaluation): string {
  const { control, candidate } = evaluation;
  const rows = [control, candidate].map(({ input_tokens, ...side }) => [
    side.variant,
    shareText(side.exact),
    intervalText(side.interval),
    answeredText(side),
    input_tokens === null ? "unknown" : rounded(input_tokens),
  ]);
  const table = textTable(["variant", "exact", "95% interval", "answered", "tokens in"], rows, 1);
  const words = comparedText(evaluation);
  return words === "" ? table : `${table}\n${words}\n`;
}

/** What has come of a job that needs no more work, or no more of ours. */
export function resultText(job: TuningJob, evaluationPage: string | undefined): string {
  const { id, state, spec, problem, evaluation, proposal } = job;
  const why = problem === null ? [] : problemLines(problem);
  switch (state) {
    case "succeeded":
      return lines([
        `Job ${id} succeeded.`,
        ...evaluationLines(evaluation, evaluationPage),
        "",
        `Registered: model ${spec.model}, variant ${spec.variant}.`,
        ...(proposal === null
          ? ["Rules use it already: it answers from now on."]
          : ["To move traffic to it:", "", plainText(proposal).trimEnd()]),
      ]);
    case "manual":
      return lines([
        `Job ${id} waits for you.`,
        ...why,
        ...(evaluation === null ? [] : ["", ...evaluationLines(evaluation, evaluationPage)]),
        ...staysLines(job),
        ...waysOnByHand(job),
      ]);
    case "failed":
    case "cancelled":
      return lines([
        `Job ${id} ${state === "failed" ? "failed" : "is cancelled"}.`,
        ...why,
        ...staysLines(job),
      ]);
    case "uploading":
    case "creating":
    case "training":
    case "deploying":
    case "evaluating":
    case "registering":
      return lines([`Job ${id} is ${state}.`, ...why]);
  }
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}

function evaluationLines(evaluation: JobEvaluation | null, page: string | undefined): readonly string[] {
  if (evaluation === null) return ["It was not compared with the control."];
  return [
    `On ${count(evaluation.rows, "row")} that it was not trained on:`,
    "",
    evaluationTable(evaluation),
    ...(page === undefined ? [] : [`Answers side by side: ${page}`]),
  ];
}

/** What is at the provider. */
function staysLines(job: TuningJob): readonly string[] {
  const left = leftBehind(job).map(plainLine);
  return left.length === 0 ? [] : ["", `As of ${timeOf(job.updated)} UTC:`, ...left];
}

function waysOnByHand({ id, spec }: TuningJob): readonly string[] {
  return [
    "",
    `When that is seen to: crossover tune resume ${id}`,
    ...(spec.api === "huggingface" ? [`The training script: crossover tune script ${id}`] : []),
    `When the model answers: crossover tune register ${id} --address URL_OR_MODEL`,
  ];
}
