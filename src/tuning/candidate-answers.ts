import type { Answered, Outcome, Tools } from "../comparison/answered.ts";
import type { Query } from "../comparison/compare.ts";
import { mapBounded } from "../comparison/turns.ts";
import type { Variant } from "../domain/table.ts";
import type { StepContext } from "./context.ts";
import { ProviderProblem } from "./trainer.ts";

/** How often a query is sent at most that the tuned model may answer later. */
const TRIES = 2;

/** Statuses that stay as they are, however often the same is sent. */
const LASTING: ReadonlySet<number> = new Set([400, 401, 403, 413, 422]);

type Failure = Extract<Outcome, { kind: "failure" }>;

/** Something that was deployed a moment ago may take a while to answer. @throws ProviderProblem while it does not */
export async function requireAnswer(
  context: StepContext,
  candidate: Variant,
  tools: Tools,
  queries: readonly Query[],
): Promise<void> {
  const [first] = queries;
  if (first === undefined) throw noRows();
  const { outcome } = await tools.ask(first.request, candidate, context.endable);
  if (outcome.kind === "failure")
    throw silent(context, outcome, LASTING.has(outcome.status) ? "final" : "temporary");
}

/**
 * What the tuned model says to each query. What fails and may do better is sent once more, after the longest wait.
 * @throws ProviderProblem where it answers none: such a model must not be registered
 */
export async function candidateAnswers(
  context: StepContext,
  candidate: Variant,
  tools: Tools,
  queries: readonly Query[],
): Promise<ReadonlyMap<Query, Answered>> {
  const answers = new Map<Query, Answered>();
  for (let tries = 0; tries < TRIES; tries++) {
    const open = queries.filter((query) => mayDoBetter(answers.get(query)));
    if (open.length === 0) break;
    if (tries > 0) await context.held.sleep(context.timing.mostRetryMs);
    await mapBounded(open, context.table.compare.concurrency, async (query) =>
      answers.set(query, await tools.ask(query.request, candidate, context.endable)),
    );
  }
  const [failure] = failuresIn(answers);
  if (failure !== undefined && failuresIn(answers).length === queries.length)
    throw silent(context, failure, "unsupported");
  return answers;
}

/** Why there are no answers. */
export function failuresIn(answers: ReadonlyMap<Query, Answered>): readonly Failure[] {
  return [...answers.values()].flatMap(({ outcome }) => (outcome.kind === "failure" ? [outcome] : []));
}

function mayDoBetter(answered: Answered | undefined): boolean {
  if (answered === undefined) return true;
  const { outcome } = answered;
  return outcome.kind === "failure" && !LASTING.has(outcome.status);
}

function silent(
  { job }: StepContext,
  { status, code, message }: Failure,
  kind: ProviderProblem["kind"],
): ProviderProblem {
  return new ProviderProblem({
    message: `The tuned model does not answer at ${job.remote.address}: ${message} (${status}).`,
    hint: `See whether it answers at the provider. Then \`crossover tune register ${job.id} --address ADDRESS\`, where it is deployed by hand.`,
    status,
    code,
    raw: message,
    kind,
  });
}

function noRows(): ProviderProblem {
  return new ProviderProblem({ message: "The validation file has no rows.", raw: "", kind: "final" });
}
