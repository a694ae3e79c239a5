import type { Kysely, Selectable } from "kysely";
import type { Database } from "./dialect.ts";
import { selected } from "./filter.ts";
import { cursorOf, seqOf } from "./position.ts";
import { captureOf } from "./rows.ts";
import type { CaptureTable, FeedbackRow, Schema } from "./schema.ts";
import {
  type CaptureFilter,
  type CapturePage,
  type PageRequest,
  type StoredCapture,
  StoreError,
} from "./store.ts";

/** Most captures of a page. */
export const MOST_ON_A_PAGE = 1_000;
/** Characters of texts after which a page ends early, so that a thousand long ones do not fill the memory. */
const PAGE_CHARACTERS = 16_000_000;

type Row = Selectable<CaptureTable>;

/** @throws StoreError, `invalid`, for a limit out of range and for a cursor that is none */
export async function readPage(
  database: Database,
  filter: CaptureFilter,
  { limit, order, cursor }: PageRequest,
): Promise<CapturePage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ON_A_PAGE)
    throw new StoreError(`a page has 1 to ${MOST_ON_A_PAGE} captures`, false, true);
  const after = cursor === undefined ? undefined : seqOf(cursor);
  const [sort, beyond] = order === "newest" ? (["desc", "<"] as const) : (["asc", ">"] as const);
  let query = selected(database, filter).selectAll();
  if (after !== undefined) query = query.where("captures.place", beyond, after);
  const rows = await query
    .orderBy("captures.place", sort)
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, fitting(rows.slice(0, limit)));
  const last = shown.at(-1);
  return {
    captures: await withTexts(database.db, shown),
    next: shown.length < rows.length && last !== undefined ? cursorOf(last.seq) : undefined,
  };
}

/** How many of the rows fit on a page: one at least. */
function fitting(rows: readonly Row[]): number {
  let characters = 0;
  const end = rows.findIndex((row) => {
    characters += row.content_length ?? 0;
    return characters > PAGE_CHARACTERS;
  });
  return end === -1 ? rows.length : Math.max(1, end);
}

/** The captures of these rows, with their texts and their feedback. */
export async function withTexts(db: Kysely<Schema>, rows: readonly Row[]): Promise<StoredCapture[]> {
  if (rows.length === 0) return [];
  const withContent = rows.filter((row) => row.content_length !== null).map(({ seq }) => seq);
  const contents =
    withContent.length === 0
      ? []
      : await db.selectFrom("contents").selectAll().where("seq", "in", withContent).execute();
  const contentBySeq = new Map(contents.map((content) => [content.seq, content]));
  const ids = rows.map(({ id }) => id);
  const feedback = await db
    .selectFrom("feedback")
    .selectAll()
    .where("request_id", "in", ids)
    .orderBy("at")
    .orderBy("seq")
    .execute();
  const feedbackById = Map.groupBy<string, FeedbackRow>(feedback, (row) => row.request_id);
  return rows.map((row) => captureOf(row, contentBySeq.get(row.seq), feedbackById.get(row.id) ?? []));
}
