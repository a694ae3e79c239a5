import type { Transaction } from "kysely";
import type { Database, Dialect } from "./dialect.ts";
import { selected } from "./filter.ts";
import { clean } from "./rows.ts";
import type { Schema } from "./schema.ts";
import type { CaptureFilter, Deleted } from "./store.ts";

/** Captures of one transaction: others wait for it some milliseconds. */
export const DELETED_AT_ONCE = 100;

export interface CaptureKey {
  readonly seq: number;
  readonly id: string;
}

/** Deletes captures with all that hangs on them. Returns how much feedback went. */
export async function erase(
  transaction: Transaction<Schema>,
  dialect: Dialect,
  captures: readonly CaptureKey[],
): Promise<number> {
  const seqs = captures.map(({ seq }) => seq);
  const ids = captures.map(({ id }) => id);
  await dialect.removeWords(transaction, seqs);
  await transaction.deleteFrom("contents").where("seq", "in", seqs).execute();
  await transaction.deleteFrom("captures").where("seq", "in", seqs).execute();
  return eraseFeedback(transaction, ids);
}

async function eraseFeedback(
  transaction: Transaction<Schema>,
  requestIds: readonly string[],
): Promise<number> {
  await transaction.deleteFrom("latest_feedback").where("request_id", "in", requestIds).execute();
  const { numDeletedRows } = await transaction
    .deleteFrom("feedback")
    .where("request_id", "in", requestIds)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

type Target = CaptureFilter & ({ readonly user: string } | { readonly id: string });

/** In steps, and at last from the files too. */
export async function deleteCaptures({ db, dialect }: Database, target: Target): Promise<Deleted> {
  const id = "id" in target ? clean(target.id) : undefined;
  const sum = { captures: 0, feedback: 0, comparisonRows: 0 };
  let step = 0;
  do {
    step = await db.transaction().execute(async (transaction) => {
      let query = selected({ db: transaction, dialect }, target).select(["captures.seq", "captures.id"]);
      if (id !== undefined) query = query.where("captures.id", "=", id);
      const captures = await query.limit(DELETED_AT_ONCE).execute();
      if (captures.length === 0) return 0;
      const ids = captures.map((capture) => capture.id);
      sum.feedback += await erase(transaction, dialect, captures);
      const { numDeletedRows } = await transaction
        .deleteFrom("comparison_rows")
        .where("capture_id", "in", ids)
        .executeTakeFirst();
      sum.comparisonRows += Number(numDeletedRows);
      sum.captures += captures.length;
      return captures.length;
    });
  } while (step === DELETED_AT_ONCE);
  await db.transaction().execute(async (transaction) => {
    const rest = await eraseRest(transaction, target, id);
    sum.feedback += rest.feedback;
    sum.comparisonRows += rest.comparisonRows;
  });
  await dialect.scrub(db);
  return sum;
}

/** What is left of a request or a user whose captures went before, where nothing else narrows the filter. */
async function eraseRest(
  transaction: Transaction<Schema>,
  target: Target,
  id: string | undefined,
): Promise<Omit<Deleted, "captures">> {
  const { user, ...others } = target;
  const narrows = Object.entries(others).some(([name, value]) => name !== "id" && value !== undefined);
  if (narrows || (id !== undefined && user !== undefined)) return { feedback: 0, comparisonRows: 0 };
  const rows = transaction.deleteFrom("comparison_rows");
  const { numDeletedRows } = await (id === undefined
    ? rows.where("user", "=", clean(user ?? ""))
    : rows.where("capture_id", "=", id)
  ).executeTakeFirst();
  return {
    feedback: id === undefined ? 0 : await eraseFeedback(transaction, [id]),
    comparisonRows: Number(numDeletedRows),
  };
}
