import type { CompiledQuery, Transaction } from "kysely";
import type { Schema } from "./schema.ts";

/**
 * Inserts rows of one table by statements that are compiled once for each size: Kysely takes longer to write a statement of many
 * rows than a database to run it.
 */
export class Inserter<R extends object, Result> {
  readonly #compile: (transaction: Transaction<Schema>, rows: readonly R[]) => CompiledQuery<Result>;
  readonly #sizes: readonly number[];
  readonly #compiled = new Map<number, CompiledQuery<Result>>();

  /** @param sizes how many rows a statement may carry, largest first, 1 last */
  constructor(
    sizes: readonly number[],
    compile: (transaction: Transaction<Schema>, rows: readonly R[]) => CompiledQuery<Result>,
  ) {
    this.#sizes = sizes;
    this.#compile = compile;
  }

  /** @param rows all with the same columns in the same order */
  async insert(transaction: Transaction<Schema>, rows: readonly R[]): Promise<Result[]> {
    const results: Result[] = [];
    for (let from = 0; from < rows.length; ) {
      const left = rows.length - from;
      const size = this.#sizes.find((each) => each <= left) ?? 1;
      const some = rows.slice(from, from + size);
      const result = await transaction.executeQuery(this.#query(transaction, some));
      for (const row of result.rows) results.push(row);
      from += size;
    }
    return results;
  }

  #query(transaction: Transaction<Schema>, rows: readonly R[]): CompiledQuery<Result> {
    let query = this.#compiled.get(rows.length);
    if (query === undefined) {
      query = this.#compile(transaction, rows);
      this.#compiled.set(rows.length, query);
    }
    return { ...query, parameters: rows.flatMap((row) => Object.values(row)) };
  }
}
