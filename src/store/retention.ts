import type { Kysely, Transaction } from "kysely";
import { DELETED_AT_ONCE, erase } from "./deletion.ts";
import type { Database } from "./dialect.ts";
import { forgetEvents } from "./event-queries.ts";
import { forgetEntries } from "./observation-log.ts";
import { placeTo } from "./position.ts";
import { forgetRuleSets } from "./rule-set-queries.ts";
import type { Schema } from "./schema.ts";

/** How long it is known of usage that it was written, in milliseconds. Who lost the answer asks again within seconds. */
const USAGE_PARTS_MS = 10 * 60 * 1000;

export interface Limits {
  /** Milliseconds since 1970. */
  readonly before: number | undefined;
  readonly maxBytes: number | undefined;
}

/** What went. */
interface Gone {
  captures: number;
  others: number;
}

/** Deletes what is older, then the oldest until the rest fits. Returns how many captures went. */
export async function retain(database: Database, { before, maxBytes }: Limits): Promise<number> {
  await database.db
    .deleteFrom("usage_parts")
    .where("at", "<", Date.now() - USAGE_PARTS_MS)
    .execute();
  await forgetEntries(database.db);
  await forgetEvents(database.db);
  const gone = { captures: 0, others: 0 };
  if (before !== undefined) await deleteOlder(database, before, gone);
  if (maxBytes !== undefined) await deleteUntilFits(database, maxBytes, gone);
  await forgetRuleSets(database.db);
  if (gone.captures + gone.others > 0) await database.dialect.reclaim(database.db);
  return gone.captures;
}

async function deleteOlder(database: Database, before: number, gone: Gone): Promise<void> {
  gone.captures += await inSteps((most) => deleteCaptures(database, most, before));
  for (const table of ["feedback", "latest_feedback"] as const)
    gone.others += await inSteps((most) => deleteLonely(database, table, most, before));
  gone.others += await inSteps((most) => deleteComparisons(database, most, before));
}

/** @param step deletes so many at most, and returns how many it did */
async function inSteps(step: (most: number) => Promise<number>): Promise<number> {
  for (let deleted = 0; ; ) {
    const count = await step(DELETED_AT_ONCE);
    deleted += count;
    if (count < DELETED_AT_ONCE) return deleted;
  }
}

/** The oldest captures and comparisons. Goes half the way in each round: the oldest may be larger than the others. */
async function deleteUntilFits(database: Database, maxBytes: number, gone: Gone): Promise<void> {
  const { db, dialect } = database;
  for (;;) {
    const bytes = await dialect.bytes(db);
    if (bytes <= maxBytes) return;
    const count = (await countOf(db, "captures")) + (await countOf(db, "comparisons"));
    if (count === 0) return;
    let left = Math.ceil((count * (1 - maxBytes / bytes)) / 2);
    while (left > 0) {
      const step = await deleteOldest(database, Math.min(left, DELETED_AT_ONCE));
      gone.captures += step.captures;
      gone.others += step.others;
      if (step.captures + step.others === 0) break;
      left -= step.captures + step.others;
    }
  }
}

async function countOf(db: Kysely<Schema>, table: "captures" | "comparisons"): Promise<number> {
  const { count } = await db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** Captures up to the oldest comparison, or the comparisons that are older than all captures. */
async function deleteOldest(database: Database, most: number): Promise<Gone> {
  const { db } = database;
  const capture = await db.selectFrom("captures").select("at").orderBy("seq").limit(1).executeTakeFirst();
  const comparison = await db
    .selectFrom("comparisons")
    .select("at")
    .orderBy("at")
    .limit(1)
    .executeTakeFirst();
  if (comparison === undefined || (capture !== undefined && capture.at <= comparison.at))
    return { captures: await deleteCaptures(database, most, comparison && comparison.at + 1), others: 0 };
  return { captures: 0, others: await deleteComparisons(database, most, capture?.at) };
}

/** The oldest captures with all that hangs on them. */
function deleteCaptures(database: Database, most: number, before: number | undefined): Promise<number> {
  return oneStep(database, async (transaction) => {
    let query = transaction.selectFrom("captures").select(["seq", "id"]);
    if (before !== undefined) query = query.where("at", "<", before).where("seq", "<", placeTo(before));
    const oldest = await query.orderBy("seq").limit(most).execute();
    if (oldest.length > 0) await erase(transaction, database.dialect, oldest);
    return oldest.length;
  });
}

/** The oldest comparisons with their rows. */
function deleteComparisons(database: Database, most: number, before: number | undefined): Promise<number> {
  return oneStep(database, async (transaction) => {
    let query = transaction.selectFrom("comparisons").select("id");
    if (before !== undefined) query = query.where("at", "<", before);
    const ids = (await query.orderBy("at").limit(most).execute()).map(({ id }) => id);
    if (ids.length > 0) await transaction.deleteFrom("comparisons").where("id", "in", ids).execute();
    return ids.length;
  });
}

/** Feedback on requests that were never captured, or are not any longer. */
function deleteLonely(
  database: Database,
  table: "feedback" | "latest_feedback",
  most: number,
  before: number,
): Promise<number> {
  return oneStep(database, async (transaction) => {
    const lonely = await transaction
      .selectFrom(table)
      .select("request_id")
      .where(`${table}.at`, "<", before)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("captures").select("captures.seq").whereRef("captures.id", "=", `${table}.request_id`),
          ),
        ),
      )
      .limit(most)
      .execute();
    const ids = lonely.map(({ request_id: id }) => id);
    if (ids.length > 0)
      await transaction.deleteFrom(table).where("request_id", "in", ids).where("at", "<", before).execute();
    return ids.length;
  });
}

/** A step in a transaction of its own; others get their turn after it. */
async function oneStep(
  { db }: Database,
  work: (transaction: Transaction<Schema>) => Promise<number>,
): Promise<number> {
  const deleted = await db.transaction().execute(work);
  await new Promise((done) => setImmediate(done));
  return deleted;
}
