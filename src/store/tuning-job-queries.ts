import { type Kysely, type Selectable, sql, type Updateable } from "kysely";
import { deleteComparison } from "./comparison-queries.ts";
import type { Database } from "./dialect.ts";
import { clean } from "./rows.ts";
import type { Schema, TuningJobTable } from "./schema.ts";
import type { StoredTuningJob, TuningJobColumns, TuningJobFilter } from "./tuning-jobs.ts";

/** One statement each: whoever comes second changes nothing. @returns false for who did */
export function saveTuningJob(db: Kysely<Schema>, job: StoredTuningJob): Promise<boolean> {
  return job.revision === 1 ? insert(db, job) : replace(db, job);
}

async function insert(db: Kysely<Schema>, job: StoredTuningJob): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("tuning_jobs")
    .values(rowOf(job))
    // One of this id, or an open one of this fingerprint.
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

async function replace(db: Kysely<Schema>, job: StoredTuningJob): Promise<boolean> {
  const { id, ...changed } = rowOf(job);
  try {
    const { numUpdatedRows } = await db
      .updateTable("tuning_jobs")
      .set(changed satisfies Updateable<TuningJobTable>)
      .where("id", "=", id)
      .where("revision", "=", job.revision - 1)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  } catch (error) {
    // One that is opened again, while another of its fingerprint is open.
    if (job.open && (await isOpenElsewhere(db, changed.fingerprint, id))) return false;
    throw error;
  }
}

async function isOpenElsewhere(db: Kysely<Schema>, fingerprint: string, id: string): Promise<boolean> {
  const other = await db
    .selectFrom("tuning_jobs")
    .select("id")
    .where("fingerprint", "=", fingerprint)
    .where("open", "=", 1)
    .where("id", "!=", id)
    .executeTakeFirst();
  return other !== undefined;
}

/** @returns false for who comes second */
export async function renewTuningJob(
  db: Kysely<Schema>,
  { id, ownedUntil, revision }: Pick<StoredTuningJob, "id" | "ownedUntil" | "revision">,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("tuning_jobs")
    .set({ owned_until: ownedUntil, revision })
    .where("id", "=", clean(id))
    .where("revision", "=", revision - 1)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** With its comparison. @returns false for who comes second */
export async function deleteTuningJob(
  { db, dialect }: Database,
  { id, revision }: Pick<StoredTuningJob, "id" | "revision">,
  comparison: string | undefined,
): Promise<boolean> {
  const isDeleted = await db.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction
      .deleteFrom("tuning_jobs")
      .where("id", "=", clean(id))
      .where("revision", "=", revision)
      .executeTakeFirst();
    if (numDeletedRows !== 1n) return false;
    if (comparison !== undefined) await deleteComparison(transaction, comparison);
    return true;
  });
  if (isDeleted) await dialect.scrub(db);
  return isDeleted;
}

export async function readTuningJob(db: Kysely<Schema>, id: string): Promise<StoredTuningJob | undefined> {
  const row = await db.selectFrom("tuning_jobs").selectAll().where("id", "=", clean(id)).executeTakeFirst();
  return row && jobOf(row);
}

export async function readTuningJobs(
  db: Kysely<Schema>,
  { open, route, fingerprint, limit }: TuningJobFilter,
): Promise<readonly StoredTuningJob[]> {
  let query = db.selectFrom("tuning_jobs").selectAll();
  if (open !== undefined) query = query.where("open", "=", open ? 1 : 0);
  if (route !== undefined) query = query.where("route", "=", clean(route));
  if (fingerprint !== undefined) query = query.where("fingerprint", "=", clean(fingerprint));
  const rows = await query.orderBy("at", "desc").orderBy("id", "desc").limit(limit).execute();
  return rows.map(jobOf);
}

const COLUMNS = [
  "id",
  "at",
  "route",
  "provider",
  "state",
  "open",
  "fingerprint",
  "owner",
  "owned_until",
  "revision",
] as const satisfies readonly (keyof TuningJobTable)[];

export async function readOpenTuningJobs(
  db: Kysely<Schema>,
  limit: number,
): Promise<readonly TuningJobColumns[]> {
  const rows = await db
    .selectFrom("tuning_jobs")
    .select(COLUMNS)
    // As the index of open jobs has it: with a parameter SQLite would read the whole table.
    .where("open", "=", sql.lit(1))
    .orderBy("at")
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(columnsOf);
}

function rowOf(job: StoredTuningJob): Selectable<TuningJobTable> {
  return {
    id: clean(job.id),
    at: job.at,
    route: clean(job.route),
    provider: clean(job.provider),
    state: job.state,
    open: job.open ? 1 : 0,
    fingerprint: clean(job.fingerprint),
    owner: job.owner === undefined ? null : clean(job.owner),
    owned_until: job.ownedUntil,
    revision: job.revision,
    document: clean(job.document),
  };
}

function jobOf(row: Selectable<TuningJobTable>): StoredTuningJob {
  return { ...columnsOf(row), document: row.document };
}

function columnsOf(row: Selectable<Pick<TuningJobTable, (typeof COLUMNS)[number]>>): TuningJobColumns {
  return {
    id: row.id,
    at: row.at,
    route: row.route,
    provider: row.provider,
    state: row.state,
    open: row.open === 1,
    fingerprint: row.fingerprint,
    owner: row.owner ?? undefined,
    ownedUntil: row.owned_until,
    revision: row.revision,
  };
}
