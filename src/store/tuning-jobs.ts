/** A fine-tuning job as the store keeps it: what is looked for stands beside the document. */
export interface StoredTuningJob {
  readonly id: string;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  readonly route: string;
  readonly provider: string;
  readonly state: string;
  /** Is there still something to do? */
  readonly open: boolean;
  /** Equal for jobs that would train the same model on the same data. */
  readonly fingerprint: string;
  /** Who works on it, and until when that counts, in milliseconds since 1970. */
  readonly owner: string | undefined;
  readonly ownedUntil: number;
  /** From 1, one more with each change. */
  readonly revision: number;
  /** JSON. */
  readonly document: string;
}

/** What is looked for, without the document, which may be large. */
export type TuningJobColumns = Omit<StoredTuningJob, "document">;

export interface TuningJobFilter {
  readonly open?: boolean | undefined;
  readonly route?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** Where fine-tuning jobs are kept. Every method may throw StoreError. */
export interface TuningJobStore {
  /**
   * Keeps a job if nobody has changed it since: revision 1 if there is none of this id and no open one of this
   * fingerprint, a higher one in place of the revision before.
   * @returns false when somebody has, and nothing is changed
   */
  saveTuningJob(job: StoredTuningJob): Promise<boolean>;
  /**
   * Lets its owner keep a job for longer, and changes nothing else but the revision.
   * @returns false when somebody has changed it since the revision before, and nothing is changed
   */
  renewTuningJob(lease: Pick<StoredTuningJob, "id" | "ownedUntil" | "revision">): Promise<boolean>;
  /**
   * Deletes a job and the comparison that it made, so that no file holds their bytes.
   * @returns false when somebody has changed it since this revision, and nothing is deleted
   */
  deleteTuningJob(
    job: Pick<StoredTuningJob, "id" | "revision">,
    comparison: string | undefined,
  ): Promise<boolean>;
  tuningJob(id: string): Promise<StoredTuningJob | undefined>;
  /** Newest first. */
  tuningJobs(filter: TuningJobFilter): Promise<readonly StoredTuningJob[]>;
  /** Oldest first. @param limit 1 to 10,000 */
  openTuningJobs(limit: number): Promise<readonly TuningJobColumns[]>;
}
