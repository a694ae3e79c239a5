import OpenAI from "openai";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { newDataDir } from "./data-dir.ts";
import { matchesSpec } from "./openapi.ts";
import {
  accuracyOf,
  answerOf,
  BASE,
  begin,
  ended,
  eventsOf,
  fileOf,
  jsonl,
  QUERIES,
  refused,
  trained,
  tunerOn,
  upload,
} from "./training.ts";

const ROWS = QUERIES.slice(0, 40);
const HELD_OUT = QUERIES.slice(-60);

const turn = (content: string, answer: string, more: object = {}) => ({
  messages: [
    { role: "user", content },
    { role: "assistant", content: answer, ...more },
  ],
});

test("a job goes from its files to a model that answers, and tells of each step", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const validation_file = await upload(tuner, fileOf(HELD_OUT));
  const created = await begin(tuner, fileOf(ROWS), {
    validation_file,
    suffix: "bank",
    seed: 7,
    metadata: { crossover_job: "job-1" },
    method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 4, batch_size: 8 } } },
  });
  expect(created).toMatchObject({
    object: "fine_tuning.job",
    status: "validating_files",
    model: BASE,
    seed: 7,
    fine_tuned_model: null,
    finished_at: null,
    metadata: { crossover_job: "job-1" },
    hyperparameters: { n_epochs: 4, batch_size: 8, learning_rate_multiplier: "auto" },
  });
  matchesSpec("FineTuningJob", created);

  const job = await ended(tuner, created.id);
  const name = `ft:${BASE}:crossover:bank:${created.id.slice(-8)}`;
  expect(job).toMatchObject({
    status: "succeeded",
    fine_tuned_model: name,
    validation_file,
    hyperparameters: { n_epochs: 4, batch_size: 8, learning_rate_multiplier: 1 },
    metadata: { crossover_job: "job-1" },
    estimated_finish: null,
    error: null,
  });
  expect(job.trained_tokens).toBeGreaterThan(4 * 10 * ROWS.length);
  matchesSpec("FineTuningJob", job);

  const events = await eventsOf(tuner, job.id);
  for (const event of events) matchesSpec("FineTuningJobEvent", event);
  const messages = events.map(({ message }) => message);
  const learnt = new Set(ROWS.map(({ category }) => category));
  const unknown = HELD_OUT.filter(({ category }) => !learnt.has(category)).length;
  expect(messages.slice(0, 5)).toEqual([
    `Created fine-tuning job: ${job.id}`,
    `Validating training file: ${job.training_file} and validation file: ${validation_file}`,
    `${unknown} answers of the validation file are not learnt, and left out of its loss`,
    "Files validated, moving job to queued state",
    "Fine-tuning job started",
  ]);
  expect(messages.slice(-5)).toEqual([
    ...[10, 15, 20].map((step) => `Checkpoint created at step ${step}`),
    `New fine-tuned model created: ${name}`,
    "The job has successfully completed",
  ]);
  const steps = events.filter(({ type }) => type === "metrics");
  expect(steps.map(({ data }) => data)).toEqual(
    Array.from({ length: 20 }, (_, at) => ({
      step: at + 1,
      total_steps: 20,
      train_loss: expect.any(Number),
      valid_loss: expect.any(Number),
      ...((at + 1) % 5 === 0 ? { full_valid_loss: expect.any(Number) } : {}),
    })),
  );
  expect(steps.at(-1)?.message).toMatch(
    /^Step 20\/20: training loss=\d\.\d\d, validation loss=\d\.\d\d, full validation loss=\d\.\d\d$/,
  );
  expect(await answerOf(dataDir, name, ROWS[3]?.text ?? "")).toBe(ROWS[3]?.category);
});

test("losses fall, and the last three epochs are models of their own", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const validation_file = await upload(tuner, fileOf(HELD_OUT));
  const job = await trained(tuner, fileOf(QUERIES.slice(0, 300)), {
    validation_file,
    hyperparameters: { n_epochs: 5 },
  });
  const list = await tuner.fineTuning.jobs.checkpoints.list(job.id);
  const checkpoints = list.data;
  for (const checkpoint of checkpoints) matchesSpec("FineTuningJobCheckpoint", checkpoint);
  expect(checkpoints.map((one) => [one.step_number, one.fine_tuned_model_checkpoint])).toEqual(
    [50, 40, 30].map((step) => [step, `${job.fine_tuned_model}:ckpt-step-${step}`]),
  );
  const firstOnly = await tuner.fineTuning.jobs.checkpoints.list(job.id, { limit: 1 });
  expect([firstOnly.data, firstOnly.has_more]).toEqual([checkpoints.slice(0, 1), true]);

  const full = (await eventsOf(tuner, job.id)).flatMap(({ data }) => {
    const loss: unknown = Object(data).full_valid_loss;
    return typeof loss === "number" ? [loss] : [];
  });
  expect(full).toHaveLength(5);
  expect(full).toEqual(full.toSorted((a, b) => b - a));
  expect(checkpoints.map(({ metrics }) => metrics.full_valid_loss)).toEqual(full.slice(-3).reverse());
  const answersOf = (model: string) =>
    Promise.all(HELD_OUT.map(({ text }) => answerOf(dataDir, model, text)));
  const [last = "", , first = ""] = checkpoints.map((one) => one.fine_tuned_model_checkpoint);
  expect(await answersOf(last)).toEqual(await answersOf(job.fine_tuned_model));
  expect(await answersOf(first)).not.toEqual(await answersOf(last));
});

