import { OpenAI } from "openai";
import { describe, expect, test } from "vitest";
import { openaiTrainer } from "../../src/tuning/openai-trainer.ts";
import type { Observation } from "../../src/tuning/trainer.ts";
import {
  APIS,
  accessTo,
  begin,
  calm,
  problemOf,
  requestOf,
  rowsOf,
  type Stage,
  startStage,
  uploadOf,
} from "./openai-samples.ts";

const sentTo = ({ double }: Stage, what: string) =>
  double.requests.filter(({ method, path }) => `${method} ${path}` === what);

/** Advances the newest job and observes it until it has ended. */
async function follow({ double, trainer }: Stage, id: string): Promise<readonly Observation[]> {
  const seen: Observation[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const last = await trainer.observe(id, seen.at(-1)?.seen, calm());
    seen.push(last);
    if (last.phase !== "waiting" && last.phase !== "running") return seen;
    double.advance();
  }
  throw new Error("it does not end");
}

describe.each(APIS)("at %s", (api) => {
  const isAzure = api !== "openai";

  test("a file goes over whole, under its name, and may be used once it has an id", async () => {
    const stage = await startStage(api);
    const text = rowsOf(300);
    const id = await stage.trainer.upload(uploadOf(text), calm());
    const [file] = stage.double.state.files;
    expect(file).toMatchObject({ id, filename: "crossover-job1-train.jsonl", purpose: "fine-tune" });
    expect(file?.content).toBe(`${isAzure ? "\uFEFF" : ""}${text}`);
    expect(file?.status).toBe("processed");
    const [upload] = sentTo(stage, "POST /files");
    expect(upload?.headers[isAzure ? "api-key" : "authorization"]).toContain(stage.double.apiKey);
    expect(isAzure && upload?.headers.authorization).toBeFalsy();
  });

  test("a file that is there already is not uploaded again", async () => {
    const stage = await startStage(api, { pageSize: 2 });
    const first = await stage.trainer.upload(uploadOf(), calm());
    for (let n = 0; n < 5; n++)
      await stage.trainer.upload(uploadOf(rowsOf(10 + n), `other-${n}.jsonl`), calm());
    expect(await stage.trainer.upload(uploadOf(), calm())).toBe(first);
    expect(stage.double.state.files).toHaveLength(6);
  });

  test("what a job uploaded is deleted, by id or by name, and nothing else", async () => {
    const stage = await startStage(api, { pageSize: 2 });
    const id = await stage.trainer.upload(uploadOf(), calm());
    await stage.trainer.upload(uploadOf(rowsOf(11), "crossover-job1-validation.jsonl"), calm());
    const other = await stage.trainer.upload(uploadOf(rowsOf(12), "crossover-job2-train.jsonl"), calm());
    const files = { jobId: "job1", ids: [id], names: ["crossover-job1-validation.jsonl"] };
    await stage.trainer.removeFiles(files, calm());
    expect(stage.double.state.files.map((file) => file.id)).toEqual([other]);
    await stage.trainer.removeFiles(files, calm());
  });

  test("a file of the name and of another size is another file", async () => {
    const stage = await startStage(api);
    const first = await stage.trainer.upload(uploadOf(), calm());
    expect(await stage.trainer.upload(uploadOf(rowsOf(13)), calm())).not.toBe(first);
  });

  test("an upload whose answer was lost is found the next time", async () => {
    const stage = await startStage(api);
    stage.double.fault({ on: /^POST \/files/, done: true, answer: "lost" });
    const problem = await problemOf(stage.trainer.upload(uploadOf(), calm()));
    expect(problem.kind).toBe("temporary");
    await stage.trainer.upload(uploadOf(), calm());
    expect(stage.double.state.files).toHaveLength(1);
  });

  test("a job is created once: one whose answer was lost is found", async () => {
    const stage = await startStage(api, { pageSize: 1 });
    const file = await stage.trainer.upload(uploadOf(), calm());
    expect(await stage.trainer.find(requestOf(file), calm())).toBeUndefined();
    stage.double.fault({ on: /^POST \/fine_tuning\/jobs$/, done: true, answer: "lost" });
    expect((await problemOf(stage.trainer.create(requestOf(file), calm()))).kind).toBe("unknown");
    for (const name of ["a.jsonl", "b.jsonl"]) {
      const other = await stage.trainer.upload(uploadOf(rowsOf(20), name), calm());
      await stage.trainer.create({ ...requestOf(other), jobId: "other" }, calm());
    }
    expect(await stage.trainer.find(requestOf(file), calm())).toBe(stage.double.state.jobs[0]?.id);
  });

  test("a job is found by our job's id where the API keeps it, though it trains on another file", async () => {
    const stage = await startStage(api);
    const id = await begin(stage);
    const other = await stage.trainer.upload(uploadOf(rowsOf(20), "other.jsonl"), calm());
    const found = await stage.trainer.find(requestOf(other), calm());
    expect(found).toBe(api === "azure 2024-10-21" ? undefined : id);
    expect(await stage.trainer.find({ ...requestOf(other), jobId: "other" }, calm())).toBeUndefined();
  });

  test("only what is given is sent", async () => {
    const stage = await startStage(api);
    await begin(stage);
    const { body } = sentTo(stage, "POST /fine_tuning/jobs")[0] ?? {};
    const training_file = stage.double.state.files[0]?.id;
    const model = "gpt-4.1-mini-2025-04-14";
    expect(body).toEqual(
      api === "azure 2024-10-21"
        ? { model, training_file }
        : { model, training_file, method: { type: "supervised" }, metadata: { crossover_job: "job1" } },
    );
  });

  test("all settings are sent where this API has them", async () => {
    const stage = await startStage(api);
    const file = await stage.trainer.upload(uploadOf(), calm());
    const validation = await stage.trainer.upload(uploadOf(rowsOf(11), "v.jsonl"), calm());
    const hyperparameters = { n_epochs: 3, batch_size: 8, learning_rate_multiplier: 1.5 };
    const change = {
      base_model: "gpt-35-turbo",
      suffix: "menu_of-2026",
      seed: 7,
      hyperparameters,
    };
    const request = { ...requestOf(file, change), validationFile: validation };
    const id = await stage.trainer.create(request, calm());
    // Azure's double does not say.
    expect((await stage.trainer.observe(id, undefined, calm())).epochs).toBe(isAzure ? undefined : 3);
    const { body } = sentTo(stage, "POST /fine_tuning/jobs")[0] ?? {};
    expect(body).toEqual({
      model: isAzure ? "gpt-35-turbo-0125" : "gpt-3.5-turbo-0125",
      training_file: file,
      validation_file: validation,
      suffix: "menu_of-2026",
      seed: 7,
      ...(api === "azure 2024-10-21"
        ? { hyperparameters }
        : {
            method: { type: "supervised", supervised: { hyperparameters } },
            metadata: { crossover_job: "job1" },
          }),
    });
  });

  test("a job is followed to its end, each event and loss once", async () => {
    const stage = await startStage(api, { pageSize: 4 });
    const id = await begin(stage, { suffix: "menu" });
    const all = await follow(stage, id);
    const words = all.map(({ status, phase }) => `${status}: ${phase}`);
    expect(words).toEqual(
      isAzure
        ? ["pending: waiting", "running: running", "running: running", "succeeded: succeeded"]
        : [
            "validating_files: waiting",
            "queued: waiting",
            "running: running",
            "running: running",
            "succeeded: succeeded",
          ],
    );
    const messages = all.flatMap(({ events }) => events.map(({ message }) => message));
    expect(messages[0]).toContain("Created fine-tuning job");
    expect(messages.at(-1)).toBe("The job has successfully completed");
    expect(new Set(messages).size).toBe(messages.length);
    const losses = all.flatMap((one) => one.losses);
    expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(losses[0]).toEqual({ step: 1, training: expect.any(Number), validation: null });
    expect(losses[4]?.validation).toBeCloseTo((losses[4]?.training ?? 0) + 0.1);
    expect(losses[19]?.validation).toBeCloseTo((losses[19]?.training ?? 0) + 0.05);
    expect(all.map(({ step, steps }) => [step, steps])).toContainEqual([10, 20]);
    const last = all.at(-1);
    expect(last?.model).toBe(stage.double.state.jobs[0]?.fine_tuned_model);
    expect(last?.checkpoints.map(({ step }) => step)).toEqual([7, 13, 20]);
    expect(last?.trainedTokens).toBe(5768);
    // The double leaves it at `auto`.
    expect(last?.epochs).toBeUndefined();
    const running = all.find(({ phase }) => phase === "running");
    const created = stage.double.state.jobs[0]?.created_at ?? 0;
    expect(running?.estimatedFinish).toBe((created + 600) * 1000);
    expect(running?.events.every(({ at }) => at >= created * 1000)).toBe(true);
  });

  test("a job that has ended can be cancelled, and one that runs", async () => {
    const stage = await startStage(api);
    const id = await begin(stage);
    await stage.trainer.cancel(id, calm());
    expect(await stage.trainer.observe(id, undefined, calm())).toMatchObject({
      phase: "cancelled",
      problem: undefined,
    });
    await stage.trainer.cancel(id, calm());
    expect((await problemOf(stage.trainer.cancel("ftjob-none", calm()))).status).toBe(404);
  });

  test("a wrong key is told, without the key", async () => {
    const { double } = await startStage(api);
    const trainer = openaiTrainer(accessTo({ ...double, apiKey: "sk-another-secret" }, api));
    const problem = await problemOf(trainer.upload(uploadOf(), calm()));
    expect(problem).toMatchObject({ kind: "final", status: 401 });
    expect(problem.message).toContain("does not accept the API key");
    expect(JSON.stringify([problem.message, problem.hint, problem.raw])).not.toContain("sk-another-secret");
  });

  test("a file that was deleted meanwhile is told", async () => {
    const { double, trainer } = await startStage(api);
    const file = await trainer.upload(uploadOf(), calm());
    double.state.deleteFile(file);
    const problem = await problemOf(trainer.create(requestOf(file), calm()));
    expect(problem).toMatchObject({ kind: "final", status: 404 });
    expect(problem.message).toContain("file is gone");
    expect(await trainer.find(requestOf(file), calm())).toBeUndefined();
  });

  test("a model that is not trained is told", async () => {
    const stage = await startStage(api);
    const problem = await problemOf(begin(stage, { base_model: "gpt-9" }));
    expect(problem).toMatchObject({ kind: "final", status: 400 });
    expect(problem.message).toContain("does not train this model");
  });

  test.each([
    [
      "validation",
      {
        code: "invalid_training_file",
        message: "Invalid file format. Line 5 is empty.",
        param: "training_file",
      },
      "can't train on the file",
    ],
    [
      "end",
      {
        code: "invalid_training_file",
        message: "The fine-tuned model was blocked by our safety evaluation.",
        param: null,
      },
      "blocked it",
    ],
  ] as const)("a job that fails at its %s tells why", async (at, error, words) => {
    const stage = await startStage(api);
    stage.double.state.plan = { ends: "failed", at, error };
    const last = (await follow(stage, await begin(stage))).at(-1);
    expect(last).toMatchObject({ phase: "failed", status: "failed", model: undefined, checkpoints: [] });
    expect(last?.problem).toMatchObject({ kind: "final", code: "invalid_training_file" });
    expect(last?.problem?.message).toContain(words);
    expect(last?.problem?.message).toContain(error.message);
    expect(JSON.parse(last?.problem?.raw ?? "")).toMatchObject({ message: error.message });
  });
});

