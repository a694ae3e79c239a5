import { expect, test } from "vitest";
import { huggingFaceDeployer } from "../../src/tuning/huggingface-deployer.ts";
import { jobsHourlyPrice } from "../../src/tuning/huggingface-prices.ts";
import { huggingFaceTrainer } from "../../src/tuning/huggingface-trainer.ts";
import { type ApiSpec, apiSpec } from "../support/api-spec.ts";
import { HUB_TOKEN, type HuggingFaceHub, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import { accessTo, JOB, problemOf, REPOSITORY, request, spec, upload } from "./huggingface.ts";

const signal = new AbortController().signal;
const ROWS = '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}\n';
const NAME = "crossover-tj-0001";

/**
 * The Hub publishes a document of its own, with its Jobs. The Inference Endpoints have one too, of which no copy of these
 * days can be had: what their answers must have is what Hugging Face's own client, huggingface_hub, reads of them, with its
 * states, and what models had that were generated from their document in 2023.
 */
const hubSpec = apiSpec("huggingface-spec/hub.json");
const endpointsSpec = apiSpec("huggingface-spec/inference-endpoints.json");

/** Expects all that a specification describes to be as it says. @returns the operations, and what it does not describe */
function compared({ answers }: HuggingFaceHub, { operationOf, faultsOf }: ApiSpec) {
  const described = new Set<string>();
  const others = new Set<string>();
  for (const { request: asked, ...answer } of answers) {
    const { pathname, searchParams: query } = new URL(asked.path, asked.url);
    const sent = { method: asked.method, path: pathname, query, body: asked.json };
    const operation = operationOf(sent);
    if (operation === undefined) {
      others.add(`${asked.method} ${pathname}`);
      continue;
    }
    if (answer.status < 400) described.add(operation);
    expect(
      faultsOf(sent, answer),
      `${operation}: ${JSON.stringify(sent.body)} ${JSON.stringify(answer.body)}`,
    ).toEqual([]);
  }
  return { described: [...described].toSorted(), others: [...others].toSorted() };
}

test("the specifications are read: what is not as they say is found", () => {
  const query = new URLSearchParams();
  const created = { method: "POST", path: "/api/repos/create", query, body: { name: "a", type: "dataset" } };
  const answer = { url: "u", name: "acme/a", id: "6871a7b0c0ffee0000000001" };
  expect(hubSpec.faultsOf(created, { status: 200, body: answer })).toEqual([]);
  expect(hubSpec.faultsOf(created, { status: 200, body: { ...answer, id: "1" } })).not.toEqual([]);
  expect(hubSpec.faultsOf(created, { status: 200, body: { ...answer, odd: 1 } })).not.toEqual([]);
  expect(hubSpec.faultsOf(created, { status: 409, body: { error: "it is there" } })).not.toEqual([]);
  expect(hubSpec.faultsOf(created, { status: 403, body: { error: "no" } })).toEqual([]);
  const odd = { ...created, body: { ...created.body, visibility: "secret" } };
  expect(hubSpec.faultsOf(odd, { status: 200, body: answer })).not.toEqual([]);
  const cursor = {
    ...created,
    method: "GET",
    path: "/api/jobs/acme",
    query: new URLSearchParams("stage=ERROR"),
  };
  expect(hubSpec.faultsOf(cursor, { status: 200, body: [] })).not.toEqual([]);
});

test("the Hub's answers and the trainer's requests are as the Hub's own document says", async () => {
  // Files of so few bytes go to the storage of large ones here.
  const hub = await startHuggingFaceHub({ large: { from: 200, part: 1e6 } });
  const access = accessTo(hub);
  const trainer = huggingFaceTrainer(access, { quietMs: 20 });
  await trainer.upload(upload(ROWS), signal);
  await trainer.upload(upload(ROWS.repeat(8), "validation"), signal);
  await trainer.upload(upload(ROWS.repeat(8), "validation"), signal);
  expect(await trainer.find(request(), signal)).toBeUndefined();
  const id = await trainer.create(request(), signal);
  expect(await trainer.find(request(), signal)).toBe(id);
  const [job] = hub.jobs;
  if (job === undefined) throw new TypeError("no job was created");
  await trainer.observe(id, undefined, signal);
  job.run();
  await trainer.observe(id, undefined, signal);
  for (const stage of ["COMPLETED", "CANCELED", "ERROR", "DELETED"] as const) {
    job.to(stage, stage === "ERROR" ? "Job failed with exit code 1" : null);
    await trainer.observe(id, undefined, signal);
  }
  const second = await trainer.create(request({ spec: spec({ base_model: "Qwen/Qwen3-1.7B" }) }), signal);
  await trainer.cancel(second, signal);
  await trainer.cancel(second, signal);
  await problemOf(trainer.observe("none", undefined, signal));
  await jobsHourlyPrice(access, "a10g-small", signal);
  await trainer.removeFiles({ jobId: JOB, ids: [request().trainingFile], names: [] }, signal);

  const { described, others } = compared(hub, hubSpec);
  expect(described).toEqual([
    "GET /api/jobs/hardware",
    "GET /api/jobs/{namespace}",
    "GET /api/jobs/{namespace}/{jobId}",
    "GET /api/jobs/{namespace}/{jobId}/logs",
    "GET /api/whoami-v2",
    "POST /api/datasets/{namespace}/{repo}/commit/{rev}",
    "POST /api/datasets/{namespace}/{repo}/paths-info/{rev}",
    "POST /api/datasets/{namespace}/{repo}/preupload/{rev}",
    "POST /api/jobs/{namespace}",
    "POST /api/jobs/{namespace}/{jobId}/cancel",
    "POST /api/repos/create",
  ]);
  // The fixture describes none of these; @huggingface/hub, which is Hugging Face's own, asks for them and reads the answers.
  expect([...new Set(others.map((line) => line.replace(/[0-9a-f]{64}/, "HASH")))]).toEqual([
    "DELETE /api/repos/delete",
    `GET /api/datasets/${REPOSITORY}/revision/HEAD`,
    `POST /datasets/${REPOSITORY}.git/info/lfs/objects/batch`,
    "PUT /storage/HASH",
  ]);
});

test("the endpoints' answers have what Hugging Face's own client reads, in each state that it knows", async () => {
  const hub = await startHuggingFaceHub();
  hub.repositories.set(`models/${REPOSITORY}`, { private: true, files: new Map(), commits: [] });
  const deployer = huggingFaceDeployer(accessTo(hub));
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  const endpoint = hub.endpoints.get(NAME);
  if (endpoint === undefined) throw new TypeError("no endpoint was created");
  for (const state of [
    "pending",
    "initializing",
    "updating",
    "updateFailed",
    "running",
    "paused",
    "failed",
    "scaledToZero",
  ] as const) {
    Object.assign(endpoint, { state, message: `It is ${state}.` });
    if (state === "running") endpoint.url = "https://abc123.us-east-1.aws.endpoints.huggingface.cloud";
    await deployer.find(NAME, signal);
  }
  await deployer.list(signal);
  await deployer.scale(NAME, 0, signal);
  await deployer.scale(NAME, 2, signal);
  await fetch(`${hub.url}/v2/endpoint/acme/${NAME}/pause`, {
    method: "POST",
    headers: { authorization: `Bearer ${HUB_TOKEN}` },
  });
  await deployer.remove(NAME, signal);
  await deployer.remove(NAME, signal);

  const { described, others } = compared(hub, endpointsSpec);
  expect(described).toEqual([
    "DELETE /v2/endpoint/{namespace}/{name}",
    "GET /v2/endpoint/{namespace}",
    "GET /v2/endpoint/{namespace}/{name}",
    "GET /v2/provider/{namespace}",
    "POST /v2/endpoint/{namespace}",
    "POST /v2/endpoint/{namespace}/{name}/pause",
    "POST /v2/endpoint/{namespace}/{name}/resume",
    "POST /v2/endpoint/{namespace}/{name}/scale-to-zero",
    "PUT /v2/endpoint/{namespace}/{name}",
  ]);
  expect(others).toEqual(["GET /api/whoami-v2"]);
});
