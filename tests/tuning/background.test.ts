import { expect, test } from "vitest";
import { z } from "zod";
import { StoreError } from "../../src/store/store.ts";
import { until } from "../support/until.ts";
import { seen } from "./fake-provider.ts";
import { bound, config, examples, QUESTION, world } from "./world.ts";

/** As Azure takes them. */
const BOM = {
  training: { kind: "text", text: `\uFEFF${examples(12)}` },
  validation: { kind: "text", text: `\uFEFF${examples(5, 100)}` },
} as const;

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

test("a hundred jobs all get on, four upload at a time, and the store is asked little", async () => {
  const all = await world({ timing: { scanMs: 50 } });
  all.configure(config({ tuning: { pollSeconds: 0.5 } }));
  all.provider.script = [seen("running")];
  const gate = Promise.withResolvers<void>();
  let [uploading, most] = [0, 0];
  all.provider.at = (moment) => {
    if (moment === "after upload") uploading--;
    if (moment !== "before upload") return;
    most = Math.max(most, ++uploading);
    return gate.promise;
  };
  const counts = { scans: 0, documents: 0 };
  const store = bound(all.store);
  const starter = all.tuner();
  for (let seed = 0; seed < 100; seed++)
    await starter.start(await starter.plan({ ...QUESTION, validation: undefined, seed }), false);
  const tuner = all.tuner({
    store: {
      ...store,
      openTuningJobs: (limit) => {
        counts.scans++;
        return store.openTuningJobs(limit);
      },
      tuningJob: (id) => {
        counts.documents++;
        return store.tuningJob(id);
      },
      saveTuningJob: (job) => {
        counts.documents++;
        return store.saveTuningJob(job);
      },
    },
  });
  tuner.run();
  const owned = async () => (await all.store.openTuningJobs(200)).filter(({ owner }) => owner !== undefined);
  await until(async () => (await owned()).length === 100 && most === 4);
  gate.resolve();
  const states = async () => (await all.store.tuningJobs({ limit: 200 })).map(({ state }) => state);
  await until(async () => (await states()).every((state) => state === "training"));
  expect(most).toBe(4);
  // What is only looked at costs the store nothing.
  await until(() => all.provider.calls.filter((call) => call === "observe").length >= 200);
  const before = { ...counts };
  const observed = all.provider.calls.length;
  await until(() => counts.scans > before.scans && all.provider.calls.length >= observed + 100);
  expect(counts.documents - before.documents).toBeLessThan(10);
  // Any of them may be ended, however many others wait.
  const [latest] = await all.store.tuningJobs({ limit: 1 });
  const id = latest?.id ?? "";
  await tuner.cancel(id);
  await until(async () => (await tuner.job(id))?.state === "cancelled");
}, 60_000);

test("jobs that wait for the configuration keep no place from others", async () => {
  const all = await world();
  const tuner = all.tuner();
  const lost = { ...QUESTION, provider: "bare", ...BOM };
  for (let seed = 0; seed < 6; seed++) await tuner.start(await tuner.plan({ ...lost, seed }), false);
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const { bare: _, ...providers } = z.record(z.string(), z.unknown()).parse(config()["providers"]);
  all.configure(config({ providers }));
  tuner.run();
  await until(async () => (await tuner.job(id))?.state === "succeeded");
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