describe("what goes wrong in a request", () => {
  const body = (code: string | null, message = "No.") => ({
    error: { message, type: "x", param: null, code },
  });

  test.each([
    [500, null, "temporary", "unknown"],
    [503, null, "temporary", "unknown"],
    [429, "rate_limit_exceeded", "temporary", "temporary"],
    [429, "insufficient_quota", "final", "final"],
    [429, "daily_rate_limit_exceeded", "lasting", "lasting"],
    [400, "billing_hard_limit_reached", "final", "final"],
    [403, null, "final", "final"],
    [418, null, "final", "final"],
  ])(
    "status %i with the code %s is %s while reading and %s while creating",
    async (status, code, reading, creating) => {
      const { double, trainer } = await startStage();
      const file = await trainer.upload(uploadOf(), calm());
      double.fault({
        on: /^GET .*jobs$/,
        answer: { status, body: body(code), headers: { "x-should-retry": "true" } },
      });
      const read = await problemOf(trainer.find(requestOf(file), calm()));
      expect(read).toMatchObject({ kind: reading, status });
      expect(JSON.parse(read.raw)).toEqual(body(code).error);
      double.fault({ on: /^POST .*jobs$/, answer: { status, body: body(code) } });
      expect((await problemOf(trainer.create(requestOf(file), calm()))).kind).toBe(creating);
      expect(sentTo({ double, trainer }, "POST /fine_tuning/jobs")).toHaveLength(1);
      expect(sentTo({ double, trainer }, "GET /fine_tuning/jobs")).toHaveLength(1);
    },
  );

  test("a cancellation that is refused is told while the job goes on", async () => {
    const stage = await startStage();
    const id = await begin(stage);
    stage.double.fault({ on: /cancel$/, answer: { status: 400, body: body(null, "Not now.") } });
    expect((await problemOf(stage.trainer.cancel(id, calm()))).message).toContain("Not now.");
  });

  test("a job has succeeded once its model has a name", async () => {
    const stage = await startStage();
    const id = await begin(stage);
    for (let n = 0; n < 4; n++) stage.double.advance();
    const [job] = stage.double.state.jobs;
    if (job === undefined) throw new Error("no job");
    const name = job.fine_tuned_model;
    job.fine_tuned_model = null;
    const early = await stage.trainer.observe(id, undefined, calm());
    expect(early).toMatchObject({ phase: "running", status: "succeeded", model: undefined });
    job.fine_tuned_model = name;
    expect(await stage.trainer.observe(id, early.seen, calm())).toMatchObject({
      phase: "succeeded",
      model: name,
    });
  });

  test("checkpoints that can't be listed are none, and are asked for again where that may pass", async () => {
    const stage = await startStage();
    const id = await begin(stage);
    for (let n = 0; n < 4; n++) stage.double.advance();
    stage.double.fault({ on: /checkpoints$/, answer: { status: 404, body: body(null) } });
    expect(await stage.trainer.observe(id, undefined, calm())).toMatchObject({
      phase: "succeeded",
      checkpoints: [],
    });
    stage.double.fault({ on: /checkpoints$/, answer: { status: 503, body: body(null) } });
    expect((await problemOf(stage.trainer.observe(id, undefined, calm()))).kind).toBe("temporary");
  });

  test("an answer with 500 to a job that was created leaves it to be found", async () => {
    const { double, trainer } = await startStage();
    const file = await trainer.upload(uploadOf(), calm());
    double.fault({ on: /^POST .*jobs$/, done: true, answer: { status: 500, body: body(null) } });
    expect((await problemOf(trainer.create(requestOf(file), calm()))).kind).toBe("unknown");
    expect(await trainer.find(requestOf(file), calm())).toBe(double.state.jobs[0]?.id);
  });

  test("a page that is no JSON is no empty list: nothing is created twice for it", async () => {
    const { double, trainer } = await startStage();
    const file = await trainer.upload(uploadOf(), calm());
    const answer = { status: 200, body: "<html>Please log in</html>" };
    double.fault({ on: /^GET .*jobs$/, answer });
    expect(await problemOf(trainer.find(requestOf(file), calm()))).toMatchObject({
      kind: "temporary",
      raw: answer.body,
    });
    double.fault({ on: /^POST .*jobs$/, answer });
    expect((await problemOf(trainer.create(requestOf(file), calm()))).kind).toBe("unknown");
  });

  test("raw text is cut to 4,000 characters", async () => {
    const { double, trainer } = await startStage();
    double.fault({ on: /^GET/, answer: { status: 400, body: body("odd", "no ".repeat(5000)) } });
    const { raw, message } = await problemOf(trainer.upload(uploadOf(), calm()));
    expect(raw).toHaveLength(4000);
    expect(message.length).toBeLessThan(600);
  });

  test("a provider that can't be reached has created nothing", async () => {
    const { double, trainer } = await startStage();
    double.close();
    const problem = await problemOf(trainer.create(requestOf("file-1"), calm()));
    expect(problem).toMatchObject({ kind: "temporary", message: "The provider can't be reached." });
    expect(problem.raw).toContain("ECONNREFUSED");
  });

  test("an aborted signal ends a request with its reason", async () => {
    const { trainer } = await startStage();
    const reason = new Error("the gateway stops");
    await expect(trainer.upload(uploadOf(), AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const open = async () => {
      controller.abort(reason);
      return new Blob(["{}"]);
    };
    await expect(trainer.upload({ ...uploadOf("{}"), open }, controller.signal)).rejects.toBe(reason);
  });

  test("a row that is no JSON is refused by its line", async () => {
    const { trainer } = await startStage();
    const problem = await problemOf(trainer.upload(uploadOf(`${rowsOf(2)}oops\n`), calm()));
    expect(problem).toMatchObject({ kind: "final", status: 400 });
    expect(problem.message).toContain("Line 3");
  });
});

describe("how much is asked", () => {
  test("2,000 events cost twenty requests at first and one afterwards", async () => {
    const stage = await startStage("openai", { steps: 2000, stepsPerAdvance: 1990 });
    const id = await begin(stage);
    for (let n = 0; n < 3; n++) stage.double.advance();
    const asked = () => sentTo(stage, `GET /fine_tuning/jobs/${id}/events`).length;
    const first = await stage.trainer.observe(id, undefined, calm());
    expect(first.losses).toHaveLength(1990);
    expect(asked()).toBe(20);
    stage.double.advance();
    const second = await stage.trainer.observe(id, first.seen, calm());
    expect(second.losses).toHaveLength(10);
    expect(asked()).toBe(21);
    const third = await stage.trainer.observe(id, second.seen, calm());
    expect(third).toMatchObject({ seen: second.seen, events: [], losses: [] });
  });

  test("an observation reads 25 pages at most, of the newest", async () => {
    const stage = await startStage("openai", { steps: 100, stepsPerAdvance: 50, pageSize: 1 });
    const id = await begin(stage);
    for (let n = 0; n < 3; n++) stage.double.advance();
    const { losses } = await stage.trainer.observe(id, undefined, calm());
    expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: 25 }, (_, n) => 26 + n));
  });

  test("jobs older than the file are not looked through at OpenAI", async () => {
    const stage = await startStage("openai", { pageSize: 1 });
    await begin(stage);
    const [old] = stage.double.state.jobs;
    if (old === undefined) throw new Error("no job");
    stage.double.state.jobs.splice(
      0,
      1,
      ...Array.from({ length: 30 }, () => ({ ...old, created_at: old.created_at - 60 })),
    );
    const file = await stage.trainer.upload(uploadOf(rowsOf(20), "new.jsonl"), calm());
    expect(await stage.trainer.find({ ...requestOf(file), jobId: "new" }, calm())).toBeUndefined();
    expect(sentTo(stage, "GET /fine_tuning/jobs")).toHaveLength(1);
  });
});

