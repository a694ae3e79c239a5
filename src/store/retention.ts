import type { Kysely } from "kysely";
import { DELETED_AT_ONCE, erase } from "./deletion.ts";
import type { Database } from "./dialect.ts";
import { placeTo } from "./position.ts";
import type { Schema } from "./schema.ts";

/** How long it is known of usage that it was written, in milliseconds. Who lost the answer asks again within seconds. */
const USAGE_PARTS_MS = 10 * 60 * 1000;

export interface Limits {
  /** Milliseconds since 1970. */
  readonly before: number | undefined;
  readonly maxBytes: number | undefined;
}

/** Deletes what is older, then the oldest until the rest fits. Returns how many captures went. */
export async function retain(database: Database, { before, maxBytes }: Limits): Promise<number> {
  await database.db
    .deleteFrom("usage_parts")
    .where("at", "<", Date.now() - USAGE_PARTS_MS)
    .execute();
  let deleted = 0;
  if (before !== undefined) deleted += await deleteOlder(database, before);
  if (maxBytes !== undefined) deleted += await deleteUntilFits(database, maxBytes);
  if (deleted > 0) await database.dialect.reclaim(database.db);
  return deleted;
}

async function deleteOlder(database: Database, before: number): Promise<number> {
  const { db } = database;
  let deleted = 0;
  for (;;) {
    const step = await deleteOldest(database, DELETED_AT_ONCE, before);
    deleted += step;
    if (step < DELETED_AT_ONCE) break;
  }
  await deleteLonelyFeedback(db, before);
  await db.deleteFrom("comparisons").where("at", "<", before).execute();
  return deleted;
}

/** Feedback on requests that were never captured, or are not any longer. */
async function deleteLonelyFeedback(db: Kysely<Schema>, before: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const table of ["feedback", "latest_feedback"] as const)
      await transaction
        .deleteFrom(table)
        .where(`${table}.at`, "<", before)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("captures")
                .select("captures.seq")
                .whereRef("captures.id", "=", `${table}.request_id`),
            ),
          ),
        )
        .execute();
  });
}

/** Goes half the way in each round: the oldest may be larger than the others. */
async function deleteUntilFits(database: Database, maxBytes: number): Promise<number> {
  const { db, dialect } = database;
  let deleted = 0;
  for (;;) {
    const bytes = await dialect.bytes(db);
    if (bytes <= maxBytes) return deleted;
    const { count } = await db
      .selectFrom("captures")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (count === 0) return deleted;
    let left = Math.ceil((count * (1 - maxBytes / bytes)) / 2);
    while (left > 0) {
      const step = await deleteOldest(database, Math.min(left, DELETED_AT_ONCE), undefined);
      if (step === 0) break;
      deleted += step;
      left -= step;
    }
  }
}

/** One step, in a transaction of its own; others get their turn after it. */
async function deleteOldest(
  { db, dialect }: Database,
  most: number,
  before: number | undefined,
): Promise<number> {
  const deleted = await db.transaction().execute(async (transaction) => {
    let query = transaction.selectFrom("captures").select(["seq", "id"]);
    if (before !== undefined) query = query.where("at", "<", before).where("seq", "<", placeTo(before));
    const oldest = await query.orderBy("seq").limit(most).execute();
    if (oldest.length > 0) await erase(transaction, dialect, oldest);
    return oldest.length;
  });
  await new Promise((done) => setImmediate(done));
  return deleted;
}
