import type { Table } from "./domain/table.ts";
import type { Transport } from "./domain/transport.ts";
import { tunedCalls } from "./gateway/tuned-calls.ts";
import { DiskJobFolders } from "./job-folders.ts";
import type { Log } from "./metrics/log.ts";
import { type DiskRegistryOptions, diskRegistry } from "./registry.ts";
import type { TunerDeps } from "./tuning/deps.ts";
import { deployerFor, trainerFor } from "./tuning/providers.ts";
import { Tuner } from "./tuning/tuner.ts";

export interface OpenTunerOptions extends DiskRegistryOptions {
  readonly store: TunerDeps["store"];
  /** The one in force. */
  readonly table: () => Table;
  /** For the calls of an evaluation. */
  readonly transport: Transport;
  readonly log: Log;
  readonly metrics?: TunerDeps["metrics"];
  readonly timing?: TunerDeps["timing"];
}

/**
 * Fine-tuning on this machine: the jobs' files and what is registered stand in the data folder. It works on jobs that it is
 * told to, and on all others once it runs.
 */
export function openTuner(options: OpenTunerOptions): Tuner {
  const { store, table, transport, log, metrics, timing } = options;
  return new Tuner({
    store,
    table,
    folders: new DiskJobFolders(table().server.dataDir),
    registry: diskRegistry(options),
    trainerFor,
    deployerFor,
    comparing: tunedCalls({ transport, log }),
    log,
    metrics,
    timing,
  });
}