describe("at Azure", () => {
  test("a file is waited for until it is imported", async () => {
    const stage = await startStage("azure v1", { importPolls: 5 });
    const id = await stage.trainer.upload(uploadOf(), calm());
    expect(sentTo(stage, `GET /files/${id}`)).toHaveLength(5);
  });

  test("a file that can't be imported is told, and not taken the next time", async () => {
    const stage = await startStage("azure 2024-10-21");
    const bad = uploadOf(`${rowsOf(2)}oops\n`);
    const problem = await problemOf(stage.trainer.upload(bad, calm()));
    expect(problem.kind).toBe("final");
    expect(problem.message).toContain("line 3");
    await problemOf(stage.trainer.upload(bad, calm()));
    expect(stage.double.state.files).toHaveLength(2);
  });

  test("a file without a byte-order mark is told of as one that can't be used", async () => {
    const { double } = await startStage("azure v1");
    const trainer = openaiTrainer(accessTo(double, "azure v1"), { importPollMs: 1 });
    const { message, kind } = await problemOf(trainer.upload(uploadOf(), calm()));
    expect([message, kind]).toEqual([expect.stringContaining("byte-order mark"), "final"]);
  });

  test("waiting for the import ends with the signal", async () => {
    const { double } = await startStage("azure v1", { importPolls: 1e9 });
    const trainer = openaiTrainer(accessTo(double, "azure v1"), { importPollMs: 1e6 });
    const controller = new AbortController();
    const upload = trainer.upload(uploadOf(), controller.signal);
    const reason = new Error("enough");
    const stopping = expect(upload).rejects.toBe(reason);
    while (double.answers.every(({ request }) => request.method !== "POST")) await new Promise(setImmediate);
    controller.abort(reason);
    await stopping;
  });

  test("an Entra ID token signs in place of a key", async () => {
    const { double } = await startStage("azure v1");
    const access = accessTo(double, "azure v1");
    if (access.api !== "azure") throw new TypeError("no Azure");
    const trainer = openaiTrainer(
      { ...access, apiKey: undefined, entraToken: double.apiKey },
      { importPollMs: 1 },
    );
    await trainer.upload(uploadOf(`\uFEFF${rowsOf(12)}`), calm());
    expect(double.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${double.apiKey}` });
    expect(double.requests[0]?.headers["api-key"]).toBeUndefined();
  });
});

describe("the client", () => {
  test("takes nothing from the environment", async () => {
    const names = [
      "OPENAI_BASE_URL",
      "OPENAI_ORG_ID",
      "OPENAI_PROJECT_ID",
      "OPENAI_API_KEY",
      "AZURE_OPENAI_API_KEY",
    ];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = "http://127.0.0.1:9";
    try {
      for (const api of APIS) {
        const { double, trainer } = await startStage(api);
        await trainer.upload(uploadOf(), calm());
        const { headers } = double.requests[0] ?? {};
        expect(headers?.["openai-organization"]).toBeUndefined();
        expect(headers?.["openai-project"]).toBeUndefined();
      }
    } finally {
      names.forEach((name, index) => {
        const value = before[index];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      });
    }
  });

  test("says organization and project where they are configured, and uses the fetch that it is given", async () => {
    const { double } = await startStage();
    const access = accessTo(double);
    if (access.api !== "openai") throw new TypeError("no OpenAI");
    const asked: string[] = [];
    const noting: typeof fetch = (input, init) => {
      asked.push(`${init?.method} ${String(input)}`);
      return fetch(input, init);
    };
    const trainer = openaiTrainer({ ...access, organization: "org-1", project: "proj-1", fetch: noting });
    await trainer.upload(uploadOf(), calm());
    expect(asked).toContain(`POST ${double.url}/v1/files`);
    expect(double.requests).toHaveLength(2);
    expect(double.requests[0]?.headers).toMatchObject({
      "openai-organization": "org-1",
      "openai-project": "proj-1",
    });
  });

  test("of anybody else finds the double as OpenAI: pages, content, deletion, filter by metadata", async () => {
    const { double, trainer } = await startStage("openai", { pageSize: 2 });
    const id = await begin({ double, trainer });
    const client = new OpenAI({ apiKey: double.apiKey, baseURL: `${double.url}/v1` });
    const messages: string[] = [];
    for await (const { message } of client.fineTuning.jobs.listEvents(id)) messages.push(message);
    expect(messages).toEqual(double.state.jobs[0]?.events.map(({ message }) => message).reverse());
    const [file] = double.state.files;
    const content = await client.files.content(file?.id ?? "");
    expect(await content.text()).toBe(file?.content);
    const found = await client.fineTuning.jobs.list({ metadata: { crossover_job: "job1" } });
    expect(found.data.map((job) => job.id)).toEqual([id]);
    expect((await client.fineTuning.jobs.list({ metadata: { crossover_job: "job2" } })).data).toEqual([]);
    expect(await client.files.delete(file?.id ?? "")).toMatchObject({ deleted: true });
  });
});
