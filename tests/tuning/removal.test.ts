import { expect, test } from "vitest";
import { problem, seen } from "./fake-provider.ts";
import { config, QUESTION, SECRET, trained, world } from "./world.ts";

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
  expect(await all.folders.has(id)).toBe(false);
  all.provider.at = () => {};
  const { providers, ...others } = config();
  all.configure({
    ...others,
    providers: { other: { kind: "openai", apiKey: SECRET } },
    models: { base: { provider: "other", model: "m" } },
  });
  expect((await tuner.remove(id)).left).toContain("provider main is gone");
  all.configure({ ...others, providers });
  expect(await tuner.remove(id)).toMatchObject({ deleted: true });
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
