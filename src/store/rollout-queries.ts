import type { Kysely, Selectable, Transaction } from "kysely";
import type { Database } from "./dialect.ts";
import { addEvent } from "./event-queries.ts";
import { holdRun, lastEntry } from "./observation-log.ts";
import type { ChangeFilter, SaveOptions, StoredChange, StoredRun } from "./rollout-store.ts";
import { clean } from "./rows.ts";
import type { RolloutChangeTable, RolloutRunTable, Schema } from "./schema.ts";

type RunRow = Selectable<RolloutRunTable>;

/** Run and changes are saved both or neither. @returns false for who comes second */
export function saveRun(
  { db, dialect }: Database,
  run: StoredRun,
  changes: readonly StoredChange[],
  { replaces, upTo, event }: SaveOptions,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    if (upTo !== undefined) {
      await holdRun(transaction, dialect, clean(run.id));
      if ((await lastEntry(transaction, clean(run.id))) > upTo) return false;
    }
    const isSaved =
      run.revision === 1 ? await begin(transaction, run, replaces) : await replace(transaction, run);
    if (isSaved && changes.length > 0)
      await transaction.insertInto("rollout_changes").values(changes.map(changeRow)).execute();
    if (isSaved && event !== undefined) await addEvent(transaction, event);
    return isSaved;
  });
}

async function begin(
  transaction: Transaction<Schema>,
  run: StoredRun,
  replaces: string | undefined,
): Promise<boolean> {
  const newest = await transaction
    .selectFrom("rollout_runs")
    .select(["id", "number"])
    .where("rollout", "=", clean(run.rollout))
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  if (newest?.id !== (replaces === undefined ? undefined : clean(replaces))) return false;
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto("rollout_runs")
    .values({ ...runRow(run), number: (newest?.number ?? 0) + 1 })
    // One of this id, or one that somebody began meanwhile.
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

async function replace(transaction: Transaction<Schema>, run: StoredRun): Promise<boolean> {
  const { id, ...changed } = runRow(run);
  const { numUpdatedRows } = await transaction
    .updateTable("rollout_runs")
    .set(changed)
    .where("id", "=", id)
    .where("revision", "=", run.revision - 1)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** By the names of their rollouts. */
export async function readNewestRuns(db: Kysely<Schema>): Promise<readonly StoredRun[]> {
  const rows = await db
    .selectFrom("rollout_runs as run")
    .innerJoin(
      (eb) =>
        eb
          .selectFrom("rollout_runs")
          .select((each) => ["rollout", each.fn.max("number").as("number")])
          .groupBy("rollout")
          .as("newest"),
      (join) => join.onRef("newest.rollout", "=", "run.rollout").onRef("newest.number", "=", "run.number"),
    )
    .selectAll("run")
    .orderBy("run.rollout")
    .execute();
  return rows.map(runOf);
}

export async function readRun(db: Kysely<Schema>, id: string): Promise<StoredRun | undefined> {
  const row = await db.selectFrom("rollout_runs").selectAll().where("id", "=", clean(id)).executeTakeFirst();
  return row && runOf(row);
}

export async function readRunsOf(
  db: Kysely<Schema>,
  rollout: string,
  limit: number,
): Promise<readonly StoredRun[]> {
  const rows = await db
    .selectFrom("rollout_runs")
    .selectAll()
    .where("rollout", "=", clean(rollout))
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(runOf);
}

export async function readChanges(
  db: Kysely<Schema>,
  { rollout, before, limit }: ChangeFilter,
): Promise<readonly StoredChange[]> {
  const all = db
    .selectFrom("rollout_changes")
    .selectAll()
    .where("rollout", "=", clean(rollout))
    .orderBy("at", "desc")
    .orderBy("seq", "desc");
  const page = before === undefined ? all : all.where("at", "<", before);
  const rows = await page.limit(limit).execute();
  const last = rows.length < limit ? undefined : rows.at(-1);
  if (last === undefined) return rows.map(changeOf);
  // The next page begins before this moment.
  const rest = await all.where("at", "=", last.at).where("seq", "<", last.seq).execute();
  return [...rows, ...rest].map(changeOf);
}

function runRow(run: StoredRun): Omit<RunRow, "number"> {
  return {
    id: clean(run.id),
    rollout: clean(run.rollout),
    at: run.at,
    state: run.state,
    revision: run.revision,
    document: clean(run.document),
  };
}

function runOf({ number: _, ...run }: RunRow): StoredRun {
  return run;
}

function changeRow(change: StoredChange): Omit<Selectable<RolloutChangeTable>, "seq"> {
  return {
    id: clean(change.id),
    run: clean(change.run),
    rollout: clean(change.rollout),
    at: change.at,
    action: change.action,
    document: clean(change.document),
  };
}

function changeOf({ seq: _, ...change }: Selectable<RolloutChangeTable>): StoredChange {
  return change;
}
