import { GatewayError } from "../../domain/errors.ts";
import { Files } from "./files.ts";
import { Journal, readEvents } from "./journal.ts";
import { Lease } from "./lease.ts";
import {
  type EventRecord,
  isEnded,
  type JobRecord,
  jobRecord,
  listRecords,
  newAt,
  newId,
  nowSeconds,
  readRecord,
} from "./records.ts";
import { cancelJob, Interruption, runJob } from "./run-job.ts";
import type { Shelf } from "./shelf.ts";
import type { TunedModels } from "./tuned-models.ts";

/** How long a cancelled job is waited for, in milliseconds: its worker may be in another process. */
const CANCEL_WAIT_MS = 3000;
const CANCEL_LOOK_MS = 50;

type NewJob = Pick<
  JobRecord,
  "model" | "suffix" | "training_file" | "validation_file" | "hyperparameters" | "seed" | "metadata"
>;

/**
 * Where fine-tuning jobs are worked on, one at a time. Several processes may share a shelf: each job is worked on where it
 * was created, or, when that process is gone, in the one that is next asked for it.
 */
export class Workshop {
  readonly files: Files;
  readonly #shelf: Shelf;
  readonly #models: TunedModels;
  /** Jobs that this process works on or means to. */
  readonly #taken = new Set<string>();
  #tail: Promise<void> = Promise.resolve();

  constructor(shelf: Shelf, models: TunedModels) {
    this.#shelf = shelf;
    this.#models = models;
    this.files = new Files(shelf);
  }

  async create(asked: NewJob): Promise<JobRecord> {
    const job: JobRecord = {
      ...asked,
      at: newAt(),
      id: newId("ftjob-"),
      created_at: nowSeconds(),
      finished_at: null,
      status: "validating_files",
      fine_tuned_model: null,
      trained_tokens: null,
      estimated_finish: null,
      error: null,
      checkpoints: [],
    };
    const journal = await Journal.open(this.#shelf, job);
    journal.tell(`Created fine-tuning job: ${job.id}`);
    await journal.save();
    this.#take(job);
    return job;
  }

  /** @throws GatewayError 404 */
  async job(id: string): Promise<JobRecord> {
    const job = await readRecord(this.#shelf, "jobs", id, jobRecord);
    if (job === undefined)
      throw new GatewayError({
        status: 404,
        type: "invalid_request_error",
        code: "fine_tune_not_found",
        message: `Could not find fine tune: ${id}`,
        param: "fine_tuning_job_id",
      });
    this.#take(job);
    return job;
  }

  /** Newest first. */
  async jobs(): Promise<readonly JobRecord[]> {
    const jobs = await listRecords(this.#shelf, "jobs", jobRecord);
    for (const job of jobs.toReversed()) this.#take(job);
    return jobs;
  }

  /** Newest first. @throws GatewayError 404 */
  async events(id: string): Promise<readonly EventRecord[]> {
    await this.job(id);
    return (await readEvents(this.#shelf, id)).toReversed();
  }

  /** @throws GatewayError 404, 400 for a job that has ended */
  async cancel(id: string): Promise<JobRecord> {
    let job = await this.job(id);
    if (isEnded(job))
      throw new GatewayError({
        status: 400,
        type: "invalid_request_error",
        code: "invalid_job_status",
        message: `Job has already ended: it is ${job.status}`,
      });
    await this.#shelf.write(cancelName(id), "");
    // One that nobody works on yet ends here.
    await this.#withLease(job, cancelJob);
    const deadline = Date.now() + CANCEL_WAIT_MS;
    do {
      job = await this.job(id);
      if (!isEnded(job)) await new Promise((resolve) => setTimeout(resolve, CANCEL_LOOK_MS));
    } while (!isEnded(job) && Date.now() < deadline);
    return job;
  }

  #take(job: JobRecord): void {
    if (isEnded(job) || this.#taken.has(job.id)) return;
    this.#taken.add(job.id);
    this.#tail = this.#tail
      .then(() => this.#work(job))
      // The disk is at fault, and the next who asks for the job has it tried again.
      .catch(() => undefined)
      .then(() => void this.#taken.delete(job.id));
  }

  #work(job: JobRecord): Promise<void> {
    return this.#withLease(job, (journal, lease) =>
      runJob({
        files: this.files,
        models: this.#models,
        journal,
        goOn: async () => {
          if (!(await lease.isHeld())) throw new Interruption("lost");
          if ((await this.#shelf.read(cancelName(job.id))) !== undefined) throw new Interruption("cancelled");
        },
      }),
    );
  }

  /** Nothing is done while another has the job, or once it has ended. */
  async #withLease(
    { id }: JobRecord,
    work: (journal: Journal, lease: Lease) => Promise<void>,
  ): Promise<void> {
    const lease = await Lease.take(this.#shelf, `jobs/${id}.lock`);
    if (lease === undefined) return;
    try {
      const job = await readRecord(this.#shelf, "jobs", id, jobRecord);
      if (job !== undefined && !isEnded(job)) await work(await Journal.open(this.#shelf, job), lease);
    } finally {
      await lease.release();
    }
  }
}

const cancelName = (id: string): string => `jobs/${id}.cancel`;
