import { StoreError } from "../store/store.ts";
import type { TunerDeps } from "./deps.ts";
import { isFree } from "./held-job.ts";
import { wait } from "./wait.ts";

interface BackgroundOptions extends Pick<TunerDeps, "store" | "folders" | "log" | "metrics"> {
  /** How often it looks, in milliseconds. */
  readonly everyMs: number;
  /** How long a claim counts, in milliseconds. */
  readonly leaseMs: number;
  readonly signal: AbortSignal;
  /** Works on a job, if it is still free. */
  readonly workOn: (id: string) => Promise<void>;
}

/** Open jobs that are worked on, the oldest ones. */
const MOST = 10_000;

/** Looks again and again for jobs that nobody works on, and works on them. */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #working = new Set<string>();
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

  /** Looks now: there is something new. */
  wake(): void {
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
    const { store, folders, metrics, leaseMs } = this.#options;
    // Where nobody fine-tunes, the store is not asked again and again.
    if (!(await folders.any())) return;
    const open = await store.openTuningJobs(MOST);
    metrics?.tuningOpen(open.length);
    for (const row of open) {
      if (row.state === "manual" || this.#working.has(row.id) || !isFree(row, leaseMs)) continue;
      if (await folders.has(row.id)) this.#begin(row.id);
    }
  }

  #begin(id: string): void {
    this.#working.add(id);
    void this.#options
      .workOn(id)
      .catch((error: unknown) => this.#tell("fine-tuning job left for later", id, error))
      .finally(() => this.#working.delete(id));
  }

  #tell(message: string, job: string | undefined, error: unknown): void {
    if (this.#options.signal.aborted || (error instanceof StoreError && error.temporary)) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log("error", message, { job, error: text });
  }
}
