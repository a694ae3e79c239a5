import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Database, Dialect } from "./dialect.ts";
import { first } from "./migrations/001-first.ts";
import { tuningJobs } from "./migrations/002-tuning-jobs.ts";
import { rollouts } from "./migrations/003-rollouts.ts";
import { rolloutEvents } from "./migrations/004-rollout-events.ts";
import type { Schema } from "./schema.ts";
import { StoreError } from "./store.ts";

/** Its own name: a database in Postgres may have others that use Kysely. */
const TABLE = "crossover_migrations";

/**
 * Brings the tables up to this version; does nothing where they are. Two processes may do so at once.
 * @throws StoreError for a store that a newer version has written
 */
export async function migrate({ db, dialect }: Database): Promise<void> {
  const migrations = migrationsOf(dialect);
  // A store that is up to date is opened without a lock.
  if (await isCurrent(db, migrations)) return;
  await db.transaction().execute(async (transaction) => {
    await dialect.lockMigrations(transaction);
    if (await isCurrent(transaction, migrations)) return;
    const migrator = new Migrator({
      db: transaction,
      migrationTableName: TABLE,
      migrationLockTableName: `${TABLE}_lock`,
      provider: { getMigrations: async () => migrations },
      nameComparator: (a, b) => (a < b ? -1 : 1),
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  });
}

async function isCurrent(
  db: Kysely<Schema>,
  migrations: Readonly<Record<string, Migration>>,
): Promise<boolean> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === TABLE)) return false;
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)} order by name`.execute(
    db,
  );
  const unknown = rows.find(({ name }) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined)
    throw new StoreError(
      `the store was written by a newer version of Crossover (it has "${unknown.name}"): use that version, or another store`,
      false,
    );
  return rows.length === Object.keys(migrations).length;
}

/** Migrations by name, in the order of their names. One that was released is never changed. */
function migrationsOf(dialect: Dialect): Readonly<Record<string, Migration>> {
  return {
    "001_first": { up: (db: Kysely<Schema>) => first(db, dialect) },
    "002_tuning_jobs": { up: (db: Kysely<Schema>) => tuningJobs(db, dialect) },
    "003_rollouts": { up: (db: Kysely<Schema>) => rollouts(db, dialect) },
    "004_rollout_events": { up: (db: Kysely<Schema>) => rolloutEvents(db, dialect) },
  };
}
