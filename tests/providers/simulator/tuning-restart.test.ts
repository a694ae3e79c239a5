import { join } from "node:path";
import { expect, test } from "vitest";
import { startChild } from "../../platforms/child.ts";
import { until } from "../../support/until.ts";
import { newDataDir } from "./data-dir.ts";
import { answerOf, ended, eventsOf, fileOf, QUERIES, trained, tunerOn } from "./training.ts";

const ROWS = 800;
const EPOCHS = 12;
const HELD_OUT = QUERIES.slice(-100);

test("a job of a killed process begins anew where it is asked for, and makes the same model", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const child = startChild(process.execPath, [
    join(import.meta.dirname, "training-child.ts"),
    ...[dataDir, String(ROWS), String(EPOCHS)],
  ]);
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
