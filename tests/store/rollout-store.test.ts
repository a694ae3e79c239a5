import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LogEntry, StoredEvent, StoredRun } from "../../src/store/rollout-store.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import { PATIENT, storeInThreads } from "../threads/real-threads.ts";
import { useDatabases } from "./databases.ts";
import { batch, capture, rolloutChange, rolloutRun } from "./samples.ts";

const { kinds, open } = useDatabases();

/** A store as one of several gateways has it. Two of SQLite can't wait for each other in one thread. */
async function gateway(url: string): Promise<Store> {
  if (!url.startsWith("file:")) return open(url);
  const { store } = storeInThreads(url, PATIENT);
  onTestFinished(() => store.close());
  return store;
}

/** Asks again when the store is busy, as all do who need an answer. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreError && error.temporary)) throw error;
      await new Promise((done) => setImmediate(done));
    }
  }
}

describe.each(kinds)("runs of rollouts on $name", (database) => {
  let url: string;
  let store: Store;

  beforeEach(async () => {
    url = await database.create();
    store = await open(url);
  });

  test("are given back as they were saved, and the newest of each rollout whatever the clocks say", async () => {
    const a = rolloutRun("a", { at: 5_000_000_000 });
    const b = rolloutRun("b", { at: 4_000_000_000, state: "paused" });
    const c = rolloutRun("c", { rollout: "another" });
    expect(await store.saveRun(a, [])).toBe(true);
    expect(await store.saveRun(b, [], { replaces: "a" })).toBe(true);
    expect(await store.saveRun(c, [])).toBe(true);
    expect(await store.newestRuns()).toEqual([c, b]);
    expect([await store.run("a"), await store.run("d")]).toEqual([a, undefined]);
    expect(await store.runsOf("migration", 10)).toEqual([b, a]);
    expect(await store.runsOf("migration", 1)).toEqual([b]);
    expect(await store.runsOf("none", 10)).toEqual([]);
  });

  test("begin only in place of the newest that was seen", async () => {
    await store.saveRun(rolloutRun("a"), []);
    expect(await store.saveRun(rolloutRun("b"), [rolloutChange("x")])).toBe(false);
    expect(await store.saveRun(rolloutRun("b"), [], { replaces: "other" })).toBe(false);
    expect(await store.saveRun(rolloutRun("b"), [], { replaces: "a" })).toBe(true);
    expect(await store.saveRun(rolloutRun("c"), [], { replaces: "a" })).toBe(false);
    expect(await store.saveRun(rolloutRun("d", { rollout: "new" }), [], { replaces: "a" })).toBe(false);
    expect(await store.newestRuns()).toEqual([rolloutRun("b")]);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 10 })).toEqual([]);
  });

  test("a change counts only from the revision that it was made of, with its audit trail or not at all", async () => {
    await store.saveRun(rolloutRun("a"), [rolloutChange("x")]);
    const next = rolloutRun("a", { revision: 2, state: "paused", document: '{"percent":5}' });
    const paused = rolloutChange("y", { at: 2_000, action: "pause" });
    expect(await store.saveRun({ ...next, revision: 3 }, [paused])).toBe(false);
    expect(await store.saveRun({ ...next, id: "b" }, [paused])).toBe(false);
    expect(await store.saveRun(next, [paused])).toBe(true);
    expect(await store.saveRun({ ...next, document: "{}" }, [rolloutChange("z")])).toBe(false);
    expect(await store.run("a")).toEqual(next);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 10 })).toEqual([
      paused,
      rolloutChange("x"),
    ]);
    // An entry of the trail that can't be kept, as its id is taken.
    const third = store.saveRun({ ...next, revision: 3 }, [rolloutChange("w"), rolloutChange("x")]);
    await expect(third).rejects.toMatchObject({ name: "StoreError" });
    expect(await store.run("a")).toEqual(next);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 10 })).toHaveLength(2);
  });

  test("an event comes with its change, to one who asks at a time, until it has ended", async () => {
    const event: StoredEvent = { id: "x", rollout: "migration", at: 100, due: 200, body: '{"n":1}' };
    const claim = { rollouts: ["migration"], since: 100, now: 200, until: 300 };
    await store.saveRun(rolloutRun("a"), [rolloutChange("x")], { event });
    const refused = rolloutRun("b", { revision: 7 });
    expect(await store.saveRun(refused, [], { event: { ...event, id: "y" } })).toBe(false);
    expect(await store.claimEvents({ ...claim, now: 199 })).toEqual([]);
    expect(await store.claimEvents({ ...claim, since: 101 })).toEqual([]);
    expect(await store.claimEvents({ ...claim, rollouts: ["other"] })).toEqual([]);
    expect(await store.claimEvents(claim)).toEqual([{ ...event, due: 300 }]);
    expect(await store.claimEvents({ ...claim, now: 299, until: 400 })).toEqual([]);
    expect(await store.claimEvents({ ...claim, now: 300, until: 400 })).toHaveLength(1);
    await store.leaveEvent("x");
    expect(await store.claimEvents(claim)).toHaveLength(1);
    await store.endEvent("x");
    expect(await store.claimEvents({ ...claim, now: 900, until: 1000 })).toEqual([]);
  });

  test("an event that nobody has sent for a day is kept no longer", async () => {
    const [began, day] = [Date.now(), 86_400_000];
    vi.useFakeTimers({ toFake: ["Date"], now: began });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const event = { id: "x", rollout: "migration", at: began, due: began, body: "{}" };
    await store.saveRun(rolloutRun("a"), [], { event });
    const keptAfter = async (ms: number) => {
      vi.setSystemTime(began + ms);
      await store.retain({ before: undefined, maxBytes: undefined });
      const claim = { rollouts: ["migration"], since: began, now: began + ms, until: began };
      return (await store.claimEvents(claim)).length;
    };
    expect([await keptAfter(day), await keptAfter(day + 1)]).toEqual([1, 0]);
  });

  test("changes come newest first, those of one moment in the order of their making", async () => {
    const changes = [1, 2, 2, 3].map((at, index) => rolloutChange(`${index}`, { at }));
    await store.saveRun(rolloutRun("a"), changes);
    await store.saveRun(rolloutRun("b", { rollout: "other" }), [rolloutChange("o", { rollout: "other" })]);
    const ids = async (before: number | undefined, limit: number) =>
      (await store.rolloutChanges({ rollout: "migration", before, limit })).map(({ id }) => id);
    expect(await ids(undefined, 10)).toEqual(["3", "2", "1", "0"]);
    expect(await ids(undefined, 3)).toEqual(["3", "2", "1"]);
    expect(await ids(undefined, 2)).toEqual(["3", "2", "1"]); // a page ends with its moment
    expect(await ids(3, 10)).toEqual(["2", "1", "0"]);
    expect(await ids(1, 10)).toEqual([]);
  });

  test("of many that change the same revision, or begin at once, one does", async () => {
    const gateways = await Promise.all([gateway(url), gateway(url), gateway(url)]);
    /** Is it what all have now? Told so, or seen where the answer did not come in time. */
    const saves = (one: Store, run: StoredRun): Promise<boolean> =>
      patiently(async () => {
        const change = rolloutChange(`${run.id} ${run.revision} ${run.document}`);
        return (await one.saveRun(run, [change])) || (await store.run(run.id))?.document === run.document;
      });
    const begun = gateways.map((one, index) => saves(one, rolloutRun(`${index}`)));
    expect((await Promise.all(begun)).filter(Boolean)).toHaveLength(1);
    const [run] = await store.newestRuns();
    for (let revision = 2; revision < 6; revision++) {
      const tries = gateways.map((one, index) =>
        saves(one, rolloutRun(run?.id ?? "", { revision, document: `"${revision} of ${index}"` })),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    }
    expect(await store.runsOf("migration", 10)).toHaveLength(1);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 100 })).toHaveLength(5);
  });
});

