import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DiskShelf } from "../../../src/providers/simulator/disk.ts";
import { Lease } from "../../../src/providers/simulator/lease.ts";
import { MemoryShelf } from "../../../src/providers/simulator/shelf.ts";
import { newDataDir } from "./data-dir.ts";

const NAME = "jobs/a.lock";
const claimed = (owner: string, ago: number) => JSON.stringify({ owner, renewedAt: Date.now() - ago });

test.each([
  ["on disk", () => new DiskShelf(newDataDir())],
  ["in memory", () => new MemoryShelf()],
])("one has it at a time, %s", async (_where, newShelf) => {
  const shelf = newShelf();
  const leases = await Promise.all(Array.from({ length: 8 }, () => Lease.take(shelf, NAME)));
  const [lease, ...more] = leases.filter((one) => one !== undefined);
  expect(more).toEqual([]);
  expect(await lease?.isHeld()).toBe(true);
  expect(await Lease.take(shelf, NAME)).toBeUndefined();
  await lease?.release();
  const next = await Lease.take(shelf, NAME);
  expect(await next?.isHeld()).toBe(true);
  expect(await lease?.isHeld()).toBe(false);
  await lease?.release(); // not its own any more
  expect(await next?.isHeld()).toBe(true);
  await next?.release();
});

test.each([
  ["a holder that gave no sign of life for long", claimed("dead", 60_000)],
  ["one that died while it took it", ""],
])("it is taken over from %s, by one alone", async (_who, content) => {
  const folder = newDataDir();
  const shelf = new DiskShelf(folder);
  await shelf.create(NAME, content);
  const leases = await Promise.all(Array.from({ length: 8 }, () => Lease.take(shelf, NAME)));
  const taken = leases.filter((one) => one !== undefined);
  expect(taken).toHaveLength(1);
  await taken[0]?.release();
});

test("a lease that another took over is not given back by the old holder", async () => {
  const folder = newDataDir();
  const lease = await Lease.take(new DiskShelf(folder), NAME);
  const file = join(folder, NAME);
  const others = claimed("another", 0);
  await writeFile(file, others);
  expect(await lease?.isHeld()).toBe(false);
  await lease?.release();
  expect(await readFile(file, "utf8")).toBe(others);
});
