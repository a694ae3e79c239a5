import type { Answered, Tools } from "../comparison/answered.ts";
import { Comparison, type Query } from "../comparison/compare.ts";
import type { RowDocument, SummaryDocument } from "../comparison/document.ts";
import { comparisonPage } from "../comparison/page.ts";
import { comparedSet, storable } from "../comparison/stored.ts";
import type { Step, StepContext } from "./context.ts";
import type { JobEvaluation, TuningJob } from "./job.ts";
import { type Preview, previewed } from "./register-step.ts";
import { registrationOf } from "./registration.ts";
import type { Registration } from "./registry.ts";
import { ProviderProblem } from "./trainer.ts";
import { evaluated, stepped } from "./transitions.ts";
import { readRowsOf, sampled } from "./validation-rows.ts";
import { patiently } from "./wait.ts";

/** Compares the tuned model, bare, with the control on the validation split, and writes the result beside the job. */
export const evaluateStep: Step = async (context) => {
  const { job } = context;
  const preview = previewed(context, triedOut(registrationOf(job, context.access), job));
  if (job.spec.validation === null) {
    await context.update((current, now) =>
      evaluated(current, null, "There is no validation file: nothing is compared.", now),
    );
    return 0;
  }
  const queries = await queriesOf(context, preview, job.spec.validation.name);
  const tools = context.deps.comparing.tools(preview.table, job.spec.route);
  await requireAnswer(context, preview, tools, queries);
  const message = `Comparing ${preview.candidate.name} with ${preview.control.name} on ${queries.length} rows.`;
  await context.update((current, now) => stepped(current, message, now));
  const evaluation = await compare(context, preview, tools, queries);
  await context.update((current, now) =>
    evaluated(current, evaluation, `Compared on ${queries.length} rows.`, now),
  );
  return 0;
};

/** One that is to take a live variant's place is compared under another name. */
function triedOut(registration: Registration, { id, spec }: TuningJob): Registration {
  if (!spec.replaces) return registration;
  const name = `${spec.variant.slice(0, 40)}-${id}`;
  return { ...registration, variant: { name, fallback: spec.control }, replaces: false };
}

async function queriesOf(
  { job, deps, table }: StepContext,
  preview: Preview,
  file: string,
): Promise<readonly Query[]> {
  const rows = await readRowsOf(await deps.folders.open(job.id, file));
  return sampled(rows, table.tuning.evaluationRows, job.id).map((row) =>
    deps.comparing.queryOf(row, preview.table, job.spec.route),
  );
}

/** Something that was deployed a moment ago may take a while to answer, and nobody is to pay for the control until it does. */
async function requireAnswer(
  context: StepContext,
  { candidate }: Preview,
  tools: Tools,
  queries: readonly Query[],
): Promise<void> {
  const [first] = queries;
  if (first === undefined) throw noRows();
  const { outcome } = await tools.ask(first.request, candidate, context.endable);
  if (outcome.kind === "failure") throw silent(context, outcome);
}

async function compare(
  context: StepContext,
  { control, candidate, table }: Preview,
  tools: Tools,
  queries: readonly Query[],
): Promise<JobEvaluation> {
  const { job, deps } = context;
  const { concurrency } = table.compare;
  const variants = [control, candidate];
  const rows = await new Comparison({ variants, tools, concurrency }).set(queries, context.endable, () => {});
  requireAnswers(context, candidate.name, rows);
  const at = Date.now();
  const id = `${job.id}-evaluation`;
  const names = variants.map(({ name }) => name);
  const compared = comparedSet({ id, at, route: job.spec.route, variants: names }, rows);
  const { comparison, rows: stored } = storable(compared, queries, at, table.redaction.stored);
  // What it took to compare is not paid for again.
  await patiently(() => deps.store.saveComparison(comparison, stored), context.endable);
  const json = JSON.stringify({ ...compared.document, rows: compared.rows }, undefined, 2);
  await deps.folders.write(job.id, "evaluation.json", `${json}\n`);
  await deps.folders.write(job.id, "evaluation.html", comparisonPage(compared));
  const { summary } = compared.document;
  return {
    comparison: id,
    rows: rows.length,
    control: sideOf(summary, control.name),
    candidate: sideOf(summary, candidate.name),
  };
}

function sideOf({ variants, pairs }: SummaryDocument, name: string): JobEvaluation["control"] {
  const taken = variants.find(({ variant }) => variant === name);
  const pair = pairs.find(({ variant, against }) => variant === name && against === null);
  return {
    variant: name,
    exact: pair?.exact?.share ?? null,
    input_tokens: taken?.input_tokens?.mean ?? null,
  };
}

/** A model that never answered must not be registered. */
function requireAnswers(context: StepContext, candidate: string, rows: readonly RowDocument[]): void {
  const results = rows.flatMap((row) => row.results.filter(({ variant }) => variant === candidate));
  const [error] = results.flatMap((result) => result.error ?? []);
  if (error === undefined || results.some((result) => result.error === null)) return;
  const { status, code, message } = error;
  throw silent(context, { status, code: code ?? undefined, message });
}

/** Statuses that stay as they are, however often the same is sent. */
const LASTING: ReadonlySet<number> = new Set([400, 401, 403, 413, 422]);

function silent(
  { job }: StepContext,
  {
    status,
    code,
    message,
  }: Pick<Extract<Answered["outcome"], { kind: "failure" }>, "status" | "code" | "message">,
): ProviderProblem {
  return new ProviderProblem({
    message: `The tuned model does not answer at ${job.remote.address}: ${message} (${status}).`,
    hint: `See whether it answers at the provider. Then \`crossover tune register ${job.id} --address ADDRESS\`, where it is deployed by hand.`,
    status,
    code,
    raw: message,
    kind: LASTING.has(status) ? "final" : "temporary",
  });
}

function noRows(): ProviderProblem {
  return new ProviderProblem({ message: "The validation file has no rows.", raw: "", kind: "final" });
}