describe.each(kinds)("the log of a run on $name", (database) => {
  let url: string;
  let store: Store;

  beforeEach(async () => {
    url = await database.create();
    store = await open(url);
    await store.saveRun(rolloutRun("a"), []);
  });

  /** Puts entries there until there are so many, each with its number as its document. */
  async function fill(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) await store.appendObservations("a", `e${n}`, `${n}`, n - 1);
  }

  const entry = (seq: number): LogEntry => ({ seq, document: `${seq}` });

  test("an append tells what came since, others' entries and its own, and the run's revision", async () => {
    expect(await store.observations("a", 0)).toEqual({ entries: [], isCut: false, revision: 1 });
    await fill(2);
    await store.saveRun(rolloutRun("a", { revision: 2 }), []);
    expect(await store.appendObservations("a", "e3", "3", 1)).toEqual({
      entries: [entry(2), entry(3)],
      isCut: false,
      revision: 2,
    });
    expect(await store.observations("a", 2)).toEqual({ entries: [entry(3)], isCut: false, revision: 2 });
    expect(await store.observations("a", 3)).toEqual({ entries: [], isCut: false, revision: 2 });
  });

  test("a change may rest on all that was logged: it is refused where the log has gone on", async () => {
    const next = rolloutRun("a", { revision: 2, state: "promoted" });
    const trail = [rolloutChange("x", { action: "promote" })];
    await fill(2);
    expect(await store.saveRun(next, trail, { upTo: 1 })).toBe(false);
    expect(await store.run("a")).toEqual(rolloutRun("a"));
    expect(await store.saveRun(next, trail, { upTo: 2 })).toBe(true);
    expect(await store.run("a")).toEqual(next);
    expect(await store.rolloutChanges({ rollout: "migration", limit: 10 })).toEqual(trail);
  });

  test("each run has its own", async () => {
    await store.saveRun(rolloutRun("b", { rollout: "other" }), []);
    await fill(2);
    expect(await store.appendObservations("b", "f1", "1", 0)).toMatchObject({ entries: [entry(1)] });
    expect(await store.observations("a", 0)).toMatchObject({ entries: [entry(1), entry(2)] });
  });

  test("an entry whose answer was lost is not put there twice", async () => {
    await fill(2);
    expect(await store.appendObservations("a", "e1", "1", 0)).toMatchObject({
      entries: [entry(1), entry(2)],
    });
    expect(await store.appendObservations("a", "e2", "2", 1)).toMatchObject({ entries: [entry(2)] });
    await fill(4);
    await store.saveSnapshot({ run: "a", seq: 2, document: "{}" });
    await store.saveSnapshot({ run: "a", seq: 3, document: "{}" });
    // Not even after it went into a snapshot.
    expect(await store.appendObservations("a", "e1", "1", 4)).toMatchObject({ entries: [], isCut: false });
  });

  test("that an entry was put there is known for ten minutes, and not kept for good", async () => {
    const minute = 60_000;
    const began = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: began });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const again = async (minutes: number) => {
      vi.setSystemTime(began + minutes * minute);
      await store.retain({ before: undefined, maxBytes: undefined });
      return (await store.appendObservations("a", "e1", "1", 1)).entries.length;
    };
    await fill(1);
    expect([await again(9), await again(11)]).toEqual([0, 1]);
  });

  test("what is asked for of a run that is not there is the caller's fault", async () => {
    const fault = { name: "StoreError", temporary: false, invalid: true };
    await expect(store.appendObservations("b", "e", "1", 0)).rejects.toMatchObject(fault);
    await expect(store.observations("b", 0)).rejects.toMatchObject(fault);
    await store.saveRun(rolloutRun("b", { rollout: "other" }), []);
    expect(await store.appendObservations("b", "e", "1", 0)).toMatchObject({ entries: [entry(1)] });
  });

  test("a thousand entries are told at once, and the rest when it is asked for", async () => {
    const { db } = url.startsWith("file:")
      ? openSqlite(url.slice("file:".length), false)
      : (await import("../../src/store/postgres.ts")).openPostgres(url);
    const rows = Array.from({ length: 1_002 }, (_, n) => ({ run: "a", ...entry(n + 1) }));
    await db.insertInto("rollout_observations").values(rows).execute();
    await db.destroy();
    const first = await store.observations("a", 0);
    expect([first.entries.length, first.entries.at(-1)]).toEqual([1_000, entry(1_000)]);
    const last = await store.appendObservations("a", "e", "1003", 2);
    expect([last.entries.length, last.entries.at(-1)]).toEqual([1_000, entry(1_002)]);
    expect((await store.observations("a", 1_000)).entries).toEqual([1_001, 1_002, 1_003].map(entry));
  });

  test("a snapshot takes the place of the entries that the one before has", async () => {
    await fill(6);
    expect(await store.snapshot("a")).toBeUndefined();
    const [first, second] = [2, 5].map((seq) => ({ run: "a", seq, document: `{"upTo":${seq}}` }));
    if (first === undefined || second === undefined) throw new RangeError();
    await store.saveSnapshot(first);
    expect(await store.snapshot("a")).toEqual(first);
    expect(await store.observations("a", 0)).toMatchObject({ isCut: false, entries: { length: 6 } });
    await store.saveSnapshot(second);
    expect(await store.snapshot("a")).toEqual(second);
    const rest = [2, 3, 4, 5, 6].map(entry);
    // One who had read the first snapshot goes on; one who had read less has to read the newer one.
    expect(await store.observations("a", 2)).toEqual({ entries: rest.slice(1), isCut: false, revision: 1 });
    for (const after of [0, 1])
      expect(await store.observations("a", after)).toEqual({ entries: rest, isCut: true, revision: 1 });
    expect(await store.appendObservations("a", "e7", "7", 1)).toMatchObject({ isCut: true });
  });

  test("one who knows more than the store, which was restored from a copy, hears that the log is another", async () => {
    expect(await store.observations("a", 5)).toEqual({ entries: [], isCut: true, revision: 1 });
    await fill(3);
    expect(await store.observations("a", 5)).toEqual({ entries: [], isCut: true, revision: 1 });
    expect(await store.appendObservations("a", "e4", "4", 5)).toEqual({
      entries: [],
      isCut: true,
      revision: 1,
    });
    expect(await store.observations("a", 4)).toEqual({ entries: [], isCut: false, revision: 1 });
  });

  test("a snapshot that comes late changes nothing", async () => {
    await fill(4);
    const newest = { run: "a", seq: 3, document: "{}" };
    await store.saveSnapshot(newest);
    await store.saveSnapshot({ ...newest, document: '{"other":1}' });
    await store.saveSnapshot({ ...newest, seq: 2 });
    expect(await store.snapshot("a")).toEqual(newest);
    expect(await store.observations("a", 0)).toMatchObject({ isCut: false, entries: { length: 4 } });
  });

  test("its numbers go on when all that was there is in snapshots", async () => {
    await fill(3);
    for (const seq of [2, 3]) await store.saveSnapshot({ run: "a", seq, document: "{}" });
    expect(await store.appendObservations("a", "e4", "4", 3)).toMatchObject({ entries: [entry(4)] });
  });

  test("whoever writes at the same time, it has no gap, each entry once, and one order for all", async () => {
    const gateways = await Promise.all([gateway(url), gateway(url), gateway(url)]);
    const each = 40;
    const read = await Promise.all(
      gateways.map(async (one, writer) => {
        const seen: LogEntry[] = [];
        const append = async (id: string): Promise<void> => {
          const part = await patiently(() => one.appendObservations("a", id, `"${id}"`, seen.length));
          expect(part.isCut).toBe(false);
          seen.push(...part.entries);
        };
        for (let n = 0; n < each; n++) {
          await append(`${writer}-${n}`);
          if (n % 5 === 0) await append(`${writer}-${n}`); // as if the answer had been lost
        }
        return seen;
      }),
    );
    const whole = read.reduce((longest, seen) => (seen.length > longest.length ? seen : longest));
    expect(whole.map(({ seq }) => seq)).toEqual(Array.from({ length: 3 * each }, (_, n) => n + 1));
    expect(new Set(whole.map(({ document }) => document)).size).toBe(whole.length);
    for (const seen of read) expect(seen).toEqual(whole.slice(0, seen.length));
  });

  test("snapshots that several keep meanwhile lose none of the entries after them", async () => {
    const [each, writers] = [20, 3];
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        const one = await gateway(url);
        let read = 0;
        for (let n = 0; n < each; n++) {
          const id = `${writer}-${n}`;
          const { entries } = await patiently(() => one.appendObservations("a", id, `"${id}"`, read));
          read = entries.at(-1)?.seq ?? read;
          const snapshot = { run: "a", seq: read, document: `{"upTo":${read}}` };
          if (n % 4 === 3) await patiently(() => one.saveSnapshot(snapshot));
        }
      }),
    );
    const snapshot = await store.snapshot("a");
    const { entries } = await store.observations("a", 0);
    const first = entries[0]?.seq ?? 0;
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => first + n));
    expect(entries.at(-1)?.seq).toBe(each * writers);
    expect(first).toBeGreaterThan(1);
    expect(first).toBeLessThanOrEqual(snapshot?.seq ?? 0);
    expect(snapshot?.document).toBe(`{"upTo":${snapshot?.seq}}`);
  });

  test("stays when captures go, and is kept exactly", async () => {
    const text = '{"umlaut":"ü","emoji":"🙂"}';
    await store.appendObservations("a", "e", text, 0);
    await store.write(batch({ captures: [capture("c", { user: "bob" })] }));
    await store.delete({ user: "bob" });
    await store.retain({ before: 10_000_000, maxBytes: 0 });
    expect(await store.run("a")).toEqual(rolloutRun("a"));
    expect(await store.observations("a", 0)).toMatchObject({ entries: [{ seq: 1, document: text }] });
  });
});
