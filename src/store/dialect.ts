import type { ColumnDefinitionBuilder, Kysely, RawBuilder, Transaction } from "kysely";
import type { FoundCapture } from "./filter.ts";
import type { Schema } from "./schema.ts";
import type { Term } from "./words.ts";

/** The words of a capture's texts, as `wordsOf` makes them. */
export interface CaptureWords {
  readonly seq: number;
  readonly words: readonly string[];
}

/** All in which SQLite and Postgres differ. */
export interface Dialect {
  /** How many rows one insert may carry, largest first, 1 last. Each size is compiled once. */
  readonly insertSizes: readonly number[];
  /** Type of texts, which sort by their bytes. */
  readonly text: RawBuilder<unknown>;
  /** Type of the key of a row that is given with it. */
  readonly key: RawBuilder<unknown>;
  /** Makes a column a number that counts up and is never given twice. */
  readonly counting: {
    readonly type: RawBuilder<unknown>;
    mark(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  };
  /** Ends a query whose rows nobody else may change, nor end so, until the transaction ends. */
  readonly holdRows: RawBuilder<unknown>;
  /** Keeps a second process from migrating until the transaction ends. */
  lockMigrations(transaction: Transaction<Schema>): Promise<void>;
  createSearch(db: Kysely<Schema>): Promise<void>;
  addWords(transaction: Transaction<Schema>, words: readonly CaptureWords[]): Promise<void>;
  removeWords(transaction: Transaction<Schema>, seqs: readonly number[]): Promise<void>;
  /** `captures` with `place`; where there are terms, the rows alone whose texts have all these words. */
  found(terms: readonly Term[]): RawBuilder<FoundCapture>;
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
