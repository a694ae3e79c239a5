import type { Expression, ExpressionBuilder, Selectable, SelectQueryBuilder, SqlBool } from "kysely";
import type { Database } from "./dialect.ts";
import { placeFrom, placeTo } from "./position.ts";
import { clean, valueColumns } from "./rows.ts";
import type { CaptureTable, Schema } from "./schema.ts";
import type { CaptureFilter, FeedbackFilter } from "./store.ts";
import { termsOf } from "./words.ts";

/** A row of `captures`; `place` is its `seq`, by which those that are searched for are found in order. */
export type FoundCapture = Selectable<CaptureTable> & { readonly place: number };
type Found = Omit<Schema, "captures"> & { captures: FoundCapture };
type Builder = ExpressionBuilder<Found, "captures">;

/** The rows of `captures` that a filter takes. A search without a word, such as one of punctuation alone, narrows nothing. */
export function selected(
  { db, dialect }: Database,
  filter: CaptureFilter,
): SelectQueryBuilder<Found, "captures", object> {
  const terms = filter.search === undefined ? [] : termsOf(filter.search);
  return db.selectFrom(dialect.found(terms).as("captures")).where((eb) => eb.and(conditionsOf(eb, filter)));
}

function conditionsOf(eb: Builder, filter: CaptureFilter): readonly Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = [];
  const equal = (
    column: "route" | "rule" | "variant" | "decided" | "run" | "model" | "prompt_version" | "key" | "user",
    value: string | undefined,
  ) => {
    if (value !== undefined) conditions.push(eb(`captures.${column}`, "=", clean(value)));
  };
  equal("route", filter.route);
  equal("rule", filter.rule);
  equal("variant", filter.variant);
  equal("decided", filter.decided);
  equal("run", filter.run);
  equal("model", filter.model);
  equal("prompt_version", filter.promptVersion);
  equal("key", filter.key);
  equal("user", filter.user);
  const { path, outcome, status, cached, simulated, content, from, to, feedback } = filter;
  if (path !== undefined) conditions.push(eb("captures.path", "=", path));
  if (outcome !== undefined) conditions.push(eb("captures.outcome", "=", outcome));
  if (status !== undefined) conditions.push(eb("captures.status", "=", status));
  if (cached !== undefined) conditions.push(eb("captures.cached", "=", Number(cached)));
  if (simulated !== undefined) conditions.push(eb("captures.simulated", "=", Number(simulated)));
  if (content !== undefined) conditions.push(eb("captures.content_length", content ? "is not" : "is", null));
  // The place finds the beginning and the end in an index; the time itself says exactly which.
  if (from !== undefined)
    conditions.push(eb("captures.place", ">=", placeFrom(from)), eb("captures.at", ">=", Math.ceil(from)));
  if (to !== undefined)
    conditions.push(eb("captures.place", "<", placeTo(to)), eb("captures.at", "<", Math.ceil(to)));
  if (feedback !== undefined) conditions.push(withFeedback(eb, feedback));
  return conditions;
}

function withFeedback(eb: Builder, { name, equals, atLeast }: FeedbackFilter): Expression<SqlBool> {
  let latest = eb
    .selectFrom("latest_feedback")
    .select("latest_feedback.request_id")
    .where("latest_feedback.name", "=", clean(name));
  if (equals !== undefined) {
    const { number, text } = valueColumns(equals);
    latest =
      number === null
        ? latest.where("latest_feedback.text", "=", text)
        : latest.where("latest_feedback.number", "=", number);
  }
  if (atLeast !== undefined) latest = latest.where("latest_feedback.number", ">=", atLeast);
  return eb("captures.id", "in", latest);
}
