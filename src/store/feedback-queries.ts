import { sql, type Transaction } from "kysely";
import type { Feedback } from "../domain/capture.ts";
import type { Database } from "./dialect.ts";
import { selected } from "./filter.ts";
import { feedbackRow } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { CaptureFilter, FeedbackSummary } from "./store.ts";

/** Most labels of a summary, and the longest text that is a label: longer ones are comments and corrections. */
const MOST_LABELS = 100;
const LONGEST_LABEL = 200;

/** Does nothing where its id is there. */
export async function addFeedback(transaction: Transaction<Schema>, feedback: Feedback): Promise<void> {
  const row = feedbackRow(feedback);
  const fresh = await transaction
    .insertInto("feedback")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("seq")
    .executeTakeFirst();
  if (fresh === undefined) return;
  const { request_id, name, at, number, text } = row;
  await transaction
    .insertInto("latest_feedback")
    .values({ request_id, name, at, number, text })
    .onConflict((conflict) =>
      conflict
        .columns(["request_id", "name"])
        .doUpdateSet({ at, number, text })
        .where("latest_feedback.at", "<=", at),
    )
    .execute();
}

/** By route, variant and name. */
export async function summarize(
  database: Database,
  filter: CaptureFilter,
): Promise<readonly FeedbackSummary[]> {
  const { db } = database;
  const given = selected(database, filter)
    .innerJoin("latest_feedback", "latest_feedback.request_id", "captures.id")
    .select(["captures.route", "captures.variant", "latest_feedback.name"])
    .select(["latest_feedback.number", "latest_feedback.text"]);
  // Made once: a database that looks for each mean's captures anew goes through all of them.
  const sums = await db
    .with(
      (cte) => cte("given").materialized(),
      () => given,
    )
    .with("means", (cte) =>
      cte
        .selectFrom("given")
        .select((eb) => ["route", "variant", "name", eb.fn.avg<number | null>("number").as("mean")])
        .groupBy(["route", "variant", "name"]),
    )
    .selectFrom("given")
    .innerJoin("means", (join) =>
      join
        .onRef("means.route", "=", "given.route")
        .onRef("means.variant", "=", "given.variant")
        .onRef("means.name", "=", "given.name"),
    )
    .select((eb) => [
      "given.route",
      "given.variant",
      "given.name",
      "means.mean",
      eb.fn.countAll<number>().as("count"),
      eb.fn.count<number>("given.number").as("numbers"),
      eb.fn.count<number>("given.number").filterWhere("given.number", "in", [0, 1]).as("binary"),
      // In a second pass over the values: the difference of two large sums would have lost the variance.
      sql<number | null>`sum((given.number - means.mean) * (given.number - means.mean))`.as("squares"),
    ])
    .groupBy(["given.route", "given.variant", "given.name", "means.mean"])
    .orderBy("given.route")
    .orderBy("given.variant")
    .orderBy("given.name")
    .execute();
  const labels = await db
    .with(
      (cte) => cte("given").materialized(),
      () => given,
    )
    .with("counted", (cte) =>
      cte
        .selectFrom("given")
        .select((eb) => ["route", "variant", "name", "text", eb.fn.countAll<number>().as("count")])
        .where("text", "is not", null)
        .where(sql<number>`length(text)`, "<=", LONGEST_LABEL)
        .groupBy(["route", "variant", "name", "text"]),
    )
    .with("ranked", (cte) =>
      cte
        .selectFrom("counted")
        .selectAll()
        .select((eb) =>
          eb.fn
            .agg<number>("row_number")
            .over((over) =>
              over.partitionBy(["route", "variant", "name"]).orderBy("count", "desc").orderBy("text"),
            )
            .as("rank"),
        ),
    )
    .selectFrom("ranked")
    .selectAll()
    .where("rank", "<=", MOST_LABELS)
    .orderBy("rank")
    .execute();
  return sums.map(({ route, variant, name, count, numbers, binary, mean, squares }) => ({
    route,
    variant,
    name,
    count,
    numbers,
    binary,
    mean: mean ?? undefined,
    variance: numbers < 2 || squares === null ? undefined : squares / (numbers - 1),
    labels: Object.fromEntries(
      labels
        .filter((each) => each.route === route && each.variant === variant && each.name === name)
        .map((each) => [each.text ?? "", each.count]),
    ),
  }));
}
