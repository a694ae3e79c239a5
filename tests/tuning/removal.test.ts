import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { problem, seen } from "./fake-provider.ts";
import { config, QUESTION, refused, SECRET, trained, world } from "./world.ts";

test("a job goes with its folder, what was uploaded, and its comparison", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id, evaluation } = await trained(tuner);
  const comparison = evaluation?.comparison ?? "";
  expect(await all.store.comparison(comparison)).toBeDefined();
  expect(await tuner.remove(id)).toEqual({ id, deleted: true, left: undefined });
  expect(all.provider.files.size).toBe(0);
  expect(all.provider.effects.slice(-2)).toEqual([
    `remove crossover-${id}-train.jsonl`,
    `remove crossover-${id}-validation.jsonl`,
  ]);
  expect(await all.folders.has(id)).toBe(false);
  expect(await all.store.comparison(comparison)).toBeUndefined();
  expect(await all.store.tuningJob(id)).toBeUndefined();
  await expect(tuner.remove(id)).rejects.toMatchObject({ status: 404, code: "tuning_job_not_found" });
});

test("one that is worked on is not deleted", async () => {
  const all = await world();
  all.provider.script = [seen("running")];
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  await expect(tuner.remove(id)).rejects.toMatchObject({ status: 409, code: "tuning_job_open" });
  expect(await all.folders.has(id)).toBe(true);
});

test("one that waits for a person is", async () => {
  const all = await world();
  all.provider.at = (moment) => {
    if (moment === "before create") throw problem("unsupported");
  };
  const tuner = all.tuner();
  const { id, state } = await trained(tuner);
  expect(state).toBe("manual");
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
  expect(all.provider.files.size).toBe(0);
});

test("what is left at the provider is told, and can be tried again", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id } = await trained(tuner);
  all.provider.at = (moment) => {
    if (moment === "before remove files") throw problem("final", `not with ${SECRET}`);
  };
  const first = await tuner.remove(id);
  expect(first).toMatchObject({
    deleted: false,
    left: expect.stringContaining("Not deleted at the provider main: file-1"),
  });
  expect(first.left).not.toContain(SECRET);
  expect(await all.folders.has(id)).toBe(true);
  all.provider.at = () => {};
  const { providers, ...others } = config();
  all.configure({
    ...others,
    providers: { other: { kind: "openai", apiKey: SECRET } },
    models: { base: { provider: "other", model: "m" } },
  });
  expect((await tuner.remove(id)).left).toContain("provider main is gone: it can't be asked.");
  all.configure({ ...others, providers });
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
});

test("what can't be deleted elsewhere can be given up: all that is here is deleted", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id } = await trained(tuner);
  all.provider.at = (moment) => {
    if (moment === "before remove files") throw problem("final");
  };
  expect(await tuner.remove(id, true)).toMatchObject({
    deleted: true,
    left: expect.stringMatching(/file-1/),
  });
  expect([await all.folders.has(id), await all.store.tuningJob(id)]).toEqual([false, undefined]);
});

test("a folder that another machine has is told, and the job stays until that is seen to", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id } = await trained(tuner);
  await all.folders.remove(id);
  expect(await tuner.remove(id)).toEqual({
    id,
    deleted: false,
    left: `The job's folder, tuning/${id}, is not in this data folder: delete the job on the machine that has it.`,
  });
  expect(await tuner.remove(id, true)).toMatchObject({ deleted: true });
});

test("the deployment of one that waits for a person stays, and nobody goes on with the job", async () => {
  const all = await world();
  all.answer = () => refused(400);
  const tuner = all.tuner();
  const { id, state } = await trained(tuner, { ...QUESTION, provider: "cloud" });
  expect([state, all.provider.deployments.size]).toEqual(["manual", 1]);
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
  expect(all.provider.deployments.size).toBe(1);
  expect(all.ended).toEqual(["cloud cancelled"]);
});

test("one that could not be registered is not registered then", async () => {
  const all = await world();
  all.provider.at = (moment) => {
    if (moment === "before register") throw problem("final");
  };
  const tuner = all.tuner();
  const { id, problem: why } = await trained(tuner);
  expect(why?.state).toBe("registering");
  all.provider.at = () => {};
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
  expect([all.registered, await all.store.tuningJob(id)]).toEqual([[], undefined]);
});

test("a comparison goes too that the job no longer knows of", async () => {
  const all = await world();
  let fails = true;
  all.provider.at = (moment) => {
    if (moment === "before register" && fails) throw problem("final");
  };
  const tuner = all.tuner();
  const { id, state, remote } = await trained(tuner);
  expect(state).toBe("manual");
  expect(await all.store.comparison(`${id}-evaluation`)).toBeDefined();
  fails = false;
  rmSync(all.folders.pathOf(id, "validation.jsonl"));
  await tuner.register(id, remote.model ?? "");
  expect(await tuner.work(id, AbortSignal.timeout(20_000))).toMatchObject({
    state: "succeeded",
    evaluation: null,
  });
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
  expect(await all.store.comparison(`${id}-evaluation`)).toBeUndefined();
});

test("the end of a job whose files were uploaded says that they are there", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  all.provider.at = async (moment) => {
    if (moment === "after upload") await tuner.cancel(id);
  };
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect(job.state).toBe("cancelled");
  expect(job.journal.at(-1)?.message).toContain(
    `Files that stay at main: file-1. \`crossover tune delete ${id}\``,
  );
});
