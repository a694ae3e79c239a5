import { expect, test } from "vitest";
import { simulator } from "../../src/providers/simulator.ts";
import { openaiTrainer } from "../../src/tuning/openai-trainer.ts";
import type { Observation, Trainer } from "../../src/tuning/trainer.ts";
import { newDataDir } from "../providers/simulator/data-dir.ts";
import { accuracyOf, fileOf, QUERIES } from "../providers/simulator/training.ts";
import { until } from "../support/until.ts";
import { calm, requestOf, uploadOf } from "./openai-samples.ts";

function trainerIn(dataDir: string): Trainer {
  const access = simulator.tuning?.({ kind: "simulator" }, { dataDir });
  if (access?.api !== "openai") throw new TypeError("the simulator trains by OpenAI's API");
  return openaiTrainer(access);
}

/** Every observation until the job has ended. */
async function follow(trainer: Trainer, id: string): Promise<readonly Observation[]> {
  const all: Observation[] = [];
  await until(async () => {
    const one = await trainer.observe(id, all.at(-1)?.seen, calm());
    all.push(one);
    return one.phase !== "waiting" && one.phase !== "running";
  }, 60_000);
  return all;
}

test("what trains at OpenAI trains at the simulator: no file and no job twice, every event once, a model that knows its rows", async () => {
  const dataDir = newDataDir();
  const trainer = trainerIn(dataDir);
  const rows = QUERIES.slice(0, 100);
  const upload = uploadOf(await fileOf(rows).text());
  const file = await trainer.upload(upload, calm());
  expect(await trainer.upload(upload, calm())).toBe(file);
  const request = requestOf(file, { base_model: "base", suffix: "Bank intents.v1" });
  expect(await trainer.find(request, calm())).toBeUndefined();
  const id = await trainer.create(request, calm());
  expect(await trainer.find(request, calm())).toBe(id);

  const all = await follow(trainer, id);
  const last = all.at(-1);
  expect(last).toMatchObject({ phase: "succeeded", status: "succeeded", problem: undefined });
  expect(last?.model).toBe(`ft:base:crossover:bank-intents-v1:${id.slice(-8)}`);
  expect(last?.checkpoints).toHaveLength(3);
  const stepped = all.findLast(({ step }) => step !== undefined);
  expect([stepped?.step, stepped?.steps]).toEqual([48, 48]); // 12 epochs of 4 batches
  const messages = all.flatMap(({ events }) => events.map(({ message }) => message));
  expect(new Set(messages).size).toBe(messages.length);
  expect([messages[0], messages.at(-1)]).toEqual([
    `Created fine-tuning job: ${id}`,
    "The job has successfully completed",
  ]);
  const steps = all.flatMap(({ losses }) => losses.map(({ step }) => step));
  expect(steps).toEqual(Array.from({ length: 48 }, (_, at) => at + 1));
  expect(await accuracyOf(dataDir, last?.model ?? "", rows)).toBeGreaterThan(0.9);
});

test("a file that fails at OpenAI fails at the simulator, with the problem explained", async () => {
  const trainer = trainerIn(newDataDir());
  const file = await trainer.upload(uploadOf(await fileOf(QUERIES.slice(0, 9)).text()), calm());
  const all = await follow(trainer, await trainer.create(requestOf(file), calm()));
  expect(all.at(-1)).toMatchObject({
    phase: "failed",
    problem: { kind: "final", code: "invalid_n_examples" },
  });
});
