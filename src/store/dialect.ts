import type { ColumnDefinitionBuilder, Expression, Kysely, RawBuilder, SqlBool, Transaction } from "kysely";
import type { Schema } from "./schema.ts";

/** The words of a capture's texts, as `wordsOf` makes them. */
export interface CaptureWords {
  readonly seq: number;
  readonly query: readonly string[];
  readonly answer: readonly string[];
}

/** All in which SQLite and Postgres differ. */
export interface Dialect {
  /** How many rows one insert may carry, largest first, 1 last. Each size is compiled once. */
  readonly insertSizes: readonly number[];
  /** Type of texts, which sort by their bytes. */
  readonly text: RawBuilder<unknown>;
  /** Makes a column a number that counts up and is never given twice. */
  readonly counting: {
    readonly type: RawBuilder<unknown>;
    mark(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  };
  /** Keeps a second process from migrating until the transaction ends. */
  lockMigrations(transaction: Transaction<Schema>): Promise<void>;
  createSearch(db: Kysely<Schema>): Promise<void>;
  addWords(transaction: Transaction<Schema>, words: readonly CaptureWords[]): Promise<void>;
  /** Called while the texts are still there. */
  removeWords(transaction: Transaction<Schema>, seqs: readonly number[]): Promise<void>;
  /** Do the texts of a row of `captures` have all these terms? A term's words follow each other; the last may be a beginning. */
  matches(terms: readonly (readonly string[])[]): Expression<SqlBool>;
  /** What the store takes. */
  bytes(db: Kysely<Schema>): Promise<number>;
  /** Hands space of deleted rows back, in small steps. */
  reclaim(db: Kysely<Schema>): Promise<void>;
  /** After deletions: no file holds the bytes any longer. */
  scrub(db: Kysely<Schema>): Promise<void>;
  /** What failed in the store's words; anything else as it is. */
  failure(error: unknown): unknown;
}

/** A database with its dialect. */
export interface Database {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
}
