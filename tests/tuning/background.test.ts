import { existsSync, mkdirSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DiskJobFolders } from "../../src/job-folders.ts";
import { StoreError } from "../../src/store/store.ts";
import type { Tuner } from "../../src/tuning/tuner.ts";
import { until } from "../support/until.ts";
import { problem, seen } from "./fake-provider.ts";
import { bound, config, QUESTION, trained, type World, world } from "./world.ts";

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

/** A machine with the same store and a disk of its own. */
function elsewhere(all: World): Tuner {
  return all.tuner({ folders: new DiskJobFolders(all.folders.pathOf("elsewhere", "")) });
}

async function leftTraining(all: World): Promise<string> {
  all.provider.script = [seen("running")];
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const stop = new AbortController();
  const working = tuner.work(id, stop.signal).catch(() => {});
  await until(async () => (await tuner.job(id))?.state === "training");
  stop.abort();
  await working;
  return id;
}

test("a job whose folder is gone goes on, which is told once", async () => {
  const all = await world({ timing: { leaseMs: 600 } });
  const id = await leftTraining(all);
  await all.folders.remove(id);
  const tuner = all.tuner();
  tuner.run();
  await until(() => all.provider.calls.filter((call) => call === "observe").length > 5);
  // Asked for by another process, as the command line is one.
  await all.tuner().cancel(id);
  await until(async () => (await tuner.job(id))?.state === "cancelled");
  expect(all.provider.effects.at(-1)).toBe("cancel");
  expect(all.logs.map(({ message, fields }) => [message, fields["job"]])).toEqual([
    ["the files of a fine-tuning job are not here: it goes on without them", id],
  ]);
});

test("what was not uploaded yet waits for the machine that has it, and says so; its end does not", async () => {
  const all = await world();
  const starter = all.tuner();
  const ids: string[] = [];
  for (let seed = 0; seed < 2; seed++)
    ids.push((await starter.start(await starter.plan({ ...QUESTION, seed }), false)).id);
  const [waiting = "", ended = ""] = ids;
  elsewhere(all).run();
  const told = async () =>
    (await starter.job(waiting))?.journal.filter(({ message }) => message.includes("not on the machine"));
  await until(async () => (await told())?.length === 1);
  await starter.cancel(ended);
  await until(async () => (await starter.job(ended))?.state === "cancelled");
  expect(all.provider.calls).not.toContain("upload");
  starter.run();
  await until(async () => (await starter.job(waiting))?.state === "succeeded");
  expect(await told()).toHaveLength(1);
});

test("a comparison is left to the machine that has the validation file", async () => {
  const all = await world({ timing: { scanMs: 20 } });
  const id = await leftTraining(all);
  all.provider.script = [seen("succeeded")];
  const other = elsewhere(all);
  other.run();
  await until(async () => (await other.job(id))?.state === "evaluating");
  const tuner = all.tuner();
  tuner.run();
  await until(async () => (await tuner.job(id))?.state === "succeeded");
  expect((await tuner.job(id))?.evaluation?.rows).toBe(5);
});

test("jobs that wait for a person are left to them", async () => {
  const all = await world();
  all.provider.at = (moment) => {
    if (moment === "before create") throw problem("unsupported");
  };
  const manual = await trained(all.tuner());
  all.provider.at = () => {};
  const tuner = all.tuner();
  tuner.run();
  const { id } = await tuner.start(await tuner.plan({ ...QUESTION, seed: 2 }), false);
  await until(async () => (await tuner.job(id))?.state === "succeeded");
  expect(await tuner.job(manual.id)).toEqual(manual);
  await until(() => all.openJobs === 1);
});

test("folders of jobs that never began are deleted after a day, and no others", async () => {
  const all = await world();
  const starter = all.tuner();
  const { id } = await starter.start(await starter.plan(QUESTION), false);
  const text = new Map([["train.jsonl", { kind: "text", text: "x" } as const]]);
  const [old, young, rated] = ["tj-00000000000a", "tj-00000000000b", "tj-00000000000c"] as const;
  for (const each of [old, young, rated, "my-own"]) await all.folders.create(each, text, false);
  await all.folders.write(rated, "evaluation.json", "{}");
  const root = all.folders.pathOf("my-own", "..");
  mkdirSync(join(root, `${young}.tmp`));
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  for (const each of [id, old, rated, "my-own", `${young}.tmp`])
    utimesSync(join(root, each), yesterday, yesterday);
  starter.run();
  await until(() => !existsSync(join(root, old)) && !existsSync(join(root, `${young}.tmp`)));
  await starter.close();
  expect(readdirSync(root).toSorted()).toEqual([id, "my-own", rated, young].toSorted());
  expect(all.logs).toEqual([]);
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

describe("a job that a person lets go on is worked on at once, not with the next look,", () => {
  const AZURE = { ...QUESTION, provider: "cloud", validation: undefined };
  const NO_QUOTA = { phase: "failed", status: "Failed", message: "no quota" } as const;
  const UP = { phase: "running", status: "Succeeded", message: undefined } as const;

  test("whenever that is", async () => {
    const all = await world({ timing: { scanMs: 1e8 } });
    all.provider.deploying = [NO_QUOTA];
    const tuner = all.tuner();
    tuner.run();
    const { id } = await tuner.start(await tuner.plan(AZURE), false);
    const row = () => all.store.tuningJob(id);
    await until(async () => (await row())?.state === "manual" && (await row())?.owner === undefined);
    all.provider.deploying = [UP];
    await tuner.resume(id);
    await until(async () => (await row())?.state === "succeeded");
  });

  test("in the moment too in which it begins to wait", async () => {
    const all = await world({ timing: { scanMs: 1e8 } });
    all.provider.deploying = [NO_QUOTA];
    const { store } = all;
    let isResumed = false;
    const tuner: Tuner = all.tuner({
      store: {
        ...bound(store),
        saveTuningJob: async (job) => {
          const isSaved = await store.saveTuningJob(job);
          if (job.state === "manual" && !isResumed) {
            isResumed = true;
            all.provider.deploying = [UP];
            await tuner.resume(job.id);
          }
          return isSaved;
        },
      },
    });
    tuner.run();
    const { id } = await tuner.start(await tuner.plan(AZURE), false);
    await until(async () => (await store.tuningJob(id))?.state === "succeeded");
    expect((await store.tuningJob(id))?.owner).toBeUndefined();
  });
});

test("jobs that wait for the configuration keep no place from others", async () => {
  const all = await world();
  const tuner = all.tuner();
  const lost = { ...QUESTION, provider: "bare" };
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
