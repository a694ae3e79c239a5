import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import { accessOf } from "./context.ts";
import type { TunerDeps } from "./deps.ts";
import { comparisonOf } from "./evaluation.ts";
import type { TuningJob } from "./job.ts";
import { ConfigurationGap, isGap, problemOf } from "./problems.ts";
import { jobIn } from "./stored-job.ts";
import { ProviderProblem } from "./trainer.ts";
import type { JobRemoval } from "./tuning.ts";
import { uploadNames } from "./upload-step.ts";

/** How long a provider may take to delete what a job uploaded. */
const PATIENCE_MS = 120_000;

/**
 * Deletes what there is of a job that nobody works on: what was uploaded for it, its folder, its comparison, and last the job.
 * Where something can't be reached, nothing is deleted here, so that it can be tried again.
 * @param forget delete what is here all the same
 * @returns undefined when somebody has changed the job meanwhile. @throws StoreError
 */
export async function removed(
  row: StoredTuningJob,
  forget: boolean,
  deps: TunerDeps,
): Promise<JobRemoval | undefined> {
  const { id, revision } = row;
  const { folders, store } = deps;
  const job = jobIn(row);
  const isHere = await folders.has(id);
  const out = [
    job === undefined ? unknown(id) : await atProvider(job, deps),
    isHere ? undefined : elsewhere(id),
  ].filter((one) => one !== undefined);
  const left = out.length === 0 ? undefined : out.join(" ");
  if (left !== undefined && !forget) return { id, deleted: false, left };
  if (isHere) await folders.remove(id);
  return (await store.deleteTuningJob({ id, revision }, comparisonOf(id)))
    ? { id, deleted: true, left }
    : undefined;
}

/** @returns what is left there, and why */
async function atProvider(job: TuningJob, deps: TunerDeps): Promise<string | undefined> {
  const table = deps.table();
  const names = uploadNames(job);
  const ids = [job.remote.training_file, job.remote.validation_file].filter((file) => file !== null);
  try {
    const trainer = await deps.trainerFor(keeperOf(job, deps));
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

/** Who has what was uploaded. The simulator has it here, whoever the provider is by now. */
function keeperOf(job: TuningJob, deps: TunerDeps) {
  const table = deps.table();
  if (!job.spec.simulated) return accessOf(table, job, "it can't be asked");
  if (table.simulation === undefined) throw new ConfigurationGap("There is no simulator here.");
  return table.simulation;
}

function unknown(id: string): string {
  return `Another version of Crossover wrote the job: which provider has its data set is not known here. Look there for files named crossover-${id}.`;
}

function elsewhere(id: string): string {
  return `The job's folder, tuning/${id}, is not in this data folder: delete the job on the machine that has it.`;
}
