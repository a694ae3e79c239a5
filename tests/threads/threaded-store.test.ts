import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Client } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ThreadedStoreOptions } from "../../src/threads/threaded-store.ts";
import { startChild } from "../platforms/child.ts";
import { useDatabases } from "../store/databases.ts";
import {
  batch,
  capture,
  feedback,
  recipe,
  rolloutChange,
  rolloutRun,
  tuningJob,
  usage,
} from "../store/samples.ts";
import { startPostgres, WITHOUT_POSTGRES } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { PATIENT, type StoreInThreads, storeInThreads } from "./real-threads.ts";

const { kinds, open } = useDatabases();

const root = join(import.meta.dirname, "../..");

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "crossover-threads-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Closed when the test ends. */
function inThreads(url: string, more: Partial<ThreadedStoreOptions> = {}): StoreInThreads {
  const started = storeInThreads(url, { ...PATIENT, ...more });
  onTestFinished(() => started.store.close());
  return started;
}

describe.each(kinds)("threads with $name", (database) => {
  test("do all that the store does", async () => {
    const { store, threads, troubles } = inThreads(await database.create());
    const given = feedback("f", "a");
    await store.write(
      batch({ captures: [capture("a"), capture("b", { user: "bob" })], recipes: [recipe], usage: [usage()] }),
    );
    await store.addFeedback(given);
    expect(await store.find("a")).toEqual({ ...capture("a"), feedback: [given] });
    expect(await store.find("c")).toBeUndefined();
    const page = await store.page({}, { limit: 1, order: "oldest" });
    expect(page.captures.map(({ id }) => id)).toEqual(["a"]);
    expect((await store.page({}, { limit: 1, order: "oldest", cursor: page.next })).captures[0]?.id).toBe(
      "b",
    );
    expect([await store.count({}), await store.recipe("r1")]).toEqual([2, recipe]);
    expect(await store.feedbackSummary({})).toMatchObject([{ name: "thumbs", count: 1, mean: 1 }]);
    expect(await store.usage({})).toEqual([usage()]);
    const comparison = { id: "x", at: 1, route: undefined, variants: ["a"], summary: "{}" };
    await store.saveComparison(comparison, []);
    expect([await store.comparisons(5), await store.comparison("x")]).toEqual([
      [comparison],
      { comparison, rows: [] },
    ]);
    const job = tuningJob("j");
    expect([await store.saveTuningJob(job), await store.saveTuningJob(job)]).toEqual([true, false]);
    expect([await store.tuningJob("j"), await store.tuningJobs({ limit: 5 })]).toEqual([job, [job]]);
    const { document: _, ...columns } = job;
    expect(await store.openTuningJobs(5)).toEqual([columns]);
    expect(await store.renewTuningJob({ id: "j", ownedUntil: 7, revision: 2 })).toBe(true);
    expect(await store.deleteTuningJob({ id: "j", revision: 2 }, undefined)).toBe(true);
    const [run, change] = [rolloutRun("a"), rolloutChange("x")];
    expect(await store.saveRun(run, [change])).toBe(true);
    const next = rolloutRun("b");
    const event = { id: "x", rollout: "migration", at: 1, due: 2, body: "{}" };
    expect(await store.saveRun(next, [])).toBe(false);
    expect(await store.saveRun(next, [], { replaces: "a", event })).toBe(true);
    const claim = { rollouts: ["migration"], since: 0, now: 2, until: 3 };
    expect(await store.claimEvents(claim)).toEqual([{ ...event, due: 3 }]);
    await store.leaveEvent("x");
    expect(await store.claimEvents(claim)).toHaveLength(1);
    await store.endEvent("x");
    expect(await store.claimEvents({ ...claim, now: 9, until: 10 })).toEqual([]);
    expect([await store.newestRuns(), await store.run("a")]).toEqual([[next], run]);
    expect(await store.runsOf("migration", 5)).toEqual([next, run]);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 5 })).toEqual([change]);
    const log = { entries: [{ seq: 1, document: "[]" }], isCut: false, revision: 1 };
    expect(await store.appendObservations("b", "e", "[]", 0)).toEqual(log);
    expect(await store.observations("b", 0)).toEqual(log);
    const snapshot = { run: "b", seq: 1, document: "{}" };
    await store.saveSnapshot(snapshot);
    expect(await store.snapshot("b")).toEqual(snapshot);
    const ruleSet = { version: "v", at: 1, document: "{}" };
    await store.saveRuleSet(ruleSet);
    expect(await store.ruleSet("v")).toEqual(ruleSet);
    expect(await store.delete({ user: "bob" })).toMatchObject({ captures: 1 });
    expect(await store.retain({ before: 5_000, maxBytes: undefined })).toBe(1);
    expect(await store.size()).toMatchObject({ captures: 0, oldest: undefined });
    expect([threads.length, troubles]).toEqual([2, []]);
  });

  test("an error crosses with what it says of itself", async () => {
    const { store, troubles } = inThreads(await database.create());
    const reading = store.page({}, { limit: 1, order: "newest", cursor: "no cursor" });
    await expect(reading).rejects.toMatchObject({ name: "StoreError", temporary: false, invalid: true });
    const appended = store.appendObservations("no run", "e", "[]", 0);
    await expect(appended).rejects.toMatchObject({ name: "StoreError", temporary: false, invalid: true });
    expect(troubles).toEqual([]);
  });

  test("a thread that dies is started again, the one that writes and the one that reads", async () => {
    const { store, threads, troubles } = inThreads(await database.create());
    await store.write(batch({ captures: [capture("a")] }));
    expect(await store.count({})).toBe(1);
    threads[0]?.abandon();
    await until(() => troubles.length === 2);
    await store.write(batch({ captures: [capture("b")] }));
    threads[1]?.abandon();
    await until(() => troubles.length === 4);
    expect(await store.count({})).toBe(2);
    const died = "the store's thread ended: nobody knows why";
    expect([threads.length, troubles]).toEqual([4, [died, undefined, died, undefined]]);
  });

  test("closing finishes what was asked", async () => {
    const url = await database.create();
    const { store } = storeInThreads(url, PATIENT);
    const written = Array.from({ length: 20 }, (_, n) =>
      store.write(batch({ captures: [capture(`c${n}`)] })),
    );
    await store.close();
    await Promise.all(written);
    expect(await (await open(url)).count({})).toBe(20);
  });
});

