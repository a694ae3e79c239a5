import { expect, test } from "vitest";
import { until } from "../support/until.ts";
import { seen } from "./fake-provider.ts";
import { config, QUESTION, trained, world } from "./world.ts";

test("a short job is over soon, however seldom the configuration asks", async () => {
  const all = await world({ config: config({ tuning: { pollSeconds: 3600 } }), timing: { firstLookMs: 1 } });
  const job = await trained(all.tuner(), { ...QUESTION, validation: undefined, provider: "cloud" });
  expect([job.state, job.losses.length]).toEqual(["succeeded", 2]);
  // Each of the looks at training and deployment is in the journal.
  const messages = job.journal.map(({ message }) => message);
  for (const status of ["queued", "running", "succeeded"])
    expect(messages).toContain(`The provider says: ${status}.`);
});

test("the waits between looks grow", async () => {
  const all = await world({ config: config({ tuning: { pollSeconds: 3600 } }), timing: { firstLookMs: 20 } });
  all.provider.script = [seen("running")];
  const times: number[] = [];
  all.provider.at = (moment) => void (moment === "before observe" && times.push(performance.now()));
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const work = tuner.work(id, AbortSignal.timeout(20_000)).catch(() => undefined);
  await until(() => times.length >= 7 || undefined);
  // 20 ms, and half as much more each time: 416 ms before the seventh look.
  expect((times[6] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(400);
  await tuner.close();
  await work;
});
