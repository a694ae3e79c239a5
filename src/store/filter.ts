import type { Expression, ExpressionBuilder, SqlBool } from "kysely";
import type { Dialect } from "./dialect.ts";
import { clean, valueColumns } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { CaptureFilter, FeedbackFilter } from "./store.ts";
import { termsOf } from "./words.ts";

type Builder = ExpressionBuilder<Schema, "captures">;

/** Which rows of `captures` a filter takes. */
export function filtered(eb: Builder, filter: CaptureFilter, dialect: Dialect): Expression<SqlBool> {
  return eb.and([
    ...factConditions(eb, filter),
    ...(filter.search === undefined ? [] : searchConditions(filter.search, dialect)),
    ...(filter.feedback === undefined ? [] : [withFeedback(eb, filter.feedback)]),
  ]);
}

function factConditions(eb: Builder, filter: CaptureFilter): Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = [];
  const equal = (
    column: "route" | "rule" | "variant" | "model" | "prompt_version" | "key" | "user",
    value: string | undefined,
  ) => {
    if (value !== undefined) conditions.push(eb(`captures.${column}`, "=", clean(value)));
  };
  equal("route", filter.route);
  equal("rule", filter.rule);
  equal("variant", filter.variant);
  equal("model", filter.model);
  equal("prompt_version", filter.promptVersion);
  equal("key", filter.key);
  equal("user", filter.user);
  if (filter.path !== undefined) conditions.push(eb("captures.path", "=", filter.path));
  if (filter.outcome !== undefined) conditions.push(eb("captures.outcome", "=", filter.outcome));
  if (filter.status !== undefined) conditions.push(eb("captures.status", "=", filter.status));
  if (filter.cached !== undefined) conditions.push(eb("captures.cached", "=", Number(filter.cached)));
  if (filter.content !== undefined)
    conditions.push(eb("captures.content_length", filter.content ? "is not" : "is", null));
  if (filter.from !== undefined) conditions.push(eb("captures.at", ">=", filter.from));
  if (filter.to !== undefined) conditions.push(eb("captures.at", "<", filter.to));
  return conditions;
}

/** A search without a word, such as one of punctuation alone, narrows nothing. */
function searchConditions(search: string, dialect: Dialect): Expression<SqlBool>[] {
  const terms = termsOf(search);
  return terms.length === 0 ? [] : [dialect.matches(terms)];
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
