import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import {
  isEnded,
  JOB_STATES,
  type JobEstimate,
  type TuningJob,
  type TuningSpec,
  tuningJob,
  tuningSpec,
} from "./job.ts";
import { newJob } from "./new-job.ts";

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

/** A row for people to see: of one that can't be read what stands beside its document. */
export function shownJob(row: StoredTuningJob): TuningJob {
  return jobIn(row) ?? unreadable(row);
}

/** The row of a job that can't be read, once nobody wants it any more. Its document stays for who can read it. */
export function endedUnread(row: StoredTuningJob): StoredTuningJob {
  return {
    ...row,
    state: "cancelled",
    open: false,
    owner: undefined,
    ownedUntil: 0,
    revision: row.revision + 1,
  };
}

function unreadable(row: StoredTuningJob): TuningJob {
  const { id: jobId, at } = row;
  const state = jobState.safeParse(row.state).data ?? (row.open ? "manual" : "failed");
  return {
    ...newJob({ jobId, spec: specOf(row), estimate: UNKNOWN, notes: [] }, at),
    state,
    journal: [],
    problem: {
      state,
      message: "The store has this job as another version of Crossover writes it, which this one can't read.",
      hint: `Go on with that version, or end it here: \`crossover tune cancel ${jobId}\`. What there is of it at the provider goes on then.`,
      status: null,
      code: "tuning_job_unreadable",
      raw: "",
    },
  };
}

const jobState = z.enum(JOB_STATES);
/** What is to be trained may be readable where the rest is not. */
const withSpec = z.object({ spec: tuningSpec });

const UNKNOWN: JobEstimate = {
  epochs: 0,
  billed_tokens: 0,
  usd: null,
  usd_per_hour: null,
  usd_most: null,
  usd_as_of: null,
  seconds: null,
  basis: "",
};

function specOf({ route, provider, document }: StoredTuningJob): TuningSpec {
  const read = withSpec.safeParse(parseJson(document)).data?.spec;
  return (
    read ?? {
      route,
      provider,
      api: "openai",
      simulated: false,
      base_model: "",
      control: "",
      model: "",
      variant: "",
      replaces: false,
      method: "supervised",
      hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
      suffix: null,
      seed: null,
      training: { name: "", rows: 0, bytes: 0, tokens: 0, sha256: "" },
      validation: null,
    }
  );
}
