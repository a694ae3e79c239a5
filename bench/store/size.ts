import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

export interface SizeFigures {
  readonly bytes: number;
  /** What the index of words takes of them. */
  readonly searchBytes: number;
  /** By table and index, the largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

const parts = z.array(z.object({ name: z.string(), bytes: z.number() }));

/** What a store in SQLite takes on the disk. It must be closed. */
export function sqliteSize(file: string): SizeFigures {
  const folder = dirname(file);
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const found = parts.parse(
      database.prepare("select name, sum(pgsize) as bytes from dbstat group by name order by 2 desc").all(),
    );
    const search = found.filter(({ name }) => name.includes("capture_words"));
    return { bytes, searchBytes: search.reduce((sum, part) => sum + part.bytes, 0), parts: found };
  } finally {
    database.close();
  }
}
