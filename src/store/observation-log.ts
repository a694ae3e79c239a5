import type { Kysely, Transaction } from "kysely";
import type { Database, Dialect } from "./dialect.ts";
import type { LogPart, StoredSnapshot } from "./rollout-store.ts";
import { clean } from "./rows.ts";
import type { Schema } from "./schema.ts";
import { StoreError } from "./store.ts";

/** Entries that are read at once. */
const MOST_ENTRIES = 1000;
/** How long it is known of an entry that it was put there, in milliseconds. Who lost the answer asks again within seconds. */
const ENTRIES_MS = 10 * 60 * 1000;

/**
 * Whoever appends holds the run until all is committed, so that who has read an entry has read all before it.
 * @throws StoreError for a run that is not there
 */
export function appendObservations(
  { db, dialect }: Database,
  runId: string,
  entryId: string,
  document: string,
  after: number,
): Promise<LogPart> {
  const run = clean(runId);
  return db.transaction().execute(async (transaction) => {
    const held = await holdRun(transaction, dialect, run);
    if (held === undefined) throw noRun();
    if (await isNew(transaction, entryId)) await append(transaction, run, document);
    return { ...(await entriesAfter(transaction, run, after)), revision: held.revision };
  });
}

/** Nobody else appends to the run's log, or changes it, until the transaction ends. @returns undefined for one that is not there */
export async function holdRun(
  transaction: Transaction<Schema>,
  dialect: Dialect,
  run: string,
): Promise<{ readonly revision: number } | undefined> {
  return transaction
    .selectFrom("rollout_runs")
    .select("revision")
    .where("id", "=", run)
    .modifyEnd(dialect.holdRows)
    .executeTakeFirst();
}

/** Number of the last entry of a run's log; 0: it has none. */
export async function lastEntry(transaction: Transaction<Schema>, run: string): Promise<number> {
  const { last } = await transaction
    .selectFrom("rollout_observations")
    .select((eb) => eb.fn.max("seq").as("last"))
    .where("run", "=", run)
    .executeTakeFirstOrThrow();
  return last ?? 0;
}

/** Notes that the entry is put there. @returns false when it was already */
async function isNew(transaction: Transaction<Schema>, id: string): Promise<boolean> {
  const noted = await transaction
    .insertInto("rollout_entries")
    .values({ id: clean(id), at: Date.now() })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return noted !== undefined;
}

async function append(transaction: Transaction<Schema>, run: string, document: string): Promise<void> {
  await transaction
    .insertInto("rollout_observations")
    .columns(["run", "seq", "document"])
    .expression((eb) =>
      eb
        .selectFrom("rollout_observations")
        .select((each) => [
          each.val(run).as("run"),
          each(each.fn.coalesce(each.fn.max("seq"), each.lit(0)), "+", 1).as("seq"),
          each.val(clean(document)).as("document"),
        ])
        .where("run", "=", run),
    )
    .execute();
}

/** @throws StoreError for a run that is not there */
export async function readObservations(db: Kysely<Schema>, runId: string, after: number): Promise<LogPart> {
  const run = clean(runId);
  const found = await db
    .selectFrom("rollout_runs")
    .select("revision")
    .where("id", "=", run)
    .executeTakeFirst();
  if (found === undefined) throw noRun();
  return { ...(await entriesAfter(db, run, after)), revision: found.revision };
}

async function entriesAfter(
  db: Kysely<Schema>,
  run: string,
  after: number,
): Promise<Omit<LogPart, "revision">> {
  // With the one that is known: that it is there tells that the log goes on from it.
  const rows = await db
    .selectFrom("rollout_observations")
    .select(["seq", "document"])
    .where("run", "=", run)
    .where("seq", ">=", after)
    .orderBy("seq")
    .limit(MOST_ENTRIES + 1)
    .execute();
  const [first] = rows;
  const isThere = first?.seq === after;
  return {
    entries: isThere ? rows.slice(1) : rows.slice(0, MOST_ENTRIES),
    isCut: after === 0 ? first !== undefined && first.seq > 1 : !isThere,
  };
}

/** Those who have not read the snapshot yet find the entries since the one before. */
export function saveSnapshot({ db, dialect }: Database, snapshot: StoredSnapshot): Promise<void> {
  const run = clean(snapshot.run);
  const { seq } = snapshot;
  const document = clean(snapshot.document);
  return db.transaction().execute(async (transaction) => {
    const before = await transaction
      .selectFrom("rollout_snapshots")
      .select("seq")
      .where("run", "=", run)
      .modifyEnd(dialect.holdRows)
      .executeTakeFirst();
    if (before === undefined) {
      await transaction
        .insertInto("rollout_snapshots")
        .values({ run, seq, document })
        // Somebody kept the first one meanwhile: the next ones will do.
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    }
    if (before.seq >= seq) return;
    await transaction
      .updateTable("rollout_snapshots")
      .set({ seq, document })
      .where("run", "=", run)
      .execute();
    await transaction
      .deleteFrom("rollout_observations")
      .where("run", "=", run)
      .where("seq", "<", before.seq)
      .execute();
  });
}

export async function readSnapshot(db: Kysely<Schema>, run: string): Promise<StoredSnapshot | undefined> {
  return db
    .selectFrom("rollout_snapshots")
    .select(["run", "seq", "document"])
    .where("run", "=", clean(run))
    .executeTakeFirst();
}

/** Forgets which entries were put there a while ago. */
export async function forgetEntries(db: Kysely<Schema>): Promise<void> {
  await db
    .deleteFrom("rollout_entries")
    .where("at", "<", Date.now() - ENTRIES_MS)
    .execute();
}

/** The caller's own fault: the store works. */
function noRun(): StoreError {
  return new StoreError("the run is not in the store", false, true);
}
