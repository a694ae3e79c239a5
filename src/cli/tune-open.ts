import { dirname } from "node:path";
import { DiskFiles } from "../config/disk.ts";
import type { Table } from "../domain/table.ts";
import { DiskJobFolders } from "../job-folders.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { redactedLog } from "../metrics/log.ts";
import { openTuner } from "../open-tuner.ts";
import { openStore } from "../store/open.ts";
import { UndiciTransport } from "../transport/undici.ts";
import type { JobFolders } from "../tuning/job-folders.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { UsageError } from "./error-text.ts";
import { configPathOf } from "./main.ts";
import { Notes } from "./notes.ts";

/** What the commands work with, opened for one of them. */
export interface OpenedTuning {
  readonly tuning: Tuning;
  readonly providers: Table["providers"];
  readonly folders: Pick<JobFolders, "has" | "pathOf">;
  close(): Promise<void>;
}

/** @param args of the command, for its --config */
export type OpenTuning = (args: readonly string[]) => Promise<OpenedTuning>;

/** Opens it, and closes it whatever comes. @returns what the work does */
export async function withTuning<T>(
  open: OpenTuning,
  args: readonly string[],
  work: (opened: OpenedTuning) => Promise<T>,
): Promise<T> {
  const opened = await open(args);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/**
 * Opens the configuration's store and data folder.
 * @throws ConfigError, StoreError, UsageError where there is no store
 */
export const openTuning: OpenTuning = async (args) => {
  const configPath = configPathOf(args, process.env);
  const files = new DiskFiles(dirname(configPath));
  let table = loadFromDisk(configPath, process.env, files);
  if (table.store === undefined)
    throw new UsageError("the configuration has `store: false`, and jobs are kept in the store");
  const notes = new Notes();
  const log = redactedLog(notes.log, () => table.redaction.secrets);
  const store = await openStore(table.store.url);
  const transport = new UndiciTransport();
  const tuning = openTuner({
    store,
    table: () => table,
    configPath,
    env: process.env,
    transport,
    log,
  });
  // A job may be followed for days, and wait for the configuration meanwhile.
  const stopWatching = files.watch(() => {
    try {
      table = loadFromDisk(configPath, process.env, files);
    } catch (error) {
      log("warn", "the configuration was changed and can't be read, so that the old one counts", {
        error: String(error),
      });
    }
  });
  return {
    tuning,
    providers: table.providers,
    folders: new DiskJobFolders(table.server.dataDir),
    close: async () => {
      stopWatching();
      await tuning.close();
      await transport.close();
      await store.close();
      notes.tell(process.stderr);
    },
  };
};
