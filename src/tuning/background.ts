import { GatewayError } from "../domain/errors.ts";
import { StoreError } from "../store/store.ts";
import type { TuningJobColumns } from "../store/tuning-jobs.ts";
import type { TunerDeps } from "./deps.ts";
import { isFree } from "./held-job.ts";
import { wait } from "./wait.ts";

interface BackgroundOptions extends Pick<TunerDeps, "store" | "folders" | "log" | "metrics"> {
  /** How often it looks, in milliseconds. */
  readonly everyMs: number;
  /** How long a claim counts, in milliseconds. */
  readonly leaseMs: number;
  readonly signal: AbortSignal;
  /** Works on a job, if it is still free. @throws GatewayError for one that can't be worked on until somebody changes it */
  readonly workOn: (id: string) => Promise<void>;
}

/** Open jobs that are worked on, the oldest ones. */
const MOST = 10_000;
/**
 * Looks that a job must be free for, where its files are on no disk of this machine: one that has them goes first. Little
 * needs them, so that a job whose files are lost goes on all the same. After each so many further looks it is tried again.
 */
const PATIENCE = 3;
const AGAIN = 12;

/** Looks again and again for jobs that nobody works on, and works on them. */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #working = new Set<string>();
  /** Jobs that there was something new of while they were worked on: it may have come too late for that. */
  readonly #missed = new Set<string>();
  /** Looks at which a job without files here was free. */
  readonly #freeFor = new Map<string, number>();
  readonly #told = new Set<string>();
  /** Revisions that can't be worked on. */
  readonly #stuck = new Map<string, number>();
  /** Resolves once it has ended. */
  ended: Promise<void> = Promise.resolve();
  #isRunning = false;
  #waking = new AbortController();

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.ended = this.#run();
  }

  /** Looks now: there is something new. @param id of a job that need not wait for its files' machine */
  wake(id?: string): void {
    if (id !== undefined) this.#freeFor.set(id, PATIENCE);
    if (id !== undefined && this.#working.has(id)) this.#missed.add(id);
    this.#waking.abort();
  }

  async #run(): Promise<void> {
    const { signal, everyMs } = this.#options;
    while (!signal.aborted) {
      this.#waking = new AbortController();
      // A lost store is told of by itself; it is looked again once it is back.
      await this.#look().catch((error: unknown) => this.#tell("jobs can't be looked for", undefined, error));
      await wait(everyMs, AbortSignal.any([signal, this.#waking.signal])).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const { store, metrics, leaseMs } = this.#options;
    const open = await store.openTuningJobs(MOST);
    metrics?.tuningOpen(open.length);
    this.#forgetAllBut(new Set(open.map(({ id }) => id)));
    for (const row of open) {
      if (row.state === "manual" || this.#working.has(row.id)) continue;
      if (!isFree(row, leaseMs)) this.#freeFor.delete(row.id);
      else if (this.#stuck.get(row.id) !== row.revision && (await this.#isOurs(row.id))) this.#begin(row);
    }
  }

  async #isOurs(id: string): Promise<boolean> {
    if (await this.#options.folders.has(id)) return true;
    const looks = this.#freeFor.get(id) ?? 0;
    this.#freeFor.set(id, looks + 1);
    if (looks % AGAIN !== PATIENCE) return false;
    if (!this.#told.has(id))
      this.#options.log("warn", "the files of a fine-tuning job are not here: it goes on without them", {
        job: id,
      });
    this.#told.add(id);
    return true;
  }

  #begin({ id, revision }: TuningJobColumns): void {
    this.#working.add(id);
    void this.#options
      .workOn(id)
      .catch((error: unknown) => {
        if (error instanceof GatewayError) this.#stuck.set(id, revision);
        this.#tell("fine-tuning job left for later", id, error);
      })
      .finally(() => {
        this.#working.delete(id);
        if (this.#missed.delete(id)) this.wake(id);
      });
  }

  #forgetAllBut(open: ReadonlySet<string>): void {
    for (const known of [this.#freeFor, this.#told, this.#stuck])
      for (const id of known.keys()) if (!open.has(id)) known.delete(id);
  }

  #tell(message: string, job: string | undefined, error: unknown): void {
    if (this.#options.signal.aborted || (error instanceof StoreError && error.temporary)) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log("error", message, { job, error: text });
  }
}
