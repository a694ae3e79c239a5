import { CompiledQuery, Kysely, PostgresDialect, sql } from "kysely";
import { Pool, types } from "pg";
import { z } from "zod";
import type { Database, Dialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";
import { StoreError } from "./store.ts";
import type { Term } from "./words.ts";

const CONNECTIONS = 4;
/** Milliseconds. */
const CONNECT_TIMEOUT = 5_000;
const STATEMENT_TIMEOUT = 30_000;
/** Also where the server says nothing any more. */
const ANSWER_TIMEOUT = 35_000;
/** Any number that all Crossovers have in common. */
const MIGRATION_LOCK = 6_301_774_205;

/** Types that `pg` hands on as texts, since not all of their numbers fit in one of JavaScript; ours do. */
const NUMBERS: ReadonlySet<number> = new Set([types.builtins.INT8, types.builtins.NUMERIC]);

/**
 * Connects when it is first used.
 * @throws StoreError for a text that is no URL
 */
export function openPostgres(url: string): Database {
  if (!URL.canParse(url))
    throw new StoreError(
      "the store's url is none: write postgres://user:password@host/database, and other characters with %",
      false,
    );
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: ANSWER_TIMEOUT,
    idle_in_transaction_session_timeout: ANSWER_TIMEOUT,
    keepAlive: true,
    application_name: "crossover",
    types: {
      getTypeParser: (id, format) => (NUMBERS.has(id) ? Number : types.getTypeParser(id, format)),
    },
  });
  // An idle connection was lost: the next statement takes a new one.
  pool.on("error", () => {});
  return { db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }), dialect: postgres };
}

const postgres: Dialect = {
  insertSizes: [64, 8, 1],
  text: sql`text collate "C"`,
  key: sql`bigint`,
  counting: {
    type: sql`bigint`,
    mark: (column) => column.generatedAlwaysAsIdentity().primaryKey(),
  },

  holdRows: sql`for update`,

  lockMigrations: async (transaction) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
  },

  createSearch: async (db) => {
    await sql`create table capture_words (
      seq bigint primary key references captures (seq) on delete cascade,
      words tsvector not null
    )`.execute(db);
    await sql`create index capture_words_by_word on capture_words using gin (words)`.execute(db);
  },

  addWords: async (transaction, captures) => {
    if (captures.length === 0) return;
    await transaction.executeQuery(
      CompiledQuery.raw(
        "insert into capture_words (seq, words) select * from unnest($1::bigint[], $2::tsvector[])",
        [captures.map(({ seq }) => seq), captures.map(({ words }) => vectorText(words))],
      ),
    );
  },

  removeWords: async (transaction, seqs) => {
    await sql`delete from capture_words where seq = any(${seqs})`.execute(transaction);
  },

  found: (terms) =>
    terms.length === 0
      ? sql`(select *, seq as place from captures)`
      : sql`(
          select captures.*, captures.seq as place
          from captures join capture_words using (seq)
          where capture_words.words @@ ${queryText(terms)}::tsquery
        )`,

  bytes: async (db) => {
    // What the rows take, and not the files: those keep the room of deleted rows for new ones.
    const { rows } = await sql<{ bytes: number | null }>`
      select count(*) * 1000 + coalesce(sum(content_length), 0) * 3 / 2
        + (select coalesce(sum(pg_column_size(document)), 0) from comparison_rows) as bytes from captures`.execute(
      db,
    );
    return rows[0]?.bytes ?? 0;
  },

  reclaim: async (db) => {
    // Best effort: a large table may take longer than a statement may, and Postgres does it by itself later.
    for (const table of [
      "captures",
      "contents",
      "capture_words",
      "feedback",
      "latest_feedback",
      "comparison_rows",
    ])
      await sql`vacuum ${sql.table(table)}`.execute(db).catch(() => {});
  },

  scrub: (db) => postgres.reclaim(db),

  failure,
};

/** Most bytes of one row's words, below the megabyte that a tsvector can hold. */
const MOST_WORD_BYTES = 700_000;

/** Words as Postgres reads them, in quotes: they have none of their own, and need no dictionary. */
function vectorText(words: readonly string[]): string {
  let text = "";
  let bytes = 0;
  for (const word of words) {
    bytes += Buffer.byteLength(word);
    if (bytes > MOST_WORD_BYTES) break;
    text += `'${word}' `;
  }
  return text;
}

function queryText(terms: readonly Term[]): string {
  return terms.map(({ word, begins }) => `'${word}'${begins ? ":*" : ""}`).join(" & ");
}

const databaseError = z.object({ code: z.string(), message: z.string() });

/** Codes of Postgres and of the network after which the same may succeed later. */
const TEMPORARY = /^(08...|53...|57P0.|57014|40...|55P03|25006|25P03|E[A-Z]+)$/;

function failure(error: unknown): unknown {
  const parsed = databaseError.safeParse(error);
  if (parsed.success) return failureOf(parsed.data.code, parsed.data.message);
  // `pg` has no codes for these.
  if (error instanceof Error && /timeout|terminated|closed|not queryable/i.test(error.message))
    return new StoreError("the store's connection to Postgres was lost", true);
  return error;
}

function failureOf(code: string, message: string): StoreError {
  if (TEMPORARY.test(code))
    return new StoreError(`the store in Postgres can't be reached or is busy (${code})`, true);
  if (code.startsWith("28"))
    return new StoreError(`Postgres refuses the store's user or password (${code})`, false);
  if (code === "3D000") return new StoreError("the store's database is not there: create it", false);
  if (code === "42501") return new StoreError("the store's user may not do this in Postgres (42501)", false);
  // Of other classes the message may have a value of a row in it.
  return new StoreError(`Postgres refused${code.startsWith("42") ? `: ${message}` : ""} (${code})`, false);
}
