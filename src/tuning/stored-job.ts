import { parseJson } from "../domain/json.ts";
import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import { isEnded, type TuningJob, tuningJob } from "./job.ts";

/** A job's row as it is, save for what a change of the job changes. */
export function rowOf(
  job: TuningJob,
  row: Pick<StoredTuningJob, "fingerprint" | "owner" | "ownedUntil" | "revision">,
): StoredTuningJob {
  return {
    id: job.id,
    at: job.created,
    route: job.spec.route,
    provider: job.spec.provider,
    state: job.state,
    open: !isEnded(job.state),
    fingerprint: row.fingerprint,
    owner: row.owner,
    ownedUntil: row.ownedUntil,
    revision: row.revision,
    document: JSON.stringify(job),
  };
}

/** @returns undefined for a row of another version's shape */
export function jobIn(row: StoredTuningJob | undefined): TuningJob | undefined {
  return row && tuningJob.safeParse(parseJson(row.document)).data;
}
