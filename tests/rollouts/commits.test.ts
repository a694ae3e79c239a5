import { expect, test } from "vitest";
import { RolloutFamilies } from "../../src/metrics/rollout-families.ts";
import { Commits } from "../../src/rollouts/commits.ts";
import { NOTHING_KNOWN } from "../../src/rollouts/run.ts";
import { Runs } from "../../src/rollouts/runs.ts";
import { storedRun } from "../../src/rollouts/stored-run.ts";
import { type Changed, paused, rolledBack } from "../../src/rollouts/transitions.ts";
import type { RolloutStore } from "../../src/store/rollout-store.ts";
import { flaky, newStore } from "./conducted.ts";
import { BEGAN, rolloutOf, run } from "./runs.ts";

const deed = { at: BEGAN, by: "ann", ...NOTHING_KNOWN };

function runsOn(store: RolloutStore): Runs {
  const runs = new Runs({ store, snapshotEvery: 50, onEnd() {}, onLost() {}, onOthers() {} });
  runs.use(new Map([["r", rolloutOf()]]));
  return runs;
}

function commitsOn(store: RolloutStore, runs = runsOn(store)) {
  const metrics = new RolloutFamilies();
  return { metrics, commits: new Commits({ store, runs, metrics, log: () => {}, now: Date.now }) };
}

test("a change is told of, though another one that came second was begun before its answer", async () => {
  const store = flaky(await newStore());
  const { promise: first, resolve } = Promise.withResolvers<boolean>();
  const answers = [first, Promise.resolve(false)];
  store.saveRun = () => answers.shift() ?? Promise.resolve(false);
  const { commits, metrics } = commitsOn(store);
  const saving = commits.save(rolledBack(run({ rollout: "r" }), { ...deed, id: "chg_1" }));
  expect(await commits.save(paused(run({ rollout: "r" }), "person", { ...deed, id: "chg_2" }))).toBe(false);
  resolve(true);
  expect(await saving).toBe(true);
  expect(metrics.render()).toContain('crossover_rollout_changes_total{rollout="r",action="rollback"} 1');
  expect(metrics.render()).not.toContain('action="pause"');
});

test("a change that was saved after all is told of, though others were tried since", async () => {
  const store = flaky(await newStore());
  store.failsToSave = true;
  const { commits, metrics } = commitsOn(store);
  const changes: readonly Changed[] = ["chg_1", "chg_2"].map((id, i) =>
    rolledBack(run({ rollout: "r" }), { ...deed, id, at: BEGAN + i }),
  );
  for (const changed of changes) await expect(commits.save(changed)).rejects.toThrow("read only");
  const [made] = changes;
  if (made === undefined) throw new TypeError("there is none");
  expect(commits.recognize(storedRun(made.run))).toBe(true);
  expect(commits.recognize(storedRun(made.run))).toBe(false);
  expect(metrics.render()).toContain('crossover_rollout_changes_total{rollout="r",action="rollback"} 1');
});

test("an answer that comes late does not undo what others made of the run since", async () => {
  const store = await newStore();
  const runs = runsOn(store);
  const begun = run({ rollout: "r", revision: 1 });
  await store.saveRun(storedRun(begun), []);
  const weighed = run({ rollout: "r", revision: 2, percent: 50 });
  await store.saveRun(storedRun(weighed), []);
  const { run: ended } = rolledBack(weighed, { ...deed, id: "chg_1" });
  await store.saveRun(storedRun(ended), []);
  await runs.look();
  runs.saved(storedRun(weighed));
  expect(runs.of("r")?.run?.state).toBe("rolled_back");
});
