import { sql, type Transaction } from "kysely";
import type { Capture } from "../domain/capture.ts";
import type { CaptureWords, Dialect } from "./dialect.ts";
import { Inserter } from "./inserts.ts";
import { placeOf } from "./position.ts";
import { captureRow, clean, contentRow, usageRow } from "./rows.ts";
import type { CaptureRow, ContentRow, Schema, UsageRow } from "./schema.ts";
import type { Batch } from "./store.ts";
import { wordsOf } from "./words.ts";

type Stored = Pick<CaptureRow, "seq" | "id">;

/** Writes batches. Holds the statements that it has compiled. */
export class Writer {
  readonly #dialect: Dialect;
  readonly #captures: Inserter<CaptureRow, Stored>;
  readonly #contents: Inserter<ContentRow, unknown>;
  readonly #usage: Inserter<UsageRow, unknown>;

  constructor(dialect: Dialect) {
    const { insertSizes } = dialect;
    this.#dialect = dialect;
    this.#captures = new Inserter(insertSizes, compileCaptures);
    this.#contents = new Inserter(insertSizes, compileContents);
    // One row a statement: two of the same hour could not be added to it at once.
    this.#usage = new Inserter([1], compileUsage);
  }

  async write(transaction: Transaction<Schema>, { captures, recipes, usage, usageId }: Batch): Promise<void> {
    // In one order, so that two writers never wait for each other.
    for (const recipe of recipes.toSorted((a, b) => (a.version < b.version ? -1 : 1)))
      await transaction
        .insertInto("recipes")
        .values({ version: clean(recipe.version), document: JSON.stringify(recipe) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    await this.#writeCaptures(transaction, captures);
    if (usageId !== undefined && !(await isNew(transaction, usageId))) return;
    await this.#usage.insert(transaction, usage.map(usageRow).sort(byKey));
  }

  async #writeCaptures(transaction: Transaction<Schema>, captures: readonly Capture[]): Promise<void> {
    const byId = new Map<string, Capture>();
    for (const capture of captures) {
      const id = clean(capture.id);
      if (!byId.has(id)) byId.set(id, capture);
    }
    const rows = inPlaces([...byId.values()].map((capture) => captureRow(placeOf(capture), capture)));
    const stored = await this.#captures.insert(transaction, rows);
    if (stored.length < rows.length) stored.push(...(await this.#retry(transaction, rows, stored)));
    const bare = await textless(transaction, byId, new Set(stored.map(({ id }) => id)));
    const contents: ContentRow[] = [];
    const words: CaptureWords[] = [];
    for (const { seq, id } of [...stored, ...bare]) {
      const content = byId.get(id)?.content;
      if (content === undefined) continue;
      const row = contentRow(seq, content);
      contents.push(row);
      words.push({ seq, words: wordsOf([row.query, row.answer_text]) });
    }
    await this.#contents.insert(transaction, contents);
    await this.#dialect.addWords(transaction, words);
  }

  /** Most that were not stored are there already; of the others, the place was taken. */
  async #retry(
    transaction: Transaction<Schema>,
    rows: readonly CaptureRow[],
    stored: readonly Stored[],
  ): Promise<Stored[]> {
    const done = new Set(stored.map(({ id }) => id));
    const left = rows.filter(({ id }) => !done.has(id));
    const known = await transaction
      .selectFrom("captures")
      .select("id")
      .where(
        "id",
        "in",
        left.map(({ id }) => id),
      )
      .execute();
    for (const { id } of known) done.add(id);
    const more: Stored[] = [];
    let free = 0;
    for (const row of left.filter(({ id }) => !done.has(id))) {
      let placed: Stored[] = [];
      while (placed.length === 0) {
        free = await freePlace(transaction, Math.max(row.seq, free));
        placed = await this.#captures.insert(transaction, [{ ...row, seq: free }]);
        free++;
      }
      more.push(...placed);
    }
    return more;
  }
}

/** Notes that usage of this id is written. @returns false when it was already */
async function isNew(transaction: Transaction<Schema>, usageId: string): Promise<boolean> {
  const noted = await transaction
    .insertInto("usage_parts")
    .values({ id: clean(usageId), at: Date.now() })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return noted !== undefined;
}

/** By place, each in one of its own: the search takes them fastest in this order. */
function inPlaces(rows: readonly CaptureRow[]): readonly CaptureRow[] {
  let last = -1;
  return rows
    .toSorted((a, b) => a.seq - b.seq)
    .map((row) => {
      last = Math.max(row.seq, last + 1);
      return last === row.seq ? row : { ...row, seq: last };
    });
}

/** The first free place from this one on: after the first that is taken and has none next to it. */
async function freePlace(transaction: Transaction<Schema>, from: number): Promise<number> {
  const taken = await transaction
    .selectFrom("captures")
    .select("seq")
    .where("seq", "=", from)
    .executeTakeFirst();
  if (taken === undefined) return from;
  const { free } = await transaction
    .selectFrom("captures as each")
    .select((eb) => eb("each.seq", "+", 1).as("free"))
    .where("each.seq", ">=", from)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("captures as next").select("next.seq").where("next.seq", "=", sql<number>`each.seq + 1`),
        ),
      ),
    )
    .orderBy("each.seq")
    .limit(1)
    .executeTakeFirstOrThrow();
  return free;
}

/** Captures that are there without texts, and whose texts have come now. They are marked as having them. */
async function textless(
  transaction: Transaction<Schema>,
  given: ReadonlyMap<string, Capture>,
  fresh: ReadonlySet<string>,
): Promise<readonly { readonly seq: number; readonly id: string }[]> {
  const late = [...given].filter(([id, { content }]) => content !== undefined && !fresh.has(id));
  const found = [];
  for (const [id, capture] of late) {
    const row = await transaction
      .updateTable("captures")
      .set({ content_length: captureRow(0, capture).content_length })
      .where("id", "=", id)
      .where("content_length", "is", null)
      .returning(["seq", "id"])
      .executeTakeFirst();
    if (row !== undefined) found.push(row);
  }
  return found;
}

function byKey(a: UsageRow, b: UsageRow): number {
  const [left, right] = [a, b].map(({ hour, route, variant, path, model, prompt_version }) =>
    JSON.stringify([hour, route, variant, path, model, prompt_version]),
  );
  return left === undefined || right === undefined || left < right ? -1 : 1;
}

function compileCaptures(transaction: Transaction<Schema>, rows: readonly CaptureRow[]) {
  return transaction
    .insertInto("captures")
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning(["seq", "id"])
    .compile();
}

function compileContents(transaction: Transaction<Schema>, rows: readonly ContentRow[]) {
  return transaction.insertInto("contents").values(rows).compile();
}

const SUMS = [
  "requests",
  "errors",
  "failures",
  "cached",
  "priced",
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "added_tokens",
  "cost_usd",
  "cost_usd_squares",
  "duration_ms",
] as const;

function compileUsage(transaction: Transaction<Schema>, rows: readonly UsageRow[]) {
  return transaction
    .insertInto("usage")
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(["hour", "route", "variant", "path", "model", "prompt_version"])
        .doUpdateSet((eb) =>
          Object.fromEntries(SUMS.map((sum) => [sum, eb(`usage.${sum}`, "+", eb.ref(`excluded.${sum}`))])),
        ),
    )
    .compile();
}
