import { expect, test } from "vitest";
import { openaiTrainer } from "../../src/tuning/openai-trainer.ts";
import { apiSpec } from "../support/api-spec.ts";
import type { Answer, TuningRequest } from "../support/openai-tuning.ts";
import {
  accessTo,
  calm,
  problemOf,
  requestOf,
  rowsOf,
  startStage,
  uploadOf,
  watched,
} from "./openai-samples.ts";

const DATED = "azure 2024-10-21";
const SPEC_VERSION = "2024-10-21";
const spec = apiSpec("azure-spec/fine-tuning.json");

function faultsOf({
  request,
  ...answer
}: Answer & { readonly request: Omit<TuningRequest, "headers"> }): readonly string[] {
  const isDated = request.query.get("api-version") === SPEC_VERSION;
  return [...spec.faultsOf(request, answer), ...(isDated ? [] : ["the request is of another version"])];
}

test("the specification is read: what is not as it says is found", () => {
  const request = {
    method: "GET",
    path: "/fine_tuning/jobs/ftjob-1",
    query: new URLSearchParams({ "api-version": SPEC_VERSION }),
    body: undefined,
  };
  const job = { id: "ftjob-1", object: "fine_tuning.job", model: "m", training_file: "f", status: "pending" };
  const faults = (change: object, status = 200, body: unknown = job) =>
    faultsOf({ request: { ...request, ...change }, status, body });
  expect(faults({})).toEqual([]);
  expect(faults({ query: new URLSearchParams() })).not.toEqual([]);
  expect(faults({ query: new URLSearchParams({ "api-version": SPEC_VERSION, limit: "1" }) })).not.toEqual([]);
  expect(faults({ path: "/fine_tuning/jobs/ftjob-1/deploy" })).not.toEqual([]);
  expect(faults({}, 202)).not.toEqual([]);
  expect(faults({}, 200, { ...job, status: "queued" })).not.toEqual([]);
  expect(faults({}, 200, { ...job, model: undefined })).not.toEqual([]);
  expect(faults({}, 200, { ...job, metadata: {} })).not.toEqual([]);
  expect(faults({}, 404, { error: { code: "notFound", message: "no" } })).toEqual([]);
  expect(faults({}, 404, { error: { code: null, message: "no" } })).not.toEqual([]);
  const creation = (body: object) =>
    faults(
      { method: "POST", path: "/fine_tuning/jobs", body: { model: "m", training_file: "f", ...body } },
      201,
    );
  expect(creation({ suffix: "menu", hyperparameters: { n_epochs: 2 } })).toEqual([]);
  expect(creation({ hyperparameters: { n_epochs: "auto" } })).not.toEqual([]);
  expect(creation({ method: { type: "supervised" } })).not.toEqual([]);
});

// What stands before the API, which a wrong key or address does not pass, answers with codes that the specification does not name.
test("its answers and the trainer's requests are as Azure's specification of its API says", async () => {
  const stage = await startStage(DATED, { pageSize: 3 });
  const { double, trainer } = stage;
  const id = await watched(stage);
  expect((await trainer.observe(id, undefined, calm())).checkpoints).toHaveLength(3);
  const file = await trainer.upload(uploadOf(rowsOf(3), "short.jsonl"), calm());
  await trainer.find(requestOf(file), calm());
  const validated = { ...requestOf(file), validationFile: file };
  const short = await trainer.create(validated, calm());
  double.advance();
  expect((await trainer.observe(short, undefined, calm())).phase).toBe("failed");
  for (let count = 0; count < 3; count++) await trainer.create(requestOf(file), calm());
  await trainer.find(requestOf("file-none"), calm());
  const last = await trainer.create(requestOf(file), calm());
  await trainer.cancel(last, calm());
  await trainer.cancel(last, calm());
  expect((await trainer.observe(last, undefined, calm())).phase).toBe("cancelled");
  await problemOf(trainer.observe("ftjob-none", undefined, calm()));
  await problemOf(
    trainer.observe(short, "ftevent-none", calm()).then(() => trainer.create(requestOf("file-none"), calm())),
  );
  await problemOf(trainer.create(requestOf(file, { base_model: "gpt-9" }), calm()));
  const unmarked = openaiTrainer(accessTo(double, DATED), { importPollMs: 1 });
  await problemOf(unmarked.upload(uploadOf(rowsOf(12), "unmarked.jsonl"), calm()));
  await trainer.removeFiles({ jobId: "job1", ids: [file], names: ["unmarked.jsonl"] }, calm());

  for (const answer of double.answers) {
    expect(faultsOf(answer), `${JSON.stringify(answer.request.body)} ${JSON.stringify(answer.body)}`).toEqual(
      [],
    );
  }
  const answered = double.answers
    .filter(({ status }) => status < 300)
    .map(({ request }) => spec.operationOf(request));
  expect([...new Set(answered)].toSorted()).toEqual([
    "DELETE /files/{file-id}",
    "GET /files",
    "GET /files/{file-id}",
    "GET /fine_tuning/jobs",
    "GET /fine_tuning/jobs/{fine-tuning-job-id}",
    "GET /fine_tuning/jobs/{fine-tuning-job-id}/checkpoints",
    "GET /fine_tuning/jobs/{fine-tuning-job-id}/events",
    "POST /files",
    "POST /fine_tuning/jobs",
    "POST /fine_tuning/jobs/{fine-tuning-job-id}/cancel",
  ]);
});

test("Azure's dated versions know neither `method` nor `auto`, and want a version", async () => {
  const { double, trainer } = await startStage(DATED);
  const training_file = await trainer.upload(uploadOf(), calm());
  const post = (query: string, body: unknown) =>
    fetch(`${double.url}/openai/fine_tuning/jobs${query}`, {
      method: "POST",
      headers: { "api-key": double.apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const model = "gpt-4o-mini-2024-07-18";
  const refused = await post("?api-version=2024-10-21", {
    model,
    training_file,
    method: { type: "supervised" },
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { code: "invalidPayload" } });
  const auto = { model, training_file, hyperparameters: { n_epochs: "auto" } };
  expect((await post("?api-version=2024-10-21", auto)).status).toBe(400);
  expect((await post("", { model, training_file })).status).toBe(404);
  expect((await post("?api-version=2024-10-21", { model, training_file })).status).toBe(201);
});
