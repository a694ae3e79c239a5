import { expect, test } from "vitest";
import { tuningJob } from "../../src/tuning/job.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import type { TuningQuestion } from "../../src/tuning/tuning.ts";
import { useDatabases } from "../store/databases.ts";
import { until } from "../support/until.ts";
import { FakeProvider, problem, seen } from "./fake-provider.ts";
import { bound, examples, QUESTION, type World, world } from "./world.ts";

const { kinds, open } = useDatabases();

const AZURE: TuningQuestion = {
  ...QUESTION,
  provider: "cloud",
  training: { kind: "text", text: examples(12) },
  validation: { kind: "text", text: examples(5, 100) },
};

/** The process is gone: nothing of it is done any more. */
class Killed extends Error {}

/**
 * Works on a job, and stops dead at the given moment of all that reach outside: calls to the provider, changes of the store
 * and of the configuration, files, questions to models.
 * @returns whether it came so far
 */
async function killedAt(all: World, id: string, nth: number): Promise<boolean> {
  let moments = 0;
  let isDead = false;
  const pass = (): void => {
    if (isDead || moments++ === nth) {
      isDead = true;
      throw new Killed();
    }
  };
  const around = <A extends readonly unknown[], R>(act: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      pass();
      const result = await act(...args);
      pass();
      return result;
    };
  };
  all.provider.at = pass;
  const { store, folders } = all;
  const tuner = new Tuner(
    all.deps({
      store: {
        ...bound(store),
        saveTuningJob: around((job) => store.saveTuningJob(job)),
        saveComparison: around((comparison, rows) => store.saveComparison(comparison, rows)),
      },
      folders: {
        list: () => folders.list(),
        has: (jobId) => folders.has(jobId),
        create: (jobId, files, mark) => folders.create(jobId, files, mark),
        remove: (jobId) => folders.remove(jobId),
        read: (source) => folders.read(source),
        open: (jobId, name) => folders.open(jobId, name),
        write: around((jobId, name, text) => folders.write(jobId, name, text)),
        pathOf: (jobId, name) => folders.pathOf(jobId, name),
      },
    }),
  );
  await tuner.work(id, AbortSignal.timeout(20_000)).catch(() => {});
  // What the store says counts: a process that died can't give its lease back, nor fail its job.
  all.provider.at = () => {};
  await tuner.close();
  return isDead;
}

test.each([
  ["OpenAI", QUESTION],
  ["Azure", AZURE],
])(
  "at %s, killed at any moment, a job goes on and nothing is done or paid for twice",
  async (_name, question) => {
    const all = await world({ timing: { leaseMs: 60, graceMs: 20 } });
    // The same names each time, so that a configuration with them is compiled once.
    const named = { ...question, model: "tuned", variant: "tuned" };
    const tuner = all.tuner();
    for (let nth = 0; ; nth++) {
      all.provider = new FakeProvider();
      all.registered.length = 0;
      const { id } = await tuner.start(await tuner.plan(named), true);
      const died = await killedAt(all, id, nth);
      const job = await tuner.work(id, AbortSignal.timeout(20_000));
      expect([nth, job.state, job.problem]).toEqual([nth, "succeeded", null]);
      expect(all.provider.effects.filter((effect) => !effect.startsWith("deploy"))).toEqual([
        "upload training",
        "upload validation",
        "create",
      ]);
      expect(all.provider.deployments.size).toBe(question === AZURE ? 1 : 0);
      expect(new Set(all.registered.map(({ model }) => model.name)).size).toBe(1);
      if (!died) {
        expect(nth).toBeGreaterThan(30);
        break;
      }
    }
  },
  60_000,
);

test("an answer that was lost is found, and nothing is created again", async () => {
  const all = await world();
  let lost = 0;
  all.provider.at = (moment) => {
    if (moment === "after create" && lost++ === 0) throw problem("unknown", "the connection broke");
  };
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect(job.state).toBe("succeeded");
  expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
  expect(job.journal.some(({ message }) => message.startsWith("Found the job"))).toBe(true);
});

