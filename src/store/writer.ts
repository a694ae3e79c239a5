import type { Transaction } from "kysely";
import type { Capture } from "../domain/capture.ts";
import type { CaptureWords, Dialect } from "./dialect.ts";
import { Inserter } from "./inserts.ts";
import { captureRow, clean, contentRow, usageRow } from "./rows.ts";
import type { CaptureRow, ContentRow, Schema, UsageRow } from "./schema.ts";
import type { Batch } from "./store.ts";
import { wordsOf } from "./words.ts";

/** Writes batches. Holds the statements that it has compiled. */
export class Writer {
  readonly #dialect: Dialect;
  readonly #captures: Inserter<CaptureRow, { seq: number; id: string }>;
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

  async write(transaction: Transaction<Schema>, { captures, recipes, usage }: Batch): Promise<void> {
    for (const recipe of recipes)
      await transaction
        .insertInto("recipes")
        .values({ version: clean(recipe.version), document: JSON.stringify(recipe) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    await this.#writeCaptures(transaction, captures);
    // In one order, so that two writers never wait for each other.
    await this.#usage.insert(transaction, usage.map(usageRow).sort(byKey));
  }

  async #writeCaptures(transaction: Transaction<Schema>, captures: readonly Capture[]): Promise<void> {
    const byId = new Map<string, Capture>();
    for (const capture of captures) {
      const id = clean(capture.id);
      if (!byId.has(id)) byId.set(id, capture);
    }
    const fresh = await this.#captures.insert(transaction, [...byId.values()].map(captureRow));
    const bare = await textless(transaction, byId, new Set(fresh.map(({ id }) => id)));
    const contents: ContentRow[] = [];
    const words: CaptureWords[] = [];
    for (const { seq, id } of [...fresh, ...bare]) {
      const content = byId.get(id)?.content;
      if (content === undefined) continue;
      const row = contentRow(seq, content);
      contents.push(row);
      words.push({ seq, query: wordsOf(row.query), answer: wordsOf(row.answer_text) });
    }
    await this.#contents.insert(transaction, contents);
    await this.#dialect.addWords(transaction, words);
  }
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
      .set({ content_length: captureRow(capture).content_length })
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
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning(["seq", "id"])
    .compile();
}

function compileContents(transaction: Transaction<Schema>, rows: readonly ContentRow[]) {
  return transaction.insertInto("contents").values(rows).compile();
}

const SUMS = [
  "requests",
  "errors",
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