test("a folder that can't be made is lost, and is there as soon as it can", async () => {
  const path = join(folder(), "data");
  writeFileSync(path, "a file where the folder should be");
  const { store, threads, troubles } = inThreads(`file:${path}/crossover.db`);
  store.open();
  await store.settled;
  await expect(store.write(batch({}))).rejects.toMatchObject({ temporary: true });
  await until(() => threads.length > 1);
  expect([store.state, troubles.length]).toEqual(["degraded", 1]);
  rmSync(path);
  mkdirSync(path);
  await until(() => store.state === "ok");
  await store.write(batch({ captures: [capture("a")] }));
  expect(await store.count({})).toBe(1);
});

test("a file that is no store, and one of a newer version, are told as such", async () => {
  const path = join(folder(), "other.db");
  writeFileSync(path, "This is a text and by no means a database.".repeat(100));
  const other = inThreads(`file:${path}`).store;
  other.open();
  await other.settled;
  expect(other.trouble).toMatchObject({
    message: expect.stringContaining("no SQLite database"),
    temporary: false,
  });

  const newer = `file:${join(folder(), "newer.db")}`;
  const first = storeInThreads(newer, PATIENT).store;
  await first.write(batch({}));
  await first.close();
  await sqlite(newer, "insert into crossover_migrations (name, timestamp) values ('999_later', 'x')");
  const { store } = inThreads(newer);
  store.open();
  await store.settled;
  expect(store.trouble).toMatchObject({
    message: expect.stringContaining("newer version"),
    temporary: false,
  });
});

