import type { TuningJob } from "./job.ts";
import type { Redact } from "./problems.ts";

/**
 * A job without secrets in what others said: the provider's words and names, problems, lines of the journal. What was so before
 * is left as it is. Ids that the provider is asked by stay too.
 */
export function withoutSecrets(job: TuningJob, before: TuningJob, redact: Redact): TuningJob {
  const { remote, problem, journal } = job;
  const known = new Set(before.journal);
  const clean = (text: string | null): string | null => (text === null ? null : redact(text));
  return {
    ...job,
    journal: journal.map((entry) =>
      known.has(entry) ? entry : { ...entry, message: redact(entry.message) },
    ),
    problem:
      problem === null || problem === before.problem
        ? problem
        : {
            ...problem,
            message: redact(problem.message),
            hint: clean(problem.hint),
            code: clean(problem.code),
            raw: redact(problem.raw),
          },
    remote:
      remote === before.remote
        ? remote
        : {
            ...remote,
            status: clean(remote.status),
            model: clean(remote.model),
            checkpoints:
              remote.checkpoints === before.remote.checkpoints
                ? remote.checkpoints
                : remote.checkpoints.map(({ id, step, model }) => ({
                    id: redact(id),
                    step,
                    model: redact(model),
                  })),
          },
  };
}
