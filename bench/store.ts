import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { startPostgres } from "../tests/support/postgres.ts";
import { measureChanges } from "./store/changes.ts";
import { fill, giveFeedback } from "./store/fill.ts";
import { openThreads } from "./store/open.ts";
import { postgresSize } from "./store/postgres-size.ts";
import { measureQueries } from "./store/queries.ts";
import { type StoreResults, storeResults, type WithLoopDelay } from "./store/results.ts";
import { type SizeFigures, sqliteSize } from "./store/size.ts";
import { Traffic } from "./store/traffic.ts";
import { BENCH } from "./subjects.ts";

// `npm run bench:store`: a million captures in SQLite, into bench/store-results.md. `--captures N`: so many.
// `--postgres`: a tenth of it in Postgres, into bench/store-results-postgres.md.
const { values } = parseArgs({
  options: {
    captures: { type: "string" },
    postgres: { type: "boolean", default: false },
  },
});
const captures = Number(values.captures ?? (values.postgres ? 100_000 : 1_000_000));

const results = values.postgres ? await onPostgres() : await onSqlite();
const text = storeResults(results);
writeFileSync(join(BENCH, values.postgres ? "store-results-postgres.md" : "store-results.md"), text);
process.stdout.write(`\n${text}`);

async function onSqlite(): Promise<StoreResults> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-bench-store-"));
  const file = join(folder, "crossover.db");
  try {
    return await measure("SQLite", `file:${file}`, `${file}-wal`, async () => sqliteSize(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres(): Promise<StoreResults> {
  const server = await startPostgres();
  try {
    const url = await server.createDatabase();
    return await measure("Postgres", url, undefined, () => postgresSize(url));
  } finally {
    await server.stop();
  }
}

async function measure(
  database: string,
  url: string,
  journal: string | undefined,
  sizeOf: () => Promise<SizeFigures>,
): Promise<StoreResults> {
  const traffic = new Traffic(captures);
  tell(`${captures.toLocaleString("en")} captures into ${database}`);
  let store = openThreads(url);
  const filled = await fill(store, traffic, captures, journal);
  tell(`filled in ${filled.seconds.toFixed(0)} s`);
  const feedback = await giveFeedback(store, captures);
  await store.close();
  const size = await sizeOf();
  store = openThreads(url);
  const queries = await withLoopDelay(() => measureQueries(store, captures));
  const changes = await withLoopDelay(() => measureChanges(store, traffic, captures));
  await store.close();
  return { database, captures, filled, feedback, size, queries, changes };
}

/** What work comes to, and how long it held up the event loop of this thread, in milliseconds. */
async function withLoopDelay<T>(work: () => Promise<T>): Promise<WithLoopDelay<T>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const result = await work();
  delay.disable();
  return { result, loopDelayMs: { p99: delay.percentile(99) / 1e6, most: delay.max / 1e6 } };
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`);
}
