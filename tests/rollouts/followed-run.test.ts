import { expect, test } from "vitest";
import { FollowedRun } from "../../src/rollouts/followed-run.ts";
import { entryOf } from "../../src/rollouts/log-entry.ts";
import { storedRun } from "../../src/rollouts/stored-run.ts";
import { flaky, newStore, request } from "./conducted.ts";
import { policy, run } from "./runs.ts";

/** How many snapshots come of so many observations. @param units how many sticky keys they are of */
async function snapshotsOf(units: number): Promise<number> {
  const store = await newStore();
  await store.saveRun(storedRun(run()), []);
  let saved = 0;
  const followed = new FollowedRun({
    id: run().id,
    isNew: true,
    spec: { policy: policy(), sticky: true },
    store: { ...flaky(store), saveSnapshot: async () => void saved++ },
    snapshotEvery: 2,
    onEnd: () => {},
    onLost: () => {},
  });
  for (let i = 0; i < 160; i++) {
    followed.observe(request("control", { share: 0.5, unit: (i % units) / units }));
    await followed.catchUp();
  }
  return saved;
}

test("the more sticky keys there are, the fewer snapshots are made of as many observations", async () => {
  expect(await snapshotsOf(1)).toBe(80);
  expect(await snapshotsOf(160)).toBeLessThan(40);
});

test("reading makes the log no longer; what waits is logged after it, and judged once", async () => {
  const store = await newStore();
  await store.saveRun(storedRun(run()), []);
  const followed = new FollowedRun({
    id: run().id,
    isNew: true,
    spec: { policy: policy(), sticky: false },
    store,
    snapshotEvery: 50,
    onEnd: () => {},
    onLost: () => {},
  });
  const one = request("control", { share: 0.5 });
  await store.appendObservations(run().id, "others", entryOf([one]), 0);
  followed.observe(one);
  await Promise.all([followed.read(), followed.read()]);
  expect([followed.seq, followed.monitor.observed, followed.hasPending]).toEqual([1, 1, true]);
  await Promise.all([followed.read(), followed.catchUp(), followed.read()]);
  expect([followed.seq, followed.monitor.observed, followed.hasPending]).toEqual([2, 2, false]);
});
