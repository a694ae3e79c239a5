import type { Kysely } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../schema.ts";

/** Runs of rollouts with their logs, the rules by which requests were decided, and what a capture tells of both. */
export async function rollouts(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  await runs(db, dialect);
  await log(db, dialect);
  const { schema } = db;
  const { text } = dialect;
  await schema
    .createTable("rule_sets")
    .addColumn("version", text, (column) => column.notNull().primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
  // One at a time: SQLite takes no more.
  await schema.alterTable("captures").addColumn("run", text).execute();
  await schema.alterTable("captures").addColumn("epoch", "integer").execute();
  await schema.alterTable("captures").addColumn("share", "double precision").execute();
  await schema.alterTable("captures").addColumn("table_version", text).execute();
  await schema.alterTable("captures").addColumn("calls", text).execute();
}

async function runs({ schema }: Kysely<Schema>, { text, counting }: Dialect): Promise<void> {
  await schema
    .createTable("rollout_runs")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("rollout", text, (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", text, (column) => column.notNull())
    .addColumn("revision", "integer", (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
  // Of those who start a rollout at once, one does.
  await schema
    .createIndex("rollout_runs_by_number")
    .unique()
    .on("rollout_runs")
    .columns(["rollout", "number"])
    .execute();
  await schema
    .createTable("rollout_changes")
    .addColumn("seq", counting.type, counting.mark)
    .addColumn("id", text, (column) => column.notNull().unique())
    .addColumn("run", text, (column) => column.notNull())
    .addColumn("rollout", text, (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("action", text, (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
  await schema
    .createIndex("rollout_changes_by_rollout")
    .on("rollout_changes")
    .columns(["rollout", "at", "seq"])
    .execute();
}

async function log({ schema }: Kysely<Schema>, { text }: Dialect): Promise<void> {
  await schema
    .createTable("rollout_observations")
    .addColumn("run", text, (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .addPrimaryKeyConstraint("rollout_observations_key", ["run", "seq"])
    .execute();
  // Entries that went into a snapshot are deleted, and still must not be put there again.
  await schema
    .createTable("rollout_entries")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("rollout_entries_by_at").on("rollout_entries").columns(["at"]).execute();
  await schema
    .createTable("rollout_snapshots")
    .addColumn("run", text, (column) => column.notNull().primaryKey())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
}