test("what turns up late in the provider's list is found within the time of grace", async () => {
  const all = await world({ timing: { graceMs: 10_000, lookMs: 1 } });
  all.provider.blind = 5;
  all.provider.at = (moment) => {
    if (moment === "after create") throw problem("unknown");
  };
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  expect((await tuner.work(id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
  expect(all.provider.blind).toBeLessThan(0);
});

test("what never came to be is created again after the time of grace", async () => {
  const all = await world({ timing: { graceMs: 10 } });
  let lost = 0;
  all.provider.at = (moment) => {
    if (moment === "before create" && lost++ === 0) throw problem("unknown");
  };
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  expect((await tuner.work(id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
});

test.each(kinds)(
  "two workers on $name: one works, and the other takes over when it is gone",
  async (database) => {
    const url = await database.create();
    const all = await world({ store: await open(url), timing: { leaseMs: 1_500 } });
    all.provider.script = [seen("running")];
    const first = all.tuner();
    const second = all.tuner({ store: await open(url) });
    const { id } = await first.start(await first.plan(QUESTION), false);
    const both = [first, second].map((tuner) => tuner.work(id, AbortSignal.timeout(30_000)));
    for (const each of both) each.catch(() => {});
    const owner = async () => (await all.store.tuningJob(id))?.owner;
    await until(async () => (await first.job(id))?.state === "training");
    const held = await owner();
    expect(held).toBeDefined();
    // Whoever has it keeps it, beyond the time of its lease.
    const beyond = Date.now() + 2_000;
    await until(async () => {
      expect(await owner()).toBe(held);
      return Date.now() > beyond;
    });
    await first.close();
    all.provider.script = [seen("succeeded")];
    expect((await second.work(id, AbortSignal.timeout(30_000))).state).toBe("succeeded");
    expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
  },
);

test("a worker that hangs loses its lease, and does nothing more", async () => {
  const all = await world({ timing: { leaseMs: 100 } });
  const stuck = Promise.withResolvers<void>();
  let isStuck = false;
  all.provider.at = (moment) => {
    if (moment !== "before observe" || isStuck) return;
    isStuck = true;
    return stuck.promise;
  };
  let isSilent = false;
  const hanging = all.tuner({
    store: {
      ...bound(all.store),
      saveTuningJob: (job) => (isSilent ? stuck.promise.then(() => false) : all.store.saveTuningJob(job)),
      renewTuningJob: (lease) =>
        isSilent ? stuck.promise.then(() => false) : all.store.renewTuningJob(lease),
    },
  });
  const { id } = await hanging.start(await hanging.plan(QUESTION), false);
  hanging.work(id, AbortSignal.timeout(30_000)).catch(() => {});
  await until(() => isStuck);
  isSilent = true; // its store does not answer, so that it can't renew
  expect((await all.tuner().work(id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  stuck.resolve();
  isSilent = false;
  expect((await all.store.tuningJob(id))?.state).toBe("succeeded");
  expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
});

test("a machine that slept between saving and sending sends nothing", async () => {
  const all = await world({ timing: { leaseMs: 100, graceMs: 20 } });
  let slept = 0;
  let late = 0;
  const tuner = all.tuner({
    store: {
      ...bound(all.store),
      saveTuningJob: async (row) => {
        const isSaved = await all.store.saveTuningJob(row);
        if (slept === 0 && triedToCreate(row.document)) {
          slept = row.ownedUntil;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
        }
        return isSaved;
      },
    },
  });
  all.provider.at = async (moment) => {
    const row = (await all.store.openTuningJobs(1))[0];
    if (moment === "before create" && (row?.ownedUntil ?? 0) < Date.now()) late++;
  };
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  expect((await tuner.work(id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  expect([slept > 0, late]).toEqual([true, 0]);
  expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
});

function triedToCreate(document: string): boolean {
  return tuningJob.parse(JSON.parse(document)).remote.create_tried_at !== null;
}
