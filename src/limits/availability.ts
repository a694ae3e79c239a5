/** Where limits are counted: in Redis, or in this process while Redis does not answer. */
export type LimitsState = "redis" | "memory";

/** Work that is made up for once Redis is back. */
export type Job = () => Promise<unknown>;

export interface AvailabilityOptions {
  /** What a request waits for at most, in milliseconds. */
  readonly timeoutMs: number;
  /** How often Redis is looked for while it is away. */
  readonly probeMs: number;
  /** Resolves when Redis is there and can be written to. */
  readonly probe: Job;
  readonly onState: (state: LimitsState, cause: unknown) => void;
  /** A job was given up, as too many wait or as it failed again and again. */
  readonly onLost: () => void;
}

/** How many jobs are made up for at once. */
const JOBS_AT_ONCE = 100;
/** How many jobs wait for Redis at most. */
const MOST_JOBS = 10_000;
/** A job that fails this often though Redis is there will not do better: it must not keep Redis away for ever. */
const MOST_FAILURES = 3;
/** What a job that no request waits for may take, in milliseconds. */
const JOB_MS = 1000;

interface QueuedJob {
  readonly run: Job;
  failures: number;
}

/** Knows whether Redis answers in time, and makes up for what could not be told it. */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #jobs: QueuedJob[] = [];
  #isUp = true;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** @throws what the call rejects with, or that it took too long; Redis is away from then on */
  async call<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await within(this.#options.timeoutMs, run);
    } catch (error) {
      this.#lost(error);
      throw error;
    }
  }

  /**
   * Does the job now, or when Redis is back. Never rejects.
   * @param again what to do when the first try may have been done or not
   */
  async ensure(job: Job, again: Job = job): Promise<void> {
    if (!this.#isUp) return this.later(again);
    try {
      await this.call(job);
    } catch {
      this.later(again);
    }
  }

  /** Does the job when Redis is back. */
  later(job: Job): void {
    if (this.#jobs.length >= MOST_JOBS) {
      this.#jobs.shift();
      this.#options.onLost();
    }
    this.#jobs.push({ run: job, failures: 0 });
  }

  /** Looks no further. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #lost(cause: unknown): void {
    if (!this.#isUp || this.#isClosed) return;
    this.#isUp = false;
    this.#options.onState("memory", cause);
    this.#probeSoon();
  }

  #probeSoon(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#probe(), this.#options.probeMs * (0.5 + Math.random()));
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    const { timeoutMs, probe, onState } = this.#options;
    try {
      await within(timeoutMs, probe);
      await this.#makeUp();
    } catch {
      return this.#probeSoon();
    }
    if (this.#isClosed) return;
    this.#isUp = true;
    onState("redis", undefined);
    // What came while the others were made up for: a busy process would never see the end of it before.
    await this.#makeUp().catch((error: unknown) => this.#lost(error));
  }

  /** Does the jobs that wait now. @throws when one fails; it and those after it stay for the next time */
  async #makeUp(): Promise<void> {
    for (let left = this.#jobs.length; left > 0; left -= JOBS_AT_ONCE) {
      const batch = this.#jobs.slice(0, Math.min(left, JOBS_AT_ONCE));
      const ends = await Promise.allSettled(batch.map(({ run }) => within(JOB_MS, run)));
      const done = new Set(batch.filter((job, i) => ends[i]?.status === "fulfilled" || this.#givesUp(job)));
      const rest = this.#jobs.filter((job) => !done.has(job));
      this.#jobs.splice(0, this.#jobs.length, ...rest);
      if (done.size < batch.length) throw new Error("Redis does not do all that it is to make up for");
    }
  }

  /** A job has failed once more. */
  #givesUp(job: QueuedJob): boolean {
    if (++job.failures < MOST_FAILURES) return false;
    this.#options.onLost();
    return true;
  }
}

/** A reply that has come while this process was busy is not late: it is read before the time counts as over. */
async function within<T>(ms: number, run: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => setImmediate(() => late.reject(new Error(`Redis did not answer within ${ms} ms`))),
    ms,
  );
  try {
    return await Promise.race([run(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
