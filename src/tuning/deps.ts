import type { Tools } from "../comparison/answered.ts";
import type { Query } from "../comparison/compare.ts";
import type { Table } from "../domain/table.ts";
import type { TuningAccess } from "../domain/tuning.ts";
import type { Log } from "../metrics/log.ts";
import type { Store } from "../store/store.ts";
import type { TuningJobStore } from "../store/tuning-jobs.ts";
import type { Deployer } from "./deployer.ts";
import type { JobFolders } from "./job-folders.ts";
import type { Registry } from "./registry.ts";
import type { Trainer } from "./trainer.ts";

/** What jobs are run with. */
export interface TunerDeps {
  readonly store: TuningJobStore & Pick<Store, "saveComparison" | "usage">;
  /** The one in force. */
  readonly table: () => Table;
  readonly folders: JobFolders;
  readonly registry: Registry;
  readonly trainerFor: (access: TuningAccess) => Promise<Trainer>;
  /** @returns undefined where a tuned model answers without a deployment, or none can be made from here */
  readonly deployerFor: (access: TuningAccess) => Promise<Deployer | undefined>;
  readonly comparing: Comparing;
  readonly log: Log;
  readonly metrics?: TuningMeter | undefined;
  readonly timing?: Partial<TuningTiming> | undefined;
}

/** How variants of a table are called, which need not be the one in force. */
export interface Comparing {
  tools(table: Table, route: string): Tools;
  /** An example as a query with the expected answer. @throws GatewayError 400 for what is no chat */
  queryOf(example: Readonly<Record<string, unknown>>, table: Table, route: string): Query;
}

/** Where jobs are counted. */
export interface TuningMeter {
  /** @param outcome the job's last state */
  tuningEnded(provider: string, outcome: string): void;
  tuningOpen(jobs: number): void;
}

/** In milliseconds. */
export interface TuningTiming {
  /** How long a worker's claim on a job counts without renewal. */
  readonly leaseMs: number;
  /** The first wait and the longest one after a problem that passes. */
  readonly retryMs: number;
  readonly mostRetryMs: number;
  /** For so long the same step is tried, unless it is waited for until the deadline. */
  readonly patienceMs: number;
  /** The longest wait after that. */
  readonly longRetryMs: number;
  /**
   * For so long a job is looked for whose creation had no answer, before it is created again. Longer than an answer may
   * take, since a worker that crashed does not know when it would have come.
   */
  readonly graceMs: number;
  /** How often it is looked for. */
  readonly lookMs: number;
  /** The first wait before a provider is asked again how far it is; the longest is the configuration's. */
  readonly firstLookMs: number;
  /** How often the gateway looks for jobs that nobody works on. */
  readonly scanMs: number;
}

export const TIMING: TuningTiming = {
  leaseMs: 30_000,
  retryMs: 1_000,
  mostRetryMs: 60_000,
  patienceMs: 30 * 60_000,
  longRetryMs: 5 * 60_000,
  graceMs: 180_000,
  lookMs: 5_000,
  firstLookMs: 500,
  scanMs: 5_000,
};
