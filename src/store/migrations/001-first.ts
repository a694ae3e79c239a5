import { type Kysely, sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../schema.ts";

/** Captures with their texts, feedback, recipes, usage and comparisons. */
export async function first(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const { text, counting } = dialect;
  const { schema } = db;
  await schema
    .createTable("captures")
    .addColumn("seq", dialect.key, (column) => column.primaryKey())
    .addColumn("id", text, (column) => column.notNull().unique())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("route", text, (column) => column.notNull())
    .addColumn("rule", text, (column) => column.notNull())
    .addColumn("variant", text, (column) => column.notNull())
    .addColumn("decided", text, (column) => column.notNull())
    .addColumn("path", text, (column) => column.notNull())
    .addColumn("model", text, (column) => column.notNull())
    .addColumn("provider", text, (column) => column.notNull())
    .addColumn("propensity", "double precision", (column) => column.notNull())
    .addColumn("sticky_by", text)
    .addColumn("sticky_key", text)
    .addColumn("rollout", text)
    .addColumn("stage", "integer")
    .addColumn("key", text)
    .addColumn("user", text)
    .addColumn("metadata", text, (column) => column.notNull())
    .addColumn("status", "integer", (column) => column.notNull())
    .addColumn("outcome", text, (column) => column.notNull())
    .addColumn("error_code", text)
    .addColumn("attempts", "integer", (column) => column.notNull())
    .addColumn("stream", "integer", (column) => column.notNull())
    .addColumn("cached", "integer", (column) => column.notNull())
    .addColumn("simulated", "integer", (column) => column.notNull())
    .addColumn("input_tokens", "bigint")
    .addColumn("cached_input_tokens", "bigint")
    .addColumn("output_tokens", "bigint")
    .addColumn("added_tokens", "double precision", (column) => column.notNull())
    .addColumn("cost_usd", "double precision")
    .addColumn("first_token_ms", "double precision")
    .addColumn("duration_ms", "double precision", (column) => column.notNull())
    .addColumn("prompt", text)
    .addColumn("prompt_version", text)
    .addColumn("recipe", text, (column) => column.notNull())
    .addColumn("content_length", "bigint")
    .execute();
  for (const column of ["route", "variant", "outcome"] as const)
    await schema.createIndex(`captures_by_${column}`).on("captures").columns([column, "seq"]).execute();
  for (const column of ["key", "user"] as const)
    await schema
      .createIndex(`captures_by_${column}`)
      .on("captures")
      .columns([column, "seq"])
      .where(sql.ref(column), "is not", null)
      .execute();

  await schema
    .createTable("contents")
    .addColumn("seq", dialect.key, (column) =>
      column.primaryKey().references("captures.seq").onDelete("cascade"),
    )
    .addColumn("request", text, (column) => column.notNull())
    .addColumn("query", text, (column) => column.notNull())
    .addColumn("answer", text)
    .addColumn("answer_text", text, (column) => column.notNull())
    .addColumn("finish_reason", text)
    .addColumn("truncated", "integer", (column) => column.notNull())
    .execute();
  await dialect.createSearch(db);

  await schema
    .createTable("feedback")
    .addColumn("seq", counting.type, counting.mark)
    .addColumn("id", text, (column) => column.notNull().unique())
    .addColumn("request_id", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("kind", text, (column) => column.notNull())
    .addColumn("number", "double precision")
    .addColumn("text", text)
    .addColumn("comment", text)
    .addColumn("key", text)
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("feedback_by_request").on("feedback").columns(["request_id"]).execute();
  await schema.createIndex("feedback_by_at").on("feedback").columns(["at"]).execute();
  await schema
    .createTable("latest_feedback")
    .addColumn("request_id", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("number", "double precision")
    .addColumn("text", text)
    .addPrimaryKeyConstraint("latest_feedback_key", ["request_id", "name"])
    .execute();
  await schema
    .createIndex("latest_feedback_by_value")
    .on("latest_feedback")
    .columns(["name", "number"])
    .execute();

  await schema
    .createTable("recipes")
    .addColumn("version", text, (column) => column.notNull().primaryKey())
    .addColumn("document", text, (column) => column.notNull())
    .execute();
  await schema
    .createTable("usage")
    .addColumn("hour", "bigint", (column) => column.notNull())
    .addColumn("route", text, (column) => column.notNull())
    .addColumn("variant", text, (column) => column.notNull())
    .addColumn("path", text, (column) => column.notNull())
    .addColumn("model", text, (column) => column.notNull())
    .addColumn("prompt_version", text, (column) => column.notNull())
    .addColumn("requests", "bigint", (column) => column.notNull())
    .addColumn("errors", "bigint", (column) => column.notNull())
    .addColumn("failures", "bigint", (column) => column.notNull())
    .addColumn("cached", "bigint", (column) => column.notNull())
    .addColumn("priced", "bigint", (column) => column.notNull())
    .addColumn("input_tokens", "bigint", (column) => column.notNull())
    .addColumn("cached_input_tokens", "bigint", (column) => column.notNull())
    .addColumn("output_tokens", "bigint", (column) => column.notNull())
    .addColumn("added_tokens", "double precision", (column) => column.notNull())
    .addColumn("cost_usd", "double precision", (column) => column.notNull())
    .addColumn("cost_usd_squares", "double precision", (column) => column.notNull())
    .addColumn("duration_ms", "double precision", (column) => column.notNull())
    .addPrimaryKeyConstraint("usage_key", ["hour", "route", "variant", "path", "model", "prompt_version"])
    .execute();
  await schema
    .createTable("usage_parts")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("usage_parts_by_at").on("usage_parts").columns(["at"]).execute();

  await schema
    .createTable("comparisons")
    .addColumn("id", text, (column) => column.notNull().primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("route", text)
    .addColumn("variants", text, (column) => column.notNull())
    .addColumn("summary", text, (column) => column.notNull())
    .execute();
  await schema.createIndex("comparisons_by_at").on("comparisons").columns(["at"]).execute();
  await schema
    .createTable("comparison_rows")
    .addColumn("comparison_id", text, (column) =>
      column.notNull().references("comparisons.id").onDelete("cascade"),
    )
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("capture_id", text)
    .addColumn("user", text)
    .addColumn("document", text, (column) => column.notNull())
    .addPrimaryKeyConstraint("comparison_rows_key", ["comparison_id", "position"])
    .execute();
  for (const column of ["capture_id", "user"] as const)
    await schema
      .createIndex(`comparison_rows_by_${column}`)
      .on("comparison_rows")
      .columns([column])
      .where(sql.ref(column), "is not", null)
      .execute();
}
