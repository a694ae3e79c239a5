import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import { mayBePaid } from "./left-behind.ts";
import { jobIn } from "./stored-job.ts";

/** Does a job stand in the way of another one that would train the same: is it under way, or may it be paid for already? */
export function isEarlier(row: StoredTuningJob): boolean {
  if (row.open || row.state === "succeeded") return true;
  const job = jobIn(row);
  // One that can't be read may be anything.
  return job === undefined || mayBePaid(job);
}
