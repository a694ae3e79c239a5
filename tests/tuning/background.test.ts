import { expect, test } from "vitest";
import { StoreError } from "../../src/store/store.ts";
import { until } from "../support/until.ts";
import { seen } from "./fake-provider.ts";
import { bound, QUESTION, world } from "./world.ts";

test("works on what is open, and on what begins later", async () => {
  const all = await world();
  const starter = all.tuner();
  const first = await starter.start(await starter.plan(QUESTION), false);
  const tuner = all.tuner();
  tuner.run();
  await until(async () => (await tuner.job(first.id))?.state === "succeeded");
  const second = await tuner.start(await tuner.plan({ ...QUESTION, seed: 2 }), false);
  await until(async () => (await tuner.job(second.id))?.state === "succeeded");
  await until(() => all.openJobs === 0);
  expect(all.ended).toEqual(["main succeeded", "main succeeded"]);
});

test("leaves jobs alone whose files are on another machine, and those that wait for a person", async () => {
  const all = await world();
  const starter = all.tuner();
  const here = await starter.start(await starter.plan(QUESTION), false);
  const there = await starter.start(await starter.plan({ ...QUESTION, seed: 2 }), false);
  await all.folders.remove(there.id);
  all.tuner().run();
  await until(async () => (await starter.job(here.id))?.state === "succeeded");
  expect((await starter.job(there.id))?.state).toBe("uploading");
  await until(() => all.openJobs === 1);
});

test("closing gives the jobs back, and another goes on at once", async () => {
  const all = await world({ timing: { leaseMs: 60_000 } });
  all.provider.script = [seen("running")];
  const tuner = all.tuner();
  tuner.run();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  await until(async () => (await tuner.job(id))?.state === "training");
  await tuner.close();
  expect(await all.store.tuningJob(id)).toMatchObject({ owner: undefined, ownedUntil: 0, state: "training" });
  all.provider.script = [seen("succeeded")];
  const other = all.tuner();
  other.run();
  await until(async () => (await other.job(id))?.state === "succeeded");
  await expect(tuner.work(id, AbortSignal.timeout(1_000))).rejects.toThrow();
});

test("no more than four jobs are worked on at a time", async () => {
  const all = await world();
  all.provider.script = [seen("running")];
  const tuner = all.tuner();
  for (let seed = 0; seed < 6; seed++)
    await tuner.start(await tuner.plan({ ...QUESTION, validation: undefined, seed }), false);
  tuner.run();
  const owned = async () =>
    (await all.store.tuningJobs({ limit: 10 })).filter(({ owner }) => owner !== undefined).length;
  await until(async () => (await owned()) === 4);
  const looked = all.provider.calls.length;
  await until(() => all.provider.calls.length > looked + 20);
  expect(await owned()).toBe(4);
  all.provider.script = [seen("succeeded")];
  await until(async () => (await all.store.tuningJobs({ open: true, limit: 10 })).length === 0);
});

test("a store that is lost for a while is waited for, in the middle of a job too", async () => {
  const all = await world();
  let isLost = false;
  const lost = async () => {
    if (isLost) throw new StoreError("the disk is full", true);
  };
  const { store } = all;
  const tuner = all.tuner({
    store: {
      ...bound(store),
      saveTuningJob: async (job) => lost().then(() => store.saveTuningJob(job)),
      renewTuningJob: async (lease) => lost().then(() => store.renewTuningJob(lease)),
      tuningJob: async (id) => lost().then(() => store.tuningJob(id)),
      openTuningJobs: async (limit) => lost().then(() => store.openTuningJobs(limit)),
    },
  });
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  all.provider.at = (moment) => {
    if (moment === "after create") {
      isLost = true;
      setTimeout(() => {
        isLost = false;
      }, 50);
    }
  };
  tuner.run();
  await until(async () => (await store.tuningJob(id))?.state === "succeeded");
  expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
  expect(all.logs).toEqual([]);
});
