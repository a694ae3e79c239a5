import { basename, dirname } from "node:path";
import { registeredFile } from "./config/compile-server.ts";
import { DiskFiles } from "./config/disk.ts";
import { type LoadInput, loadTable } from "./config/load.ts";
import type { Table } from "./domain/table.ts";
import { providerKinds } from "./providers/index.ts";

/**
 * Reads the configuration from disk, with what is registered in its data folder.
 * @param registered what is registered, in place of that
 * @param needed entries of that which have to fit, such as `models.tuned`
 * @throws ConfigError
 */
export function loadFromDisk(
  configPath: string,
  env: Readonly<Record<string, string | undefined>>,
  files = new DiskFiles(dirname(configPath)),
  registered: LoadInput["registered"] = (dataDir) => files.readPassing(registeredFile(dataDir)),
  needed?: LoadInput["needed"],
): Table {
  return loadTable({ file: basename(configPath), files, env, kinds: providerKinds, registered, needed });
}
