import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CompiledQuery, Kysely, sql } from "kysely";
import { z } from "zod";
import type { Database, Dialect } from "./dialect.ts";
import { NodeSqliteDialect } from "./node-sqlite.ts";
import type { Schema } from "./schema.ts";
import { StoreError } from "./store.ts";
import type { Term } from "./words.ts";

/** Milliseconds that a statement waits for a lock of another process. */
const LOCK_WAIT = 1_000;
/** Pages handed back at once: 4 MB. */
const RECLAIMED_PAGES = 1_000;
/** Of the index of words, rewritten at once: 1 MB. */
const MERGED_PAGES = 256;
/** Tries to empty the journal while others read. */
const SCRUB_TRIES = 10;

/**
 * Opens the file, or makes it for its owner alone.
 * @param make may it be made?
 * @throws StoreError
 */
export function openSqlite(path: string, make: boolean): Database {
  const file = resolve(path);
  if (!make && !existsSync(file))
    throw new StoreError(`there is no store at ${file}: a gateway makes it when it starts`, false);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    makeFile(file);
    const database = new DatabaseSync(file);
    try {
      configure(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return { db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) }), dialect: sqlite };
  } catch (error) {
    throw failure(error, file);
  }
}

/**
 * Makes the file where there is none; SQLite gives those of its journal the same mode. One that is there is never opened here:
 * closing it would take the locks of all connections that this process has to it, of other threads too (POSIX), and another
 * process could then take the journal away under them.
 */
function makeFile(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function configure(database: DatabaseSync): void {
  database.exec(`
    pragma busy_timeout = ${LOCK_WAIT};
    pragma page_size = 8192;
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
  key: sql`integer`,
  counting: { type: sql`integer`, mark: (column) => column.primaryKey().autoIncrement() },

  /** The transaction has the lock of the whole file already. */
  holdRows: sql``,
  lockMigrations: async () => {},

  createSearch: async (db) => {
    // Keeps no copy of the texts and no places of words. ASCII's tokenizer takes all other characters for letters: the words
    // are those that `wordsOf` made.
    await sql`create virtual table capture_words
      using fts5(words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii')`.execute(db);
  },

  addWords: async (transaction, captures) => {
    for (const { seq, words } of captures)
      await transaction.executeQuery(
        CompiledQuery.raw("insert into capture_words(rowid, words) values (?, ?)", [seq, words.join(" ")]),
      );
  },

  removeWords: async (transaction, seqs) => {
    for (const seq of seqs)
      await transaction.executeQuery(CompiledQuery.raw("delete from capture_words where rowid = ?", [seq]));
  },

  found: (terms) =>
    terms.length === 0
      ? sql`(select *, seq as place from captures)`
      : sql`(
          select captures.*, capture_words.rowid as place
          from capture_words cross join captures on captures.seq = capture_words.rowid
          where capture_words match ${matchText(terms)}
        )`,

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
    await forgetWords(db);
    await sqlite.reclaim(db);
    for (let tries = 0; tries < SCRUB_TRIES; tries++) if (await emptyJournal(db)) return;
    throw new StoreError(
      "what was deleted is gone, but its bytes may still be in the store's journal, which others read: delete again",
      true,
    );
  },

  failure: (error) => failure(error),
};

/** FTS5's language: each word in quotes, in which nothing has a meaning of its own; all of them must be there. */
function matchText(terms: readonly Term[]): string {
  return terms.map(({ word, begins }) => `"${word}"${begins ? "*" : ""}`).join(" AND ");
}

/**
 * Rewrites the index of words without what was deleted, in small steps: until then a deleted capture is only marked in it.
 */
async function forgetWords(db: Kysely<Schema>): Promise<void> {
  for (let pages = -MERGED_PAGES, isDone = false; !isDone; pages = MERGED_PAGES) {
    const before = await changes(db);
    await sql`insert into capture_words(capture_words, rank) values ('merge', ${pages})`.execute(db);
    isDone = (await changes(db)) - before < 2;
    await new Promise((done) => setImmediate(done));
  }
}

async function changes(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql<{ changes: number }>`select total_changes() as changes`.execute(db);
  return rows[0]?.changes ?? 0;
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
  [26, ["the store's file is no SQLite database: name another file", false]],
]);

/** SQLite's code for a file that can't be opened. */
const CANT_OPEN = 14;

/** @param file where it is being opened, which its own failures name */
function failure(error: unknown, file?: string): unknown {
  const parsed = sqliteError.safeParse(error);
  if (!parsed.success) return error;
  const { code, errcode, message: words } = parsed.data;
  const unopened = `the store's file${file === undefined ? "" : ` ${file}`} can't be opened`;
  if (errcode !== undefined && (errcode & 0xff) === CANT_OPEN)
    return new StoreError(`${unopened}: look at the rights of the file and its folder`, true);
  if (errcode !== undefined) {
    const [message, temporary] = FAILURES.get(errcode & 0xff) ?? [
      `SQLite refused: ${words} (${errcode})`,
      false,
    ];
    return new StoreError(message, temporary);
  }
  if (code === "ENOSPC" || code === "EDQUOT") return new StoreError("the store's disk is full", true);
  if (/^E[A-Z]+$/.test(code)) return new StoreError(`${unopened} (${code})`, true);
  return error;
}
