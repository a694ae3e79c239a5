import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CompiledQuery, Kysely, sql } from "kysely";
import { z } from "zod";
import type { CaptureWords, Database, Dialect } from "./dialect.ts";
import { NodeSqliteDialect } from "./node-sqlite.ts";
import type { Schema } from "./schema.ts";
import { StoreError } from "./store.ts";
import { wordsOf } from "./words.ts";

/** Milliseconds that a statement waits for a lock of another process. */
const LOCK_WAIT = 1_000;
/** Pages handed back at once: 4 MB. */
const RECLAIMED_PAGES = 1_000;
/** Tries to empty the journal while others read. */
const SCRUB_TRIES = 10;

/**
 * Opens or makes the file, for its owner alone.
 * @throws StoreError
 */
export function openSqlite(path: string): Database {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives the files of its journal the mode of this one.
    closeSync(openSync(file, "a", 0o600));
    const database = new DatabaseSync(file);
    try {
      configure(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return { db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) }), dialect: sqlite };
  } catch (error) {
    throw failure(error);
  }
}

function configure(database: DatabaseSync): void {
  database.exec(`
    pragma busy_timeout = ${LOCK_WAIT};
    pragma auto_vacuum = incremental;
    pragma journal_mode = wal;
    pragma synchronous = normal;
    pragma foreign_keys = on;
    pragma secure_delete = on;
    pragma temp_store = memory;
    pragma cache_size = -65536;
    pragma mmap_size = 268435456;
    pragma journal_size_limit = 16777216;
  `);
}

const sqlite: Dialect = {
  insertSizes: [1],
  text: sql`text`,
  counting: { type: sql`integer`, mark: (column) => column.primaryKey().autoIncrement() },

  /** The transaction has the lock already. */
  lockMigrations: async () => {},

  createSearch: async (db) => {
    // Keeps no copy of the texts. To ASCII's tokenizer all other characters are letters: words come as `wordsOf` made them.
    await sql`create virtual table capture_words using fts5(query, answer, content = '', columnsize = 0, tokenize = 'ascii')`.execute(
      db,
    );
    await sql`insert into capture_words(capture_words, rank) values ('secure-delete', 1)`.execute(db);
  },

  addWords: async (transaction, words) => {
    for (const each of words) await transaction.executeQuery(wordsQuery(ADD_WORDS, each));
  },

  removeWords: async (transaction, seqs) => {
    const rows = await transaction
      .selectFrom("contents")
      .select(["seq", "query", "answer_text"])
      .where("seq", "in", seqs)
      .execute();
    for (const row of rows)
      await transaction.executeQuery(
        wordsQuery(REMOVE_WORDS, {
          seq: row.seq,
          query: wordsOf(row.query),
          answer: wordsOf(row.answer_text),
        }),
      );
  },

  matches: (terms) => sql`captures.seq in (select rowid from capture_words(${matchText(terms)}))`,

  bytes: async (db) => {
    const { rows } = await sql<{
      bytes: number;
    }>`select (page_count - freelist_count) * page_size as bytes from pragma_page_count, pragma_freelist_count, pragma_page_size`.execute(
      db,
    );
    return rows[0]?.bytes ?? 0;
  },

  reclaim: async (db) => {
    for (;;) {
      const { rows } = await sql<{
        free: number;
      }>`select freelist_count as free from pragma_freelist_count`.execute(db);
      if ((rows[0]?.free ?? 0) === 0) break;
      await sql`pragma incremental_vacuum(${sql.lit(RECLAIMED_PAGES)})`.execute(db);
      await new Promise((done) => setImmediate(done));
    }
    await emptyJournal(db);
  },

  scrub: async (db) => {
    for (let tries = 0; tries < SCRUB_TRIES; tries++) if (await emptyJournal(db)) return;
    throw new StoreError(
      "what was deleted is gone, but its bytes may still be in the store's journal, which others read: delete again",
      true,
    );
  },

  failure,
};

const ADD_WORDS = "insert into capture_words(rowid, query, answer) values (?, ?, ?)";
const REMOVE_WORDS =
  "insert into capture_words(capture_words, rowid, query, answer) values ('delete', ?, ?, ?)";

function wordsQuery(text: string, { seq, query, answer }: CaptureWords): CompiledQuery {
  return CompiledQuery.raw(text, [seq, query.join(" "), answer.join(" ")]);
}

/** FTS5's language: each term a phrase in quotes, in which nothing has a meaning of its own; all of them must be there. */
function matchText(terms: readonly (readonly string[])[]): string {
  return `${terms.map((words) => `"${words.join(" ")}"`).join(" AND ")}*`;
}

/** Brings the journal into the file and cuts it to nothing; false where somebody reads. */
async function emptyJournal(db: Kysely<Schema>): Promise<boolean> {
  const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
  return rows[0]?.busy === 0;
}

const sqliteError = z.object({ code: z.string(), errcode: z.int().optional(), message: z.string() });

/** SQLite's primary result codes. */
const FAILURES: ReadonlyMap<number, readonly [message: string, temporary: boolean]> = new Map([
  [5, ["the store is locked by another process", true]],
  [6, ["the store is locked", true]],
  [7, ["there is no memory left for the store", true]],
  [8, ["the store's file can only be read", true]],
  [10, ["the store's disk fails", true]],
  [11, ["the store's file is damaged: move it away, or restore a backup", false]],
  [13, ["the store's disk is full", true]],
  [14, ["the store's file can't be opened: look at the rights of the file and its folder", true]],
  [26, ["the store's file is no SQLite database: name another file", false]],
]);

function failure(error: unknown): unknown {
  const parsed = sqliteError.safeParse(error);
  if (!parsed.success) return error;
  const { code, errcode, message: words } = parsed.data;
  if (errcode !== undefined) {
    const [message, temporary] = FAILURES.get(errcode & 0xff) ?? [
      `SQLite refused: ${words} (${errcode})`,
      false,
    ];
    return new StoreError(message, temporary);
  }
  if (code === "ENOSPC" || code === "EDQUOT") return new StoreError("the store's disk is full", true);
  if (/^E[A-Z]+$/.test(code)) return new StoreError(`the store's file can't be opened (${code})`, true);
  return error;
}
