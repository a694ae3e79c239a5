import { type Kysely, sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../schema.ts";

export async function tuningJobs({ schema }: Kysely<Schema>, { text }: Dialect): Promise<void> {
  await schema
    .createTable("tuning_jobs")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("route", text, (column) => column.notNull())
    .addColumn("provider", text, (column) => column.notNull())
    .addColumn("state", text, (column) => column.notNull())
    .addColumn("open", "integer", (column) => column.notNull())
    .addColumn("fingerprint", text, (column) => column.notNull())
    .addColumn("owner", text)
    .addColumn("owned_until", "bigint", (column) => column.notNull())
    .addColumn("revision", "integer", (column) => column.notNull())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
  await schema.createIndex("tuning_jobs_by_at").on("tuning_jobs").columns(["at"]).execute();
  await schema.createIndex("tuning_jobs_by_fingerprint").on("tuning_jobs").columns(["fingerprint"]).execute();
  // Nobody trains the same twice at once.
  await schema
    .createIndex("tuning_jobs_open")
    .unique()
    .on("tuning_jobs")
    .columns(["fingerprint"])
    .where(sql.ref("open"), "=", 1)
    .execute();
}
