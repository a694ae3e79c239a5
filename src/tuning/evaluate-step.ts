import type { Tools } from "../comparison/answered.ts";
import { Comparison, type Query } from "../comparison/compare.ts";
import { comparisonPage } from "../comparison/page.ts";
import { type Compared, comparedSet, storable } from "../comparison/stored.ts";
import { messageOf } from "../domain/errors.ts";
import { bare } from "../prompts/bare.ts";
import { percent } from "../reports/words.ts";
import { candidateAnswers, failuresIn, requireAnswer } from "./candidate-answers.ts";
import type { Step, StepContext } from "./context.ts";
import { comparisonOf, evaluationOf } from "./evaluation.ts";
import type { JobEvaluation, TuningJob } from "./job.ts";
import { type Preview, previewed } from "./register-step.ts";
import { hostingOf, registrationOf } from "./registration.ts";
import type { Registration } from "./registry.ts";
import { evaluated, stepped, troubled } from "./transitions.ts";
import { sampledRows, trainedRows } from "./validation-rows.ts";
import { patiently } from "./wait.ts";

/** A share of rows without an answer that is told as a problem. */
const MANY = 0.05;

/** Compares the tuned model, bare, with the control on the validation split, and writes the result beside the job. */
export const evaluateStep: Step = async (context) => {
  const { job } = context;
  const preview = previewed(context, triedOut(registrationOf(job, hostingOf(context.access)), job));
  const { validation } = job.spec;
  if (validation === null) {
    await context.update((current, now) =>
      evaluated(current, null, "There is no validation file: nothing is compared.", now),
    );
    return 0;
  }
  const files = { training: job.spec.training.name, validation: validation.name };
  const training = await fileOf(context, files.training);
  const file = await fileOf(context, files.validation);
  if (training === undefined || file === undefined) {
    const gone = training === undefined ? files.training : files.validation;
    const message = `The file ${gone} is gone from the job's folder: nothing is compared.`;
    await context.update((current, now) =>
      evaluated(troubled(current, message, now), null, "Nothing was compared.", now),
    );
    return 0;
  }
  const queries = await queriesOf(context, preview, { training, validation: file });
  if (queries.length === 0) {
    const message = "All rows of the validation file are trained on too: nothing is compared.";
    await context.update((current, now) => evaluated(current, null, message, now));
    return 0;
  }
  const tools = toolsFor(context, preview);
  await requireAnswer(context, preview.candidate, tools, queries);
  const message = `Comparing ${preview.candidate.name} with ${preview.control.name} on ${queries.length} rows.`;
  await context.update((current, now) => stepped(current, message, now));
  await compare(context, preview, tools, queries);
  return 0;
};

/** One that is to take a live variant's place is compared under another name. */
function triedOut(registration: Registration, { id, spec }: TuningJob): Registration {
  if (!spec.replaces) return registration;
  const name = `${spec.variant.slice(0, 40)}-${id}`;
  return { ...registration, variant: { name, fallback: spec.control }, replaces: false };
}

/** @returns undefined when it is gone. What was trained is not given up for it. */
async function fileOf({ job, deps }: StepContext, name: string): Promise<Blob | undefined> {
  try {
    return await deps.folders.open(job.id, name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Rows as the tuned model is going to be asked: without system messages. The control has its own; those of the file it was
 * given would come on top. Rows that were trained on are left out.
 */
async function queriesOf(
  { job, deps, table }: StepContext,
  { candidate, table: previewTable }: Preview,
  files: { readonly training: Blob; readonly validation: Blob },
): Promise<readonly Query[]> {
  const trained = await trainedRows(files.training);
  const rows = await sampledRows(files.validation, table.tuning.evaluationRows, job.id, trained);
  return rows.map((row) => {
    const query = deps.comparing.queryOf(row, previewTable, job.spec.route);
    return { ...query, request: bare(query.request, candidate.bare) };
  });
}

/** Each variant is asked by what its own table says. */
function toolsFor({ job, deps }: StepContext, { table, live, candidate }: Preview): Tools {
  const tuned = deps.comparing.tools(table, job.spec.route);
  const current = deps.comparing.tools(live, job.spec.route);
  return {
    ...current,
    ask: (request, variant, signal) =>
      (variant === candidate ? tuned : current).ask(request, variant, signal),
  };
}

/** The control is asked once the tuned model has answered, and only what that answered: what fails is not paid for twice. */
async function compare(
  context: StepContext,
  { control, candidate, table }: Preview,
  tools: Tools,
  queries: readonly Query[],
): Promise<void> {
  const { job, deps } = context;
  const answers = await candidateAnswers(context, candidate, tools, queries);
  const answered = queries.filter((query) => answers.get(query)?.outcome.kind === "answer");
  const known = new Map(answered.map((query) => [query.request, answers.get(query)]));
  const variants = [control, candidate];
  const comparison = new Comparison({
    variants,
    tools: {
      ...tools,
      ask: async (request, variant, signal) =>
        (variant === candidate ? known.get(request) : undefined) ?? tools.ask(request, variant, signal),
    },
    concurrency: table.compare.concurrency,
  });
  const rows = await comparison.set(answered, context.endable, () => {});
  const at = Date.now();
  const id = comparisonOf(job.id);
  const names = variants.map(({ name }) => name);
  const compared = comparedSet({ id, at, route: job.spec.route, variants: names }, rows);
  const stored = storable(compared, answered, at, table.redaction.stored);
  // What it took to compare is not paid for again.
  await patiently(() => deps.store.saveComparison(stored.comparison, stored.rows), context.endable);
  const evaluation = evaluationOf({
    comparison: id,
    control: control.name,
    candidate: candidate.name,
    queries: queries.length,
    rows,
  });
  const [example] = failuresIn(answers);
  const problems = unanswered(evaluation, example?.message).map(context.redact);
  await context.update((current, now) =>
    evaluated(
      problems.reduce((changed, problem) => troubled(changed, problem, now), current),
      evaluation,
      `Compared on ${evaluation.compared} rows.`,
      now,
    ),
  );
  await writePages(context, compared);
}

/** Which of the two left many rows without an answer. @param example why the tuned model did */
function unanswered({ control, candidate }: JobEvaluation, example: string | undefined): readonly string[] {
  return [candidate, control].flatMap(({ variant, answered, failed }) => {
    const asked = (answered ?? 0) + (failed ?? 0);
    const share = asked === 0 ? 0 : (failed ?? 0) / asked;
    if (share <= MANY) return [];
    const words = variant === candidate.variant ? example : undefined;
    return [
      `${variant} did not answer ${failed} of ${asked} rows (${percent(share)}), which the shares leave out${words === undefined ? "." : `, such as: ${words}`}`,
    ];
  });
}

/** For people to read. The numbers are in the job and the rows in the store by now, so that the job goes on without. */
async function writePages(context: StepContext, compared: Compared): Promise<void> {
  const { job, deps } = context;
  const json = JSON.stringify({ ...compared.document, rows: compared.rows }, undefined, 2);
  try {
    await deps.folders.write(job.id, "evaluation.json", `${json}\n`);
    await deps.folders.write(job.id, "evaluation.html", comparisonPage(compared));
  } catch (error) {
    const why = messageOf(error);
    await context.update((current, now) =>
      troubled(current, context.redact(`The evaluation's page could not be written: ${why}`), now),
    );
  }
}