test("while another process holds the file's lock, reads answer and the event loop turns", async () => {
  const url = `file:${join(folder(), "crossover.db")}`;
  const { store, troubles } = inThreads(url);
  await store.write(batch({ captures: [capture("a")] }));
  expect(await store.count({})).toBe(1);
  const holder = startChild(process.execPath, ["tests/threads/lock-holder.ts", fileOf(url)], { cwd: root });
  onTestFinished(() => holder.stop());
  await until(() => holder.stdout().includes("locked"), 30_000);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const failed = store.write(batch({ captures: [capture("b")] })).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(await store.count({})).toBe(1);
  expect(await failed).toMatchObject({ name: "StoreError", temporary: true });
  expect(store.state).toBe("degraded");
  delay.disable();
  // A second of waiting in SQLite would show as one; a busy machine takes its share.
  expect(delay.max / 1e6).toBeLessThan(700);
  await holder.stop();
  await until(() =>
    store.write(batch({ captures: [capture("b")] })).then(
      () => true,
      () => false,
    ),
  );
  expect([store.state, troubles.length, await store.count({})]).toEqual(["ok", 2, 2]);
});

test.skipIf(WITHOUT_POSTGRES)("a Postgres that hangs holds up nobody, nor the end", async () => {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const url = await server.createDatabase();
  const { store, troubles } = storeInThreads(url, {
    readMs: 300,
    silentMs: 300,
    closeMs: 500,
  });
  await store.write(batch({ captures: [capture("a")] }));
  expect(await store.count({})).toBe(1);
  const holder = new Client({ connectionString: url });
  onTestFinished(() => holder.end());
  await holder.connect();
  await holder.query("begin");
  await holder.query("lock table captures in access exclusive mode");
  const written = store.write(batch({ captures: [capture("b")] })).catch((error: unknown) => error);
  await expect(store.count({})).rejects.toMatchObject({ name: "StoreError", temporary: true });
  await until(() => store.state === "degraded");
  await store.close();
  expect(await written).toMatchObject({ name: "StoreError", temporary: true });
  expect(troubles.at(-1)).toBe("the store has not answered for 0.3 s"); // opening may have taken longer too
});

test.runIf(process.platform === "linux")("its threads leave requests the first turn", async () => {
  const threaded = inThreads(`file:${join(folder(), "crossover.db")}`);
  expect(await threaded.store.count({})).toBe(0);
  const [store = [], others = []] = [true, false].map((isStore) =>
    threadsOfThis().flatMap(({ name, nice }) => ((name === "store") === isStore ? [nice] : [])),
  );
  const own = getPriority();
  expect(new Set(store)).toEqual(new Set([Math.min(19, own + 10)]));
  expect(store.length).toBeGreaterThanOrEqual(2);
  expect(new Set(others)).toEqual(new Set([own]));
});

/** Names and niceness of this process's threads; see proc_pid_stat(5). */
function threadsOfThis(): readonly { readonly name: string; readonly nice: number }[] {
  return readdirSync("/proc/self/task").map((thread) => {
    const [, name = "", rest = ""] =
      /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/self/task/${thread}/stat`, "utf8")) ?? [];
    return { name, nice: Number(rest.split(" ")[16]) };
  });
}

test("what is too old is deleted while it runs", async () => {
  const retention = { maxAgeMs: 60_000, maxBytes: 1e12 };
  const url = `file:${join(folder(), "crossover.db")}`;
  const { store } = inThreads(url, { settings: { url, retention }, retainEveryMs: 10 });
  await store.write(batch({ captures: [capture("old"), capture("new", { at: Date.now() })] }));
  await until(async () => (await store.count({})) === 1);
  expect(await store.find("new")).toBeDefined();
});

test("on Bun the same file runs in its threads", async () => {
  const url = `file:${join(folder(), "crossover.db")}`;
  const bun = join(root, "node_modules/.bin/bun");
  const child = startChild(bun, ["tests/threads/on-bun.ts", url], { cwd: root });
  onTestFinished(() => child.stop());
  expect([await child.ended, child.stderr()]).toEqual([0, ""]);
  expect(JSON.parse(child.stdout())).toEqual({
    count: 2,
    restarted: ["the store's thread ended: nobody knows why", undefined].map((text) => text ?? null),
    refused: { name: "StoreError", temporary: false, invalid: true },
    lost: "degraded",
  });
  expect(await (await open(url)).count({})).toBe(3);
});

function fileOf(url: string): string {
  return url.slice("file:".length);
}

async function sqlite(url: string, statement: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(fileOf(url));
  database.exec(statement);
  database.close();
}
