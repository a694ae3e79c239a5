import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/domain/statistics.ts";
import { openStore } from "../../src/store/open.ts";
import { startChild } from "../platforms/child.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { sizeOf } from "./numbered.ts";

const root = join(import.meta.dirname, "../..");
const SEED = Number(process.env["CRASH_SEED"] ?? 1);
/** The longest that a writer lives after its first batch, in milliseconds. */
const LONGEST_MS = 300;

test.concurrent("50 kills amid writes to SQLite lose no batch that was acknowledged, and tear none", async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "crossover-crash-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "crossover.db");
  await survives(`file:${path}`, 50, () => {
    const database = new DatabaseSync(path);
    expect(database.prepare("pragma integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
  });
});

test
  .skipIf(WITHOUT_POSTGRES)
  .concurrent(
    "10 kills amid writes to Postgres lose no batch that was acknowledged, and tear none",
    async ({ onTestFinished }) => {
      const server = await startPostgres();
      onTestFinished(() => server.stop());
      await survives(await server.createDatabase(), 10, () => {});
    },
  );

/** @param check looks at the database after each kill, before anybody else opens it */
async function survives(url: string, kills: number, check: () => void): Promise<void> {
  const random = seededRandom(SEED);
  const acknowledged = new Set<number>();
  const written = new Set<number>();
  for (let kill = 1; kill <= kills; kill++) {
    const first = Math.max(0, ...acknowledged, ...written) + 1;
    for (const number of await killedWriter(url, first, random() * LONGEST_MS)) acknowledged.add(number);
    check();
    const where = `kill ${kill} of seed ${SEED}`;
    // Those before are looked at again when all is over: each time it would be most of the work.
    const { batches, requests } = await batchesIn(url, first);
    for (const number of batches) written.add(number);
    expect(
      [...acknowledged].filter((number) => !written.has(number)),
      where,
    ).toEqual([]);
    expect(requests, where).toBe(written.size);
  }
  expect(acknowledged.size).toBeGreaterThan(kills);
  expect((await batchesIn(url, 0)).batches).toEqual(written);
}

/** The numbers that a writer acknowledged before it was killed. */
async function killedWriter(url: string, first: number, livesMs: number): Promise<readonly number[]> {
  const child = startChild(process.execPath, ["tests/crash/writer.ts", url, String(first)], { cwd: root });
  await until(() => {
    if (child.hasEnded()) throw new Error(`the writer ended: ${child.stderr()}`);
    return child.stdout().includes("\n");
  }, 60_000);
  await new Promise((resolve) => setTimeout(resolve, livesMs));
  child.process.kill("SIGKILL");
  expect(await child.ended).toBe("SIGKILL");
  // What it had not told whole, it had not acknowledged.
  return child.stdout().split("\n").slice(0, -1).map(Number);
}

/** The numbers of the batches from this one on, each of them whole, and the requests that all that are there count as. */
async function batchesIn(
  url: string,
  from: number,
): Promise<{ readonly batches: ReadonlySet<number>; readonly requests: number }> {
  const store = await openStore(url);
  try {
    const counts = new Map<number, number>();
    let cursor: string | undefined;
    do {
      const page = await store.page({ from }, { limit: 1000, order: "oldest", cursor });
      for (const { at } of page.captures) counts.set(at, (counts.get(at) ?? 0) + 1);
      cursor = page.next;
    } while (cursor !== undefined);
    expect([...counts].filter(([number, count]) => count !== sizeOf(number))).toEqual([]);
    const requests = (await store.usage({})).reduce((sum, hour) => sum + hour.requests, 0);
    return { batches: new Set(counts.keys()), requests };
  } finally {
    await store.close();
  }
}
