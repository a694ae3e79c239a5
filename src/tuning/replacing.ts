import { percent } from "../reports/words.ts";
import type { JobEvaluation, TuningJob } from "./job.ts";
import type { Problem } from "./transitions.ts";

/** Of a job whose model a person has to decide on: nothing of it is registered. */
export const NOT_REPLACED = "not_replaced";

/**
 * Why a job must not put its model in the place of a live variant without a person: it was not compared, or did worse. It did
 * not where it gives as large a share of expected answers as the control or a larger one, of the rows that both answered, and
 * leaves no larger share of rows without an answer. Where no answer is an expected one, as of free text, that tells nothing. Whether a difference is chance does not count: nobody looks before it is live.
 * @returns undefined where it may
 */
export function whyNotLive(
  { id, spec }: Pick<TuningJob, "id" | "spec">,
  evaluation: JobEvaluation | null,
): Problem | undefined {
  const why = spec.replaces ? whyWorse(evaluation) : undefined;
  if (why === undefined) return undefined;
  return {
    message: `${spec.variant} is not replaced by itself: ${why}.`,
    hint: `\`crossover tune resume ${id}\` registers the tuned model all the same, and it is live then. \`crossover tune cancel ${id}\` gives it up.`,
    status: null,
    code: NOT_REPLACED,
    raw: "",
  };
}

function whyWorse(evaluation: JobEvaluation | null): string | undefined {
  if (evaluation === null) return "the tuned model was not compared with the control";
  const { control, candidate } = evaluation;
  if (control.exact === null || candidate.exact === null)
    return "no row was answered by both and has an expected answer, so that nothing can be compared";
  if (candidate.exact < control.exact)
    return `the tuned model gives ${percent(candidate.exact)} of the expected answers, the control ${percent(control.exact)}`;
  if (candidate.exact === 0)
    return "no answer is the expected one, word for word, so that nothing says how good they are";
  const unanswered = { control: unansweredBy(control), candidate: unansweredBy(candidate) };
  if (unanswered.candidate > unanswered.control)
    return `the tuned model left ${percent(unanswered.candidate)} of its rows without an answer, the control ${percent(unanswered.control)}`;
  return undefined;
}

function unansweredBy({ answered, failed }: JobEvaluation["candidate"]): number {
  const asked = (answered ?? 0) + (failed ?? 0);
  return asked === 0 ? 0 : (failed ?? 0) / asked;
}
