import { accessOf } from "./context.ts";
import type { TunerDeps } from "./deps.ts";
import type { TuningJob } from "./job.ts";
import { isGap, problemOf } from "./problems.ts";
import { ProviderProblem } from "./trainer.ts";
import type { JobRemoval } from "./tuning.ts";
import { uploadNames } from "./upload-step.ts";

/** How long a provider may take to delete what a job uploaded. */
const PATIENCE_MS = 120_000;

/**
 * Deletes what there is of a job that nobody works on: what was uploaded for it, its folder, its comparison, and last the job.
 * That stays while anything is left at the provider, so that it can be tried again.
 * @param revision of the job as it was read
 * @returns undefined when somebody has changed the job meanwhile. @throws StoreError
 */
export async function removed(
  job: TuningJob,
  revision: number,
  deps: TunerDeps,
): Promise<JobRemoval | undefined> {
  const { id } = job;
  const left = await atProvider(job, deps);
  if (await deps.folders.has(id)) await deps.folders.remove(id);
  if (left !== undefined) return { id, deleted: false, left };
  const comparison = job.evaluation?.comparison;
  if (!(await deps.store.deleteTuningJob({ id, revision }, comparison))) return undefined;
  return { id, deleted: true, left: undefined };
}

/** @returns what is left there, and why */
async function atProvider(job: TuningJob, deps: TunerDeps): Promise<string | undefined> {
  const table = deps.table();
  const names = uploadNames(job);
  const ids = [job.remote.training_file, job.remote.validation_file].filter((file) => file !== null);
  try {
    const trainer = await deps.trainerFor(accessOf(table, job));
    await trainer.removeFiles({ jobId: job.id, ids, names }, AbortSignal.timeout(PATIENCE_MS));
    return undefined;
  } catch (error) {
    const redact = (text: string): string =>
      deps.table().redaction.secrets.redact(table.redaction.secrets.redact(text));
    const { message, hint } = problemOf(error, redact);
    if (!(error instanceof ProviderProblem || isGap(error)))
      deps.log("error", "files of a fine-tuning job not deleted", { job: job.id, error: message });
    const what = ids.length === 0 ? `what may be there as ${names.join(", ")}` : ids.join(", ");
    return `Not deleted at the provider ${job.spec.provider}: ${what}. ${message}${hint === null ? "" : ` ${hint}`}`;
  }
}
