import { migrate } from "./migrations.ts";
import { SqlStore } from "./sql-store.ts";
import { openSqlite } from "./sqlite.ts";
import { type Store, StoreError } from "./store.ts";

export interface OpenOptions {
  /** Make the file where it is not there yet? Default true. */
  readonly make?: boolean;
}

/**
 * Opens the store.
 * @param url `file:data/crossover.db`, `file:///var/lib/crossover.db` or `postgres://user:password@host/database`
 * @throws StoreError
 */
export async function openStore(url: string, { make = true }: OpenOptions = {}): Promise<Store> {
  const database = await openDatabase(url, make);
  try {
    await migrate(database);
  } catch (error) {
    await database.db.destroy();
    throw database.dialect.failure(error);
  }
  return new SqlStore(database);
}

async function openDatabase(url: string, make: boolean) {
  if (/^postgres(ql)?:\/\//.test(url)) return (await import("./postgres.ts")).openPostgres(url);
  if (url.startsWith("file:")) return openSqlite(fileOf(url), make);
  throw new StoreError("a store's url begins with file: or with postgres://", false);
}

/** Relative paths are the working directory's. */
function fileOf(url: string): string {
  const path = url.slice("file:".length);
  const absolute = path.startsWith("//") ? path.slice(2) : path;
  if (absolute === "" || (path.startsWith("//") && !absolute.startsWith("/")))
    throw new StoreError("a store's file is file:some/path, or file:///an/absolute/path", false);
  try {
    return decodeURIComponent(absolute);
  } catch {
    throw new StoreError("the store's url has a % that begins no escape: write %25", false);
  }
}