test("the same rows, hyperparameters and seed make the same model; another seed another one", async () => {
  const dataDir = newDataDir();
  const lossOf = async (seed: number) => {
    const tuner = tunerOn(dataDir);
    const job = await trained(tuner, fileOf(ROWS), { seed, hyperparameters: { n_epochs: 2 } });
    return (await tuner.fineTuning.jobs.checkpoints.list(job.id)).data.map(({ metrics }) => metrics);
  };
  const one = await lossOf(1);
  expect(await lossOf(1)).toEqual(one);
  expect(await lossOf(2)).not.toEqual(one);
});

test("jobs are listed newest first, page by page and by metadata; a job works though others wait", async () => {
  const tuner = tunerOn(newDataDir());
  const training_file = await upload(tuner, fileOf(ROWS));
  const ids: string[] = [];
  for (let at = 0; at < 5; at++) {
    const job = await tuner.fineTuning.jobs.create({
      model: BASE,
      training_file,
      metadata: { number: String(at), kind: at < 3 ? "low" : "high" },
      hyperparameters: { n_epochs: 1 },
    });
    ids.unshift(job.id);
  }
  const listed = async (query: OpenAI.FineTuning.JobListParams) => {
    const found: string[] = [];
    for await (const { id } of tuner.fineTuning.jobs.list(query)) found.push(id);
    return found;
  };
  expect(await listed({ limit: 2 })).toEqual(ids);
  expect(await listed({ limit: 1, metadata: { kind: "low" } })).toEqual(ids.slice(2));
  const page = await tuner.fineTuning.jobs.list({ limit: 2 });
  matchesSpec("ListPaginatedFineTuningJobsResponse", {
    object: "list",
    data: page.data,
    has_more: page.has_more,
  });
  for (const id of ids) expect((await ended(tuner, id)).status).toBe("succeeded");
  const events = await tuner.fineTuning.jobs.listEvents(ids[0] ?? "", { limit: 2 });
  expect([events.data[0]?.message, events.has_more]).toEqual(["The job has successfully completed", true]);
});

test("a running job is cancelled between its steps, a waiting one before them", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const long = await begin(tuner, fileOf(QUERIES.slice(0, 1000)), { hyperparameters: { n_epochs: 50 } });
  const waiting = await begin(tuner, fileOf(ROWS));
  const running = await until(async () => {
    const job = await tuner.fineTuning.jobs.retrieve(long.id);
    return job.estimated_finish === null ? undefined : job;
  }, 60_000);
  expect((await eventsOf(tuner, long.id)).some(({ type }) => type === "metrics")).toBe(true);
  expect(running).toMatchObject({ status: "running", fine_tuned_model: null, finished_at: null });
  expect(running.estimated_finish).toBeGreaterThanOrEqual(running.created_at);
  expect(await tuner.fineTuning.jobs.cancel(waiting.id)).toMatchObject({ status: "cancelled" });
  await tuner.fineTuning.jobs.cancel(long.id);
  const cancelled = await ended(tuner, long.id);
  expect(cancelled).toMatchObject({ status: "cancelled", fine_tuned_model: null, trained_tokens: null });
  expect((await eventsOf(tuner, long.id)).at(-1)?.message).toBe("Fine-tuning job cancelled");
  const again = await refused(tuner.fineTuning.jobs.cancel(long.id));
  expect(again).toMatchObject({ status: 400, code: "invalid_job_status" });
  expect((await trained(tuner, fileOf(ROWS))).status).toBe("succeeded");
});

test.each<[string, readonly unknown[], object, string]>([
  [
    "few examples",
    Array.from({ length: 9 }, () => turn("a", "b")),
    { code: "invalid_n_examples", param: "training_file" },
    "Training file has 9 example(s), but must have at least 10 examples",
  ],
  [
    "a row without messages",
    [...Array.from({ length: 10 }, () => turn("a", "b")), { prompt: "a" }],
    { code: "invalid_training_file", param: "training_file" },
    "Invalid file format. `messages` is not valid on line 11",
  ],
  [
    "a row that ends with the user",
    [...Array.from({ length: 10 }, () => turn("a", "b")), { messages: [{ role: "user", content: "a" }] }],
    { code: "invalid_training_file" },
    "The last message must be from the assistant on line 11",
  ],
  [
    "a row that teaches nothing",
    [turn("a", "b", { weight: 0 })],
    { code: "invalid_training_file" },
    "No message of the assistant has a weight other than 0 on line 1",
  ],
  [
    "no answers in text",
    Array.from({ length: 10 }, () => ({
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", tool_calls: [] },
      ],
    })),
    { code: "invalid_training_file" },
    "No example has an answer in text",
  ],
])("a file that can't be trained on fails the job: %s", async (_name, rows, error, message) => {
  const tuner = tunerOn(newDataDir());
  const job = await ended(tuner, (await begin(tuner, jsonl(rows))).id);
  expect(job).toMatchObject({ status: "failed", error, fine_tuned_model: null });
  expect(job.error?.message).toContain(message);
  matchesSpec("FineTuningJob", job);
  expect((await eventsOf(tuner, job.id)).at(-1)).toMatchObject({
    level: "error",
    message: job.error?.message,
  });
});

