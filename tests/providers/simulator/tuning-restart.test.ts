import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Child, startChild } from "../../platforms/child.ts";
import { until } from "../../support/until.ts";
import { newDataDir } from "./data-dir.ts";
import { answerOf, begin, ended, eventsOf, fileOf, QUERIES, trained, tunerOn } from "./training.ts";

const ROWS = 800;
const EPOCHS = 16;
const HELD_OUT = QUERIES.slice(-100);

const trainingChild = (...args: readonly (string | number)[]): Child =>
  startChild(process.execPath, [join(import.meta.dirname, "training-child.ts"), ...args.map(String)]);

test("a job of a killed process begins anew where it is asked for, and makes the same model", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const child = trainingChild(dataDir, ROWS, EPOCHS, "stay");
  try {
    const id = await until(() => /^ftjob-\w+/.exec(child.stdout())?.[0], 60_000);
    const steps = async () =>
      (await eventsOf(tuner, id)).filter(({ type }) => type === "metrics").map(({ message }) => message);
    const before = await until(async () => {
      const told = await steps();
      return told.length > 20 ? told : undefined;
    }, 60_000);
    // Asking for it while the other process lives does not take it over.
    expect((await tuner.fineTuning.jobs.retrieve(id)).status).toBe("running");
    expect(child.hasEnded()).toBe(false);
    await child.stop();
    expect((await tuner.fineTuning.jobs.retrieve(id)).status).toBe("running");

    const job = await ended(tuner, id);
    expect(job.status).toBe("succeeded");
    const messages = (await eventsOf(tuner, id)).map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
    expect(
      messages.filter((message) => message === "Training begins anew after an interruption"),
    ).toHaveLength(1);
    const told = await steps();
    expect(told.slice(0, before.length)).toEqual(before);
    expect(told).toHaveLength((ROWS / 32) * EPOCHS);

    const whole = await trained(tuner, fileOf(QUERIES.slice(0, ROWS)), {
      hyperparameters: { n_epochs: EPOCHS },
    });
    expect(await steps()).toEqual(told);
    const metricsOf = async (of: string) =>
      (await tuner.fineTuning.jobs.checkpoints.list(of)).data.map(({ metrics }) => metrics);
    expect(await metricsOf(id)).toEqual(await metricsOf(whole.id));
    for (const { text } of HELD_OUT)
      expect(await answerOf(dataDir, job.fine_tuned_model ?? "", text)).toBe(
        await answerOf(dataDir, whole.fine_tuned_model, text),
      );
  } finally {
    await child.stop();
  }
}, 180_000);

test("two processes that are asked for one job do not both work on it", async () => {
  const dataDir = newDataDir();
  const [one, other] = [tunerOn(dataDir), tunerOn(`${dataDir}/.`)];
  const { id } = await one.fineTuning.jobs.create({
    model: "base",
    training_file: (await one.files.create({ file: fileOf(QUERIES.slice(0, 200)), purpose: "fine-tune" })).id,
  });
  const [here, there] = await Promise.all([ended(one, id), ended(other, id)]);
  expect(here).toEqual(there);
  const messages = (await eventsOf(other, id)).map(({ message }) => message);
  expect(new Set(messages).size).toBe(messages.length);
  expect(messages.filter((message) => message.includes("anew"))).toEqual([]);
});

test("a worker whose job was taken over stops, and the job goes on once the other is dead", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const { id } = await begin(tuner, fileOf(QUERIES.slice(0, ROWS)), { hyperparameters: { n_epochs: 20 } });
  const messages = async () => (await eventsOf(tuner, id)).map(({ message }) => message);
  await until(async () => (await messages()).length > 20, 60_000);
  const lock = join(dataDir, "simulator/jobs", `${id}.lock`);
  const ownerOf = async () => JSON.parse(await readFile(lock, "utf8").catch(() => "{}")).owner;
  const first = await ownerOf();
  await until(async () => {
    // Once may not do: the worker may just be renewing its own.
    if ((await ownerOf()) === first)
      await writeFile(lock, JSON.stringify({ owner: "another process", renewedAt: Date.now() }));
    return (await messages()).includes("Training begins anew after an interruption");
  }, 60_000);
  expect((await ended(tuner, id)).status).toBe("succeeded");
  expect((await messages()).filter((message) => message.startsWith("Step "))).toHaveLength(500);
}, 180_000);

test("training keeps no process alive that has nothing else to do", async () => {
  const dataDir = newDataDir();
  const child = trainingChild(dataDir, 2000, 50);
  try {
    expect(await child.ended).toBe(0);
    const id = child.stdout().trim();
    const { jobs } = tunerOn(dataDir).fineTuning;
    expect((await jobs.retrieve(id)).finished_at).toBeNull();
    await jobs.cancel(id);
    expect((await ended(tunerOn(dataDir), id)).status).toBe("cancelled");
  } finally {
    await child.stop();
  }
}, 60_000);
