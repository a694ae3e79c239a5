import { expect, test } from "vitest";
import { StoreError } from "../../src/store/store.ts";
import { HeldJob, isFree, LeaseLost } from "../../src/tuning/held-job.ts";
import { cancelAsked, stepped } from "../../src/tuning/transitions.ts";
import { until } from "../support/until.ts";
import { bound, QUESTION, type World, world } from "./world.ts";

const step = (message: string) => (job: Parameters<typeof stepped>[0]) => stepped(job, message, 1);

async function begun(): Promise<{ readonly all: World; readonly id: string }> {
  const all = await world();
  const tuner = all.tuner();
  return { all, id: (await tuner.start(await tuner.plan(QUESTION), false)).id };
}

function claim(
  { store }: World,
  id: string,
  owner: string,
  leaseMs: number,
  signal = new AbortController().signal,
) {
  return HeldJob.claim(id, { store, owner, leaseMs, signal });
}

test("one that works has a job alone, and another has it once it is given back", async () => {
  const { all, id } = await begun();
  const first = await claim(all, id, "a", 10_000);
  expect(await claim(all, id, "b", 10_000)).toBeUndefined();
  await first?.release();
  const second = await claim(all, id, "b", 10_000);
  expect(second?.job.id).toBe(id);
  await expect(first?.update(step("much too late"))).rejects.toThrow(LeaseLost);
  await second?.release();
  expect((await all.store.tuningJob(id))?.document).not.toContain("much too late");
});

test("whoever lost a job to another changes it no more", async () => {
  const { all, id } = await begun();
  const first = await claim(all, id, "a", 10_000);
  // As if the first one's machine had slept beyond its lease.
  const row = await all.store.tuningJob(id);
  if (row === undefined) throw new Error("there is no job");
  await all.store.saveTuningJob({ ...row, ownedUntil: 0, revision: row.revision + 1 });
  const second = await claim(all, id, "b", 10_000);
  await second?.update(step("by the second"));
  await expect(first?.update(step("by the first"))).rejects.toThrow(LeaseLost);
  expect(first?.signal.aborted).toBe(true);
  await second?.update(step("again"));
  const messages = second?.job.journal.map(({ message }) => message);
  expect(messages?.slice(-2)).toEqual(["by the second", "again"]);
  await first?.release();
  expect((await all.store.tuningJob(id))?.owner).toBe("b");
  await second?.release();
});

test("changes of others are taken over, and ours are made of them", async () => {
  const { all, id } = await begun();
  const held = await claim(all, id, "a", 10_000);
  await all.tuner().cancel(id);
  expect(held?.cancelSignal.aborted).toBe(false);
  const job = await held?.update(step("mine"));
  expect([job?.cancel_asked, job?.journal.at(-1)?.message]).toEqual([true, "mine"]);
  expect(held?.cancelSignal.aborted).toBe(true);
  await held?.release();
});

test("many changes at once are all made", async () => {
  const { all, id } = await begun();
  const held = await claim(all, id, "a", 10_000);
  await Promise.all(Array.from({ length: 20 }, (_, n) => held?.update(step(`step ${n}`))));
  expect(held?.job.journal).toHaveLength(21);
  await held?.release();
});

test("a lease is renewed while it is held", async () => {
  const { all, id } = await begun();
  const held = await claim(all, id, "a", 90);
  const ends = async () => (await all.store.tuningJob(id))?.ownedUntil ?? 0;
  const first = await ends();
  await until(async () => (await ends()) > first + 200);
  expect(held?.signal.aborted).toBe(false);
  await held?.release();
});

test("a lease is renewed without the document, and what changes nothing is not saved", async () => {
  const { all, id } = await begun();
  const saved: string[] = [];
  const store = bound(all.store);
  const held = await HeldJob.claim(id, {
    store: {
      ...store,
      saveTuningJob: (job) => {
        saved.push(job.document);
        return store.saveTuningJob(job);
      },
    },
    owner: "a",
    leaseMs: 300,
    signal: new AbortController().signal,
  });
  const ends = async () => (await all.store.tuningJob(id))?.ownedUntil ?? 0;
  const first = await ends();
  await until(async () => (await ends()) > first + 200);
  await held?.update((job) => ({ ...job, updated: job.updated + 1, journal: [...job.journal] }));
  expect(saved).toHaveLength(1); // the claim
  // A change of somebody else is no end of it.
  await all.tuner().cancel(id);
  await until(() => held?.cancelSignal.aborted === true);
  expect(held?.signal.aborted).toBe(false);
  await held?.update(step("more"));
  expect(saved).toHaveLength(2);
  await held?.release();
});

test("a machine that slept beyond its lease begins nothing more", async () => {
  const { all, id } = await begun();
  const held = await claim(all, id, "a", 120);
  held?.requireLease();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  expect(() => held?.requireLease()).toThrow(LeaseLost);
  expect(held?.signal.aborted).toBe(true);
  await held?.release();
});

test("clocks that differ by some seconds leave no time in which two have it", () => {
  const ownedUntil = Date.now() - 1_000;
  expect(isFree({ owner: "a", ownedUntil }, 30_000)).toBe(false);
  expect(isFree({ owner: "a", ownedUntil: ownedUntil - 5_000 }, 30_000)).toBe(true);
  expect(isFree({ owner: undefined, ownedUntil }, 30_000)).toBe(true);
});

test("a lease that the store refuses to renew is lost", async () => {
  const { all, id } = await begun();
  const held = await HeldJob.claim(id, {
    store: { ...bound(all.store), renewTuningJob: () => Promise.reject(new StoreError("no right", false)) },
    owner: "a",
    leaseMs: 30,
    signal: new AbortController().signal,
  });
  const lost = Promise.withResolvers<void>();
  held?.signal.addEventListener("abort", () => lost.resolve());
  await lost.promise;
  await expect(held?.update(step("too late"))).rejects.toThrow(LeaseLost);
  await held?.release();
});

test("a wish for the end wakes whoever sleeps, once", async () => {
  const { all, id } = await begun();
  const held = await claim(all, id, "a", 10_000);
  const sleeping = held?.sleep(60_000);
  await held?.update((job) => cancelAsked(job, 1));
  await sleeping;
  const began = performance.now();
  await held?.sleep(30);
  expect(performance.now() - began).toBeGreaterThan(20);
  await held?.release();
});
