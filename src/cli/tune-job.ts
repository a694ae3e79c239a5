import type { TuningJob } from "../tuning/job.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { UsageError } from "./error-text.ts";

/** The one id that a command was given. @throws UsageError */
export function oneId(positionals: readonly string[]): string {
  const [id, ...more] = positionals;
  if (id === undefined || id === "" || more.length > 0) throw new UsageError("give the id of one job");
  return id;
}

/** @throws Error where there is no such job */
export async function jobOf(tuning: Tuning, id: string): Promise<TuningJob> {
  const job = await tuning.job(id);
  if (job === undefined)
    throw new Error(
      `there is no job ${JSON.stringify(id)} in this store. \`crossover tune list\` shows those that are`,
    );
  return job;
}
