import type { Kysely } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../schema.ts";

/** What webhooks are still to be told of. */
export async function rolloutEvents({ schema }: Kysely<Schema>, { text }: Dialect): Promise<void> {
  await schema
    .createTable("rollout_events")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("rollout", text, (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("due", "bigint", (column) => column.notNull())
    .addColumn("body", text, (column) => column.notNull())
    .execute();
}