test("a validation file is checked too, and a learning rate without bounds fails the job", async () => {
  const tuner = tunerOn(newDataDir());
  const validation_file = await upload(tuner, new File(["no json\n"], "v.jsonl"));
  const { id } = await begin(tuner, fileOf(ROWS), { validation_file });
  expect((await ended(tuner, id)).error).toMatchObject({
    code: "invalid_validation_file",
    param: "validation_file",
  });
  const wild = await begin(tuner, fileOf(ROWS), { hyperparameters: { learning_rate_multiplier: 1e38 } });
  expect((await ended(tuner, wild.id)).error?.code).toBe("training_diverged");
});

test.each([
  [{ model: `ft:${BASE}:crossover::1` }, "model"],
  [{ training_file: "file-none" }, "training_file"],
  [{ validation_file: "file-none" }, "validation_file"],
  [{ suffix: "s".repeat(65) }, "suffix"],
  [{ seed: -1 }, "seed"],
  [{ hyperparameters: { n_epochs: 0 } }, "hyperparameters.n_epochs"],
  [{ method: { type: "dpo" } }, "method.type"],
])("a job that OpenAI or the simulator can't do is refused: %j", async (more, param) => {
  const tuner = tunerOn(newDataDir());
  const training_file = await upload(tuner, fileOf(ROWS));
  const body = { model: BASE, training_file, ...more };
  const error = await refused(tuner.post("/fine_tuning/jobs", { body }));
  expect(error).toBeInstanceOf(OpenAI.BadRequestError);
  expect(error).toMatchObject({ param, type: "invalid_request_error" });
  expect((await tuner.fineTuning.jobs.list()).data).toEqual([]);
});

test("an unknown job is not found", async () => {
  const { jobs } = tunerOn(newDataDir()).fineTuning;
  for (const work of [
    () => jobs.retrieve("ftjob-none"),
    () => jobs.cancel("ftjob-none"),
    () => jobs.listEvents("ftjob-none"),
    () => jobs.checkpoints.list("ftjob-none"),
  ])
    expect(await refused(work())).toMatchObject({ status: 404, code: "fine_tune_not_found" });
});

test("the last user message and each answer with a weight are learnt, not the system message", async () => {
  const dataDir = newDataDir();
  const rows = Array.from({ length: 10 }, (_, at) => ({
    messages: [
      { role: "system", content: at % 2 === 0 ? "tomato" : "onion" },
      { role: "user", content: [{ type: "text", text: at % 2 === 0 ? "red fruit" : "white bulb" }] },
      { role: "assistant", content: at % 2 === 0 ? "a tomato\nof course" : "an onion" },
      { role: "user", content: "bad question" },
      { role: "assistant", content: "bad answer", weight: 0 },
      { role: "user", content: "thank you" },
      { role: "assistant", content: "you are welcome" },
    ],
  }));
  const { fine_tuned_model: model } = await trained(tunerOn(dataDir), jsonl(rows));
  expect(await answerOf(dataDir, model, "red fruit")).toBe("a tomato\nof course");
  expect(await answerOf(dataDir, model, "white bulb")).toBe("an onion");
  expect(await answerOf(dataDir, model, "thank you")).toBe("you are welcome");
  expect(await answerOf(dataDir, model, "bad question")).not.toBe("bad answer");
  const asked = [{ role: "system", content: "onion" }];
  expect(await answerOf(dataDir, model, "red fruit", asked)).toBe("a tomato\nof course");
});

test("a model trained by another process answers without a restart, and unknown ones answer as before", async () => {
  const dataDir = newDataDir();
  const here = `${dataDir}/.`; // another simulator on the same folder
  const unknown = `ft:${BASE}:crossover::00000000`;
  expect(await answerOf(here, unknown, "Hi")).toMatch(/^\[simulated ft:/);
  const job = await trained(tunerOn(dataDir), fileOf(ROWS));
  expect(await tunerOn(here).fineTuning.jobs.retrieve(job.id)).toEqual(job);
  expect(await accuracyOf(here, job.fine_tuned_model, ROWS)).toBeGreaterThan(0.9);
  expect(await answerOf(here, unknown, "Hi")).toMatch(/^\[simulated ft:/);
});
