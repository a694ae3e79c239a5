import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { jobIn, rowOf } from "../../src/tuning/stored-job.ts";
import { tuningJob } from "../store/samples.ts";
import { until } from "../support/until.ts";
import { TRAINING } from "./jobs.ts";
import { QUESTION, type World, world } from "./world.ts";

test("a job comes back as it was saved", () => {
  const row = rowOf(TRAINING, tuningJob("a"));
  expect(jobIn(row)).toEqual(TRAINING);
});

test("a document of an earlier version is still read", () => {
  const url = new URL("../fixtures/tuning/job-of-first-shape.json", import.meta.url);
  const document = readFileSync(url, "utf8");
  const job = jobIn({ ...tuningJob("a"), document });
  expect(job).toMatchObject(JSON.parse(document));
});

/** A job whose row holds what another version wrote. */
async function unreadable(all: World, document: string): Promise<string> {
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const row = await all.store.tuningJob(id);
  if (row === undefined) throw new Error("there is no job");
  expect(await all.store.saveTuningJob({ ...row, revision: row.revision + 1, document })).toBe(true);
  return id;
}

test("one that can't be read is listed and shown with what stands beside it, and says so", async () => {
  const all = await world();
  const tuner = all.tuner();
  const id = await unreadable(all, "{}");
  const job = await tuner.job(id);
  expect(job).toMatchObject({ id, state: "uploading", spec: { route: "ask", provider: "main" } });
  expect(job?.problem).toMatchObject({ code: "tuning_job_unreadable" });
  expect(job?.problem?.hint).toContain(`crossover tune cancel ${id}`);
  expect(await tuner.jobs({ limit: 10 })).toEqual([job]);
  await expect(tuner.work(id, AbortSignal.timeout(5_000))).rejects.toMatchObject({ status: 409 });
  await expect(tuner.register(id, "ft:x")).rejects.toMatchObject({ code: "tuning_job_unreadable" });
});

test("what can be read of it is shown", async () => {
  const all = await world();
  const id = await unreadable(all, JSON.stringify({ ...TRAINING, remote: "elsewhere" }));
  expect((await all.tuner().job(id))?.spec).toEqual(TRAINING.spec);
});

test("it can be cancelled, keeps its document, and makes way for another of the same", async () => {
  const all = await world();
  const tuner = all.tuner();
  const id = await unreadable(all, '{"later":true}');
  expect(await tuner.cancel(id)).toMatchObject({ id, state: "cancelled" });
  expect(await all.store.tuningJob(id)).toMatchObject({ open: false, document: '{"later":true}' });
  await expect(tuner.cancel(id)).rejects.toMatchObject({ code: "tuning_job_ended" });
  const next = await tuner.start(await tuner.plan(QUESTION), true);
  expect(next.state).toBe("uploading");
});

test("once it is cancelled it can be deleted by who sees to its copies at the provider", async () => {
  const all = await world();
  const tuner = all.tuner();
  const id = await unreadable(all, "{}");
  await expect(tuner.remove(id, true)).rejects.toMatchObject({ code: "tuning_job_unreadable" });
  await tuner.cancel(id);
  const left = expect.stringContaining(`files named crossover-${id}`);
  expect(await tuner.remove(id)).toEqual({ id, deleted: false, left });
  expect(await tuner.remove(id, true)).toEqual({ id, deleted: true, left });
  expect(await all.store.tuningJob(id)).toBeUndefined();
});

test("a gateway says once that it can't work on it, and works on the others", async () => {
  const all = await world();
  const id = await unreadable(all, "{}");
  const tuner = all.tuner();
  tuner.run();
  const other = await tuner.start(await tuner.plan({ ...QUESTION, seed: 2 }), false);
  await until(async () => (await tuner.job(other.id))?.state === "succeeded");
  expect(all.logs.map(({ fields }) => fields["job"])).toEqual([id]);
  expect(all.logs[0]?.fields["error"]).toContain("another version");
});
