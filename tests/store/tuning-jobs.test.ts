import { beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { useDatabases } from "./databases.ts";
import { batch, capture, tuningJob } from "./samples.ts";

const { kinds, open } = useDatabases();

describe.each(kinds)("fine-tuning jobs on $name", (database) => {
  let url: string;
  let store: Store;

  beforeEach(async () => {
    url = await database.create();
    store = await open(url);
  });

  test("are given back as they were saved, newest first", async () => {
    const a = tuningJob("a", { at: 1 });
    const b = tuningJob("b", { at: 2, open: false, state: "failed", owner: "me", ownedUntil: 5_000_000_000 });
    const c = tuningJob("c", { at: 3, route: "recipes" });
    for (const job of [a, b, c]) expect(await store.saveTuningJob(job)).toBe(true);
    expect(await store.tuningJob("b")).toEqual(b);
    expect(await store.tuningJob("d")).toBeUndefined();
    expect(await store.tuningJobs({ limit: 10 })).toEqual([c, b, a]);
    expect(await store.tuningJobs({ limit: 2 })).toEqual([c, b]);
    expect(await store.tuningJobs({ open: true, limit: 10 })).toEqual([c, a]);
    expect(await store.tuningJobs({ open: false, limit: 10 })).toEqual([b]);
    expect(await store.tuningJobs({ route: "recipes", limit: 10 })).toEqual([c]);
    expect(await store.tuningJobs({ fingerprint: "of a", limit: 10 })).toEqual([a]);
  });

  test("a change counts only from the revision that it was made of", async () => {
    await store.saveTuningJob(tuningJob("a"));
    const next = tuningJob("a", { revision: 2, state: "creating", document: '{"n":2}' });
    expect(await store.saveTuningJob({ ...next, revision: 3 })).toBe(false);
    expect(await store.saveTuningJob(next)).toBe(true);
    expect(await store.saveTuningJob({ ...next, document: "{}" })).toBe(false);
    expect(await store.saveTuningJob({ ...next, id: "b", revision: 2 })).toBe(false);
    expect(await store.tuningJob("a")).toEqual(next);
  });

  test("a job is deleted with its comparison, and only from the revision that was seen", async () => {
    for (const id of ["a", "b"]) await store.saveTuningJob(tuningJob(id));
    for (const id of ["x", "y"])
      await store.saveComparison({ id, at: 1, route: undefined, variants: ["v"], summary: "{}" }, []);
    expect(await store.deleteTuningJob({ id: "a", revision: 2 }, "x")).toBe(false);
    expect(await store.comparison("x")).toBeDefined();
    expect(await store.deleteTuningJob({ id: "a", revision: 1 }, "x")).toBe(true);
    expect(await store.deleteTuningJob({ id: "a", revision: 1 }, "x")).toBe(false);
    expect(await store.tuningJobs({ limit: 5 })).toEqual([tuningJob("b")]);
    expect((await store.comparisons(5)).map(({ id }) => id)).toEqual(["y"]);
    expect(await store.deleteTuningJob({ id: "b", revision: 1 }, undefined)).toBe(true);
  });

  test("a lease is renewed without the rest, and only from the revision that was seen", async () => {
    const held = tuningJob("a", { owner: "me", ownedUntil: 5_000_000_000 });
    await store.saveTuningJob(held);
    const renewed = { id: "a", ownedUntil: 5_000_000_100, revision: 2 };
    expect(await store.renewTuningJob({ ...renewed, revision: 3 })).toBe(false);
    expect(await store.renewTuningJob({ ...renewed, id: "b" })).toBe(false);
    expect(await store.renewTuningJob(renewed)).toBe(true);
    expect(await store.renewTuningJob(renewed)).toBe(false);
    expect(await store.tuningJob("a")).toEqual({ ...held, ...renewed });
  });

  test("open ones are listed without their documents, oldest first", async () => {
    for (const job of [
      tuningJob("a", { at: 2, owner: "me" }),
      tuningJob("b", { at: 3, open: false }),
      tuningJob("c", { at: 1 }),
    ])
      await store.saveTuningJob(job);
    const { document: _, ...a } = tuningJob("a", { at: 2, owner: "me" });
    const { document: __, ...c } = tuningJob("c", { at: 1 });
    expect(await store.openTuningJobs(10)).toEqual([c, a]);
    expect(await store.openTuningJobs(1)).toEqual([c]);
  });

  test("of many that change the same revision at once, one does", async () => {
    const other = await open(url);
    await store.saveTuningJob(tuningJob("a"));
    for (let revision = 2; revision < 6; revision++) {
      const tries = [store, other, store, other].map((each, index) =>
        each.saveTuningJob(tuningJob("a", { revision, owner: `w${index}` })),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    }
  });

  test("of one fingerprint there is one open job, however many begin at once", async () => {
    const other = await open(url);
    const begun = ["a", "b", "c", "d"].map((id, index) =>
      (index % 2 === 0 ? store : other).saveTuningJob(tuningJob(id, { fingerprint: "same" })),
    );
    expect((await Promise.all(begun)).filter(Boolean)).toHaveLength(1);
    const [first] = await store.tuningJobs({ limit: 10 });
    const ended = {
      ...first,
      ...tuningJob(first?.id ?? "", { fingerprint: "same", open: false, revision: 2 }),
    };
    expect(await store.saveTuningJob(ended)).toBe(true);
    expect(await store.saveTuningJob(tuningJob("e", { fingerprint: "same" }))).toBe(true);
    // The one that ended can't be opened again meanwhile.
    expect(await store.saveTuningJob({ ...ended, open: true, revision: 3 })).toBe(false);
    expect((await store.tuningJob(ended.id))?.open).toBe(false);
  });

  test("stay when captures go", async () => {
    await store.saveTuningJob(tuningJob("a"));
    await store.write(batch({ captures: [capture("c", { user: "bob" })] }));
    await store.delete({ user: "bob" });
    await store.retain({ before: 10_000_000, maxBytes: 0 });
    expect(await store.tuningJob("a")).toEqual(tuningJob("a"));
  });
});
