import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "../support/postgres.ts";

/** A kind of database on which the same tests run. */
export interface DatabaseKind {
  readonly name: "SQLite" | "Postgres";
  /** The URL of an empty store that is gone after the tests of the file. */
  create(): Promise<string>;
}

export interface Databases {
  readonly kinds: readonly DatabaseKind[];
  /** Opens a store that is closed after the tests of the file. */
  open(url: string): Promise<Store>;
}

/**
 * What a file of tests keeps its stores in. To be called at its top: what the tests leave is gone after the last one.
 * One Postgres is enough for a file, and it starts only when it is asked for.
 */
export function useDatabases(): Databases {
  const folders: string[] = [];
  const stores: Store[] = [];
  let server: Promise<PostgresServer> | undefined;
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await (await server)?.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  const sqlite: DatabaseKind = {
    name: "SQLite",
    create: async () => {
      const folder = mkdtempSync(join(tmpdir(), "crossover-store-"));
      folders.push(folder);
      return `file:${join(folder, "crossover.db")}`;
    },
  };
  const postgres: DatabaseKind = {
    name: "Postgres",
    create: async () => {
      server ??= startPostgres();
      return (await server).createDatabase();
    },
  };
  return {
    kinds: WITHOUT_POSTGRES ? [sqlite] : [sqlite, postgres],
    open: async (url) => {
      const store = await openStore(url);
      stores.push(store);
      return store;
    },
  };
}

const WITHOUT_ROLLOUTS = [
  ...["runs", "changes", "observations", "entries", "snapshots"].map((name) => `drop table rollout_${name}`),
  "drop table rollout_events",
  "drop table rule_sets",
  ...["run", "epoch", "share", "table_version", "calls"].map(
    (column) => `alter table captures drop column ${column}`,
  ),
  "delete from crossover_migrations where name in ('003_rollouts', '004_rollout_events')",
];
const WITHOUT_TUNING = [
  "drop table tuning_jobs",
  "delete from crossover_migrations where name = '002_tuning_jobs'",
];

/** What makes of a store one as an earlier version left it. */
export const EARLIER = [
  { version: "before rollouts", statements: WITHOUT_ROLLOUTS.join("; ") },
  { version: "before fine-tuning", statements: [...WITHOUT_ROLLOUTS, ...WITHOUT_TUNING].join("; ") },
] as const;
