import { expect, test } from "vitest";
import { jobsHourlyPrice } from "../../src/tuning/huggingface-prices.ts";
import { huggingFaceTrainer } from "../../src/tuning/huggingface-trainer.ts";
import type { Observation, Trainer } from "../../src/tuning/trainer.ts";
import { trainingScript } from "../../src/tuning/training-script.ts";
import { freePort } from "../support/free-port.ts";
import { HUB_TOKEN, type HuggingFaceHub, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import type { HubJob } from "../support/huggingface-jobs.ts";
import { until } from "../support/until.ts";
import { accessTo, JOB, problemOf, REPOSITORY, request, spec, upload } from "./huggingface.ts";

const signal = new AbortController().signal;
const ROWS = '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}\n';
const DATA_SET = `datasets/${REPOSITORY}`;
const TRAIN = `crossover-${JOB}-train.jsonl`;
const QUIET = { quietMs: 20 };

function trainerAt(hub: HuggingFaceHub): Trainer {
  return huggingFaceTrainer(accessTo(hub), QUIET);
}

/** A job that has been created, with its files, at a double. */
async function started(): Promise<{ hub: HuggingFaceHub; trainer: Trainer; id: string; job: HubJob }> {
  const hub = await startHuggingFaceHub();
  const trainer = trainerAt(hub);
  await trainer.upload(upload(ROWS), signal);
  await trainer.upload(upload(ROWS, "validation"), signal);
  const id = await trainer.create(request(), signal);
  const [job] = hub.jobs;
  if (job === undefined) throw new TypeError("no job was created");
  return { hub, trainer, id, job };
}

const said = (event: object): string => `crossover: ${JSON.stringify(event)}`;

test("a job goes the whole way: files and script in a private repository, a job that runs them, losses, a model", async () => {
  const { hub, trainer, id, job } = await started();

  const dataSet = hub.repositories.get(DATA_SET);
  expect(dataSet?.private).toBe(true);
  expect([...(dataSet?.files.keys() ?? [])]).toEqual([
    TRAIN,
    `crossover-${JOB}-validation.jsonl`,
    `crossover-${JOB}-train.py`,
  ]);
  expect(dataSet?.files.get(TRAIN)?.content.toString()).toBe(ROWS);
  expect(dataSet?.files.get(`crossover-${JOB}-train.py`)?.content.toString()).toBe(
    trainingScript({ jobId: JOB, spec: spec(), namespace: "acme" }),
  );
  expect(job.spec).toEqual({
    dockerImage: "ghcr.io/astral-sh/uv:python3.12-bookworm",
    command: ["uv", "run", `/crossover/crossover-${JOB}-train.py`],
    arguments: [],
    environment: { PYTHONUNBUFFERED: "1" },
    secrets: { HF_TOKEN: HUB_TOKEN },
    flavor: "a10g-small",
    timeoutSeconds: 3600,
    labels: { crossover_job: JOB, name: `crossover-${JOB}` },
    volumes: [{ type: "dataset", source: REPOSITORY, mountPath: "/crossover", readOnly: true }],
  });

  const waiting = await trainer.observe(id, undefined, signal);
  expect(waiting).toMatchObject({ phase: "waiting", status: "SCHEDULING", events: [], losses: [] });

  job.run();
  job.log("Installed 61 packages", said({ event: "begin", step: 0, steps: 30 }));
  job.log(said({ event: "log", step: 1, steps: 30, loss: 2.5, eval_loss: null, tokens: 90, finish: 1.5e9 }));
  const seen: Observation[] = [];
  await until(async () => {
    seen.push(await trainer.observe(id, seen.at(-1)?.seen, signal));
    return seen.some(({ step }) => step === 1);
  });
  expect(seen.flatMap(({ events }) => events.map(({ message }) => message))).toEqual([
    "Installed 61 packages",
    "Training began: 30 steps.",
  ]);
  expect(seen.findLast(({ losses }) => losses.length > 0)).toMatchObject({
    phase: "running",
    status: "RUNNING",
    losses: [{ step: 1, training: 2.5, validation: null }],
    step: 1,
    steps: 30,
    trainedTokens: 90,
    estimatedFinish: 1.5e12,
    model: undefined,
  });

  job.log(said({ event: "log", step: 2, steps: 30, loss: null, eval_loss: 1.5 }));
  job.log(said({ event: "done", model: REPOSITORY }));
  job.to("COMPLETED");
  const done = await trainer.observe(id, seen.at(-1)?.seen, signal);
  expect(done).toMatchObject({
    phase: "succeeded",
    status: "COMPLETED",
    losses: [{ step: 2, training: null, validation: 1.5 }],
    events: [{ message: `The model was uploaded to ${REPOSITORY}.` }],
    model: REPOSITORY,
    problem: undefined,
  });
  const again = await trainer.observe(id, done.seen, signal);
  expect(again).toMatchObject({ phase: "succeeded", events: [], losses: [], seen: done.seen });
});

test("a trainer that starts anew takes up where another one was", async () => {
  const { hub, id, job } = await started();
  job.run();
  job.log("one");
  job.to("COMPLETED");
  const first = await trainerAt(hub).observe(id, undefined, signal);
  job.log("two");
  const second = await trainerAt(hub).observe(id, first.seen, signal);
  expect([first, second].map(({ events }) => events.map(({ message }) => message))).toEqual([
    ["one"],
    ["two"],
  ]);
  expect(await trainerAt(hub).find(request(), signal)).toBe(id);
});

test("what is uploaded already is not uploaded again; what differs in size is", async () => {
  const { hub, trainer } = await started();
  const commits = hub.repositories.get(DATA_SET)?.commits;
  const before = commits?.length;
  expect(await trainer.upload(upload(ROWS), signal)).toBe(request().trainingFile);
  expect(commits?.length).toBe(before);
  await trainer.upload(upload(`${ROWS}${ROWS}`), signal);
  expect(commits?.length).toBe((before ?? 0) + 1);
});

test.each([
  ["one piece", { from: 100, part: 1_000_000 }],
  ["many parts", { from: 100, part: 1000 }],
])("a large file goes to the large file storage in %s", async (_, large) => {
  const hub = await startHuggingFaceHub({ large });
  const rows = ROWS.repeat(50);
  await trainerAt(hub).upload(upload(rows), signal);
  const file = hub.repositories.get(DATA_SET)?.files.get(TRAIN);
  expect(file?.lfs).toBe(true);
  expect(file?.content.toString()).toBe(rows);
  expect(hub.count(/^PUT \/storage/)).toBe(large.part === 1000 ? Math.ceil(rows.length / 1000) : 1);
  for (const put of hub.requests.filter(({ path }) => path.startsWith("/storage")))
    expect(put.headers.authorization).toBeUndefined();
});

test("a repository that is public is not written to", async () => {
  const hub = await startHuggingFaceHub();
  hub.repositories.set(DATA_SET, { private: false, files: new Map(), commits: [] });
  const problem = await problemOf(trainerAt(hub).upload(upload(ROWS), signal));
  expect(problem).toMatchObject({ kind: "final" });
  expect(problem.message).toContain("is public");
  expect(hub.repositories.get(DATA_SET)?.commits).toEqual([]);
});

test("an upload whose answer is lost is found to be there", async () => {
  const hub = await startHuggingFaceHub();
  hub.fail(/commit\/main/, "lost");
  expect(await problemOf(trainerAt(hub).upload(upload(ROWS), signal))).toMatchObject({ kind: "temporary" });
  await trainerAt(hub).upload(upload(ROWS), signal);
  expect(hub.repositories.get(DATA_SET)?.commits).toHaveLength(1);
});

test("a job whose answer is lost is found by its label, on whatever page, and no other is", async () => {
  const hub = await startHuggingFaceHub({ pageSize: 1 });
  const trainer = trainerAt(hub);
  await trainer.upload(upload(ROWS), signal);
  await trainer.upload(upload(ROWS, "validation"), signal);
  expect(await trainer.find(request(), signal)).toBeUndefined();

  hub.fail(/^POST \/api\/jobs/, "cut");
  expect(await problemOf(trainer.create(request(), signal))).toMatchObject({ kind: "unknown" });
  expect(await trainer.find(request(), signal)).toBeUndefined();

  hub.fail(/^POST \/api\/jobs/, "lost");
  expect(await problemOf(trainer.create(request(), signal))).toMatchObject({ kind: "unknown" });
  await trainer.create(request(), signal);
  expect(hub.jobs).toHaveLength(2);
  expect(await trainer.find(request(), signal)).toBe(hub.jobs[0]?.id);
  expect(await trainer.find(request({ jobId: "tj_0002" }), signal)).toBeUndefined();
  expect(hub.count(/^GET \/api\/jobs\/acme\?/)).toBeGreaterThan(4);
});

test("of a list that is not filtered, only a job with the label is taken", async () => {
  const hub = await startHuggingFaceHub();
  const status = { stage: "RUNNING", message: null };
  const others = [
    { id: "1", status },
    { id: "2", status, labels: { crossover_job: "tj_0002" } },
  ];
  hub.fail(/^GET \/api\/jobs/, { status: 200, body: others });
  expect(await trainerAt(hub).find(request(), signal)).toBeUndefined();
});

test("a name or a file that the script does not expect is no job", async () => {
  const hub = await startHuggingFaceHub();
  const other = request({ trainingFile: `datasets/${REPOSITORY}/other.jsonl` });
  expect(await problemOf(trainerAt(hub).create(other, signal))).toMatchObject({ kind: "final" });
  const lacking = request({ validationFile: undefined });
  expect(await problemOf(trainerAt(hub).create(lacking, signal))).toMatchObject({ kind: "final" });
  const named = { ...upload(ROWS), name: "train.jsonl" };
  expect(await problemOf(trainerAt(hub).upload(named, signal))).toMatchObject({ kind: "final" });
  expect(hub.jobs).toEqual([]);
});

test.each([402, 403, 404])(
  "an account that can't run jobs is told how to do it by hand (%i)",
  async (status) => {
    const hub = await startHuggingFaceHub();
    const trainer = trainerAt(hub);
    hub.fail(/^POST \/api\/jobs/, { status, body: { error: "Pre-paid credits are required" } });
    const problem = await problemOf(trainer.create(request(), signal));
    expect(problem).toMatchObject({ kind: "unsupported", status });
    expect(problem.message).toBe(
      "Hugging Face could not start the training job: Pre-paid credits are required",
    );
    expect(problem.hint).toContain("crossover tune script JOB");
    expect(problem.hint).toContain("crossover tune register JOB --address URL");
  },
);

test.each([
  [401, "final", "The token was not accepted."],
  [403, "unsupported", "`crossover tune script JOB` prints the script"],
  [404, "unsupported", "`crossover tune resume JOB`"],
] as const)("a repository that the token may not create (%i) is %s", async (status, kind, hint) => {
  const hub = await startHuggingFaceHub();
  const error = "You don't have the rights to create a dataset under the namespace acme";
  hub.fail(/^POST \/api\/repos\/create/, { status, body: { error } });
  const problem = await problemOf(trainerAt(hub).upload(upload(ROWS), signal));
  expect(problem).toMatchObject({ kind, status });
  expect(problem.message).toBe(
    `Hugging Face could not create the data set repository ${REPOSITORY}: ${error}`,
  );
  expect(problem.hint).toContain(hint);
});

test.each([
  [429, "temporary"],
  [503, "temporary"],
  [502, "unknown"],
  [400, "final"],
] as const)("creating a job that is answered with %i is a problem that is %s", async (status, kind) => {
  const hub = await startHuggingFaceHub();
  hub.fail(/^POST \/api\/jobs/, { status, body: "<html>An error</html>" });
  expect(await problemOf(trainerAt(hub).create(request(), signal))).toMatchObject({ kind, status });
});

test("a server that can't be reached has done nothing; a token that is not accepted stays so", async () => {
  const nobody = { url: `http://127.0.0.1:${await freePort()}` };
  const unreachable = huggingFaceTrainer(accessTo(nobody, { namespace: "acme" }));
  expect(await problemOf(unreachable.find(request(), signal))).toMatchObject({ kind: "temporary" });
  expect(await problemOf(unreachable.upload(upload(ROWS), signal))).toMatchObject({ kind: "temporary" });

  const hub = await startHuggingFaceHub();
  const wrong = huggingFaceTrainer(accessTo(hub, { token: "hf_wrong" }));
  const problem = await problemOf(wrong.upload(upload(ROWS), signal));
  expect(problem).toMatchObject({ kind: "final", status: 401 });
  expect(problem.hint).toContain("https://huggingface.co/settings/tokens");
});

test("a token that an error repeats is not in the problem, nor in a job's events", async () => {
  const { hub, trainer, id, job } = await started();
  hub.fail(/^POST \/api\/jobs/, { status: 400, body: { error: `HF_TOKEN=${HUB_TOKEN} is bad` } });
  const problem = await problemOf(trainer.create(request(), signal));
  expect(problem.raw).toContain("HF_TOKEN=[token] is bad");
  job.run();
  job.log(`curl -H "authorization: Bearer ${HUB_TOKEN}"`);
  job.to("ERROR", `exit code 1 with ${HUB_TOKEN}`);
  const failed = await trainer.observe(id, undefined, signal);
  expect(JSON.stringify(failed)).not.toContain(HUB_TOKEN);
  expect(`${failed.problem?.message} ${failed.problem?.raw}`).not.toContain(HUB_TOKEN);
});

test.each([
  ["torch.OutOfMemoryError: CUDA out of memory.", "exit code 1", "larger `flavor`"],
  ["", "Job timeout", "longer `timeoutHours`"],
  ["GatedRepoError: 403 Client Error", "exit code 1", "accept the terms"],
  ["nobody knows", "exit code 1", undefined],
])("a job that failed with %j says what helps", async (line, message, hint) => {
  const { trainer, id, job } = await started();
  job.run();
  job.log("Traceback", line);
  job.to("ERROR", message);
  const { phase, problem, model } = await trainer.observe(id, undefined, signal);
  expect({ phase, model }).toEqual({ phase: "failed", model: undefined });
  expect(problem?.message).toBe(`The training job failed on Hugging Face: ${message}`);
  expect(problem?.raw).toContain("Traceback");
  if (hint === undefined) expect(problem?.hint).toBeUndefined();
  else expect(problem?.hint).toContain(hint);
});

test("a job is cancelled once; one that has ended is left as it is", async () => {
  const { hub, trainer, id, job } = await started();
  job.run();
  await trainer.cancel(id, signal);
  expect(await trainer.observe(id, undefined, signal)).toMatchObject({
    phase: "cancelled",
    status: "CANCELED",
  });
  await trainer.cancel(id, signal);
  expect(hub.count(/^POST .*\/cancel$/)).toBe(1);
  expect(await problemOf(trainer.observe("nothing", undefined, signal))).toMatchObject({
    kind: "final",
    status: 404,
  });
});

test("a job that ends while it is cancelled is well", async () => {
  const { hub, trainer, id, job } = await started();
  job.run();
  hub.fail(/cancel$/, { status: 409, body: { error: "The job has ended" } });
  expect(await problemOf(trainer.cancel(id, signal))).toMatchObject({ kind: "temporary" });
  const ended = { status: 409, body: { error: "The job has ended" }, meanwhile: () => job.to("COMPLETED") };
  hub.fail(/cancel$/, ended);
  await trainer.cancel(id, signal);
});

test("a log that can't be read does not keep a job from being followed", async () => {
  const { hub, trainer, id, job } = await started();
  job.run();
  job.log("one");
  job.to("COMPLETED");
  hub.fail(/logs$/, { status: 500, body: { error: "no log" } });
  const blind = await trainer.observe(id, undefined, signal);
  expect(blind).toMatchObject({ phase: "succeeded", events: [], seen: undefined });
  expect((await trainer.observe(id, blind.seen, signal)).events).toMatchObject([{ message: "one" }]);
});

test("wherever a log was cut, each of its lines is read once, also those of one moment", async () => {
  const { trainer, id, job } = await started();
  job.to("COMPLETED");
  const times = [1, 1, 1, 2, 2, 4, 3, 5];
  const whole = times.map((second, at) => ({
    data: `line ${at}`,
    timestamp: `2026-11-01T00:00:0${second}.000Z`,
  }));
  for (const cut of [0, 1, 2, 3, 4, 5, 7, 8]) {
    job.lines.splice(0, job.lines.length, ...whole.slice(0, cut));
    const first = await trainer.observe(id, undefined, signal);
    job.lines.splice(0, job.lines.length, ...whole);
    const second = await trainer.observe(id, first.seen, signal);
    expect([...first.events, ...second.events].map(({ message }) => message)).toEqual(
      whole.map(({ data }) => data),
    );
  }
});

test("the log of a job that goes on is read up to now, without waiting for silence", async () => {
  const { hub, id, job } = await started();
  job.run();
  const later = new Date(Date.now() + 3_600_000).toISOString();
  job.lines.push({ data: "now", timestamp: new Date().toISOString() }, { data: "later", timestamp: later });
  const patient = huggingFaceTrainer(accessTo(hub), { quietMs: 3_600_000 });
  const { phase, events } = await patient.observe(id, undefined, signal);
  expect({ phase, events }).toMatchObject({ phase: "running", events: [{ message: "now" }] });
});

test("what is abandoned ends with the signal's reason", async () => {
  const { hub, id, job } = await started();
  job.run();
  const patient = huggingFaceTrainer(accessTo(hub), { quietMs: 3_600_000 });
  const abandoned = new AbortController();
  const observing = patient.observe(id, undefined, abandoned.signal);
  await until(() => hub.count(/logs$/) === 1);
  abandoned.abort(new Error("stop now"));
  await expect(observing).rejects.toThrow("stop now");
  await expect(patient.upload(upload(ROWS), abandoned.signal)).rejects.toThrow("stop now");
});

test("the price of a job's hardware is known by the hour", async () => {
  const hub = await startHuggingFaceHub();
  expect(await jobsHourlyPrice(accessTo(hub), "a10g-small", signal)).toBe(1);
  expect(await jobsHourlyPrice(accessTo(hub), "cpu-basic", signal)).toBe(0.01);
  expect(await jobsHourlyPrice(accessTo(hub), "none", signal)).toBeUndefined();
});

test("what was uploaded goes with its repository, and what is gone is well", async () => {
  const { hub, trainer } = await started();
  const files = { jobId: JOB, ids: [], names: [] };
  await trainer.removeFiles(files, signal);
  expect(hub.repositories.has(DATA_SET)).toBe(false);
  await trainer.removeFiles(files, signal);
});
