import type { Kysely, Selectable, Transaction } from "kysely";
import { z } from "zod";
import { clean } from "./rows.ts";
import type { ComparisonTable, Schema } from "./schema.ts";
import type { ComparisonRow, StoredComparison } from "./store.ts";

export interface ComparisonDocument {
  readonly comparison: StoredComparison;
  readonly rows: readonly ComparisonRow[];
}

const names = z.array(z.string());

/** In place of what was there by its id. */
export async function saveComparison(
  transaction: Transaction<Schema>,
  { id, at, route, variants, summary }: StoredComparison,
  rows: readonly ComparisonRow[],
): Promise<void> {
  const comparisonId = clean(id);
  await deleteComparison(transaction, comparisonId);
  await transaction
    .insertInto("comparisons")
    .values({
      id: comparisonId,
      at,
      route: route === undefined ? null : clean(route),
      variants: JSON.stringify(variants),
      summary: clean(summary),
    })
    .execute();
  for (const { index, captureId, user, document } of rows)
    await transaction
      .insertInto("comparison_rows")
      .values({
        comparison_id: comparisonId,
        position: index,
        capture_id: captureId === undefined ? null : clean(captureId),
        user: user === undefined ? null : clean(user),
        document: clean(document),
      })
      .execute();
}

export async function deleteComparison(transaction: Transaction<Schema>, id: string): Promise<void> {
  await transaction.deleteFrom("comparison_rows").where("comparison_id", "=", clean(id)).execute();
  await transaction.deleteFrom("comparisons").where("id", "=", clean(id)).execute();
}

export function comparisonOf(row: Selectable<ComparisonTable>): StoredComparison {
  return {
    id: row.id,
    at: row.at,
    route: row.route ?? undefined,
    variants: names.parse(JSON.parse(row.variants)),
    summary: row.summary,
  };
}

export async function readComparison(
  db: Kysely<Schema>,
  id: string,
): Promise<ComparisonDocument | undefined> {
  const comparison = await db.selectFrom("comparisons").selectAll().where("id", "=", id).executeTakeFirst();
  if (comparison === undefined) return undefined;
  const rows = await db
    .selectFrom("comparison_rows")
    .selectAll()
    .where("comparison_id", "=", id)
    .orderBy("position")
    .execute();
  return {
    comparison: comparisonOf(comparison),
    rows: rows.map((row) => ({
      index: row.position,
      captureId: row.capture_id ?? undefined,
      user: row.user ?? undefined,
      document: row.document,
    })),
  };
}
