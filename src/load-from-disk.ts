import { basename, dirname } from "node:path";
import { DiskFiles } from "./config/disk.ts";
import { loadTable } from "./config/load.ts";
import type { Table } from "./domain/table.ts";
import { providerKinds } from "./providers/index.ts";

/** Reads the configuration from disk. @throws ConfigError */
export function loadFromDisk(
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
  files = new DiskFiles(dirname(configPath)),
): Table {
  return loadTable({ file: basename(configPath), files, env, kinds: providerKinds });
}
