import { z } from "zod";
import { run } from "../../tests/support/postgres.ts";
import type { SizeFigures } from "./size.ts";

const total = z.tuple([z.object({ bytes: z.coerce.number() })]);
const parts = z.array(z.object({ name: z.string(), bytes: z.coerce.number() }));

/** What a store in Postgres takes. */
export async function postgresSize(url: string): Promise<SizeFigures> {
  const [{ bytes }] = total.parse(await run(url, "select pg_database_size(current_database()) as bytes"));
  const found = parts.parse(
    await run(
      url,
      `select relname as name, pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0) as bytes
       from pg_class where relkind in ('r', 'i') and relnamespace = 'public'::regnamespace order by 2 desc`,
    ),
  );
  const search = found.filter(({ name }) => name.includes("words"));
  return { bytes, searchBytes: search.reduce((sum, part) => sum + part.bytes, 0), parts: found };
}
