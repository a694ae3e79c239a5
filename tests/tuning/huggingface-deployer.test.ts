import { expect, test } from "vitest";
import type { HuggingFaceAccess } from "../../src/domain/tuning.ts";
import { huggingface } from "../../src/providers/huggingface.ts";
import type { Deployer } from "../../src/tuning/deployer.ts";
import { huggingFaceDeployer } from "../../src/tuning/huggingface-deployer.ts";
import type { HubEndpoint } from "../support/huggingface-endpoints.ts";
import { type HuggingFaceHub, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import { accessTo, problemOf, REPOSITORY } from "./huggingface.ts";

const signal = new AbortController().signal;
const NAME = "crossover-tj-0001";

/** A double with a model to deploy. */
async function hubWithModel(): Promise<HuggingFaceHub> {
  const hub = await startHuggingFaceHub();
  hub.repositories.set(`models/${REPOSITORY}`, { private: true, files: new Map(), commits: [] });
  return hub;
}

function withEndpoint(hub: HuggingFaceHub, changes: Partial<HuggingFaceAccess["endpoint"]>): Deployer {
  return huggingFaceDeployer(accessTo(hub, { endpoint: { ...accessTo(hub).endpoint, ...changes } }));
}

function endpointOf(hub: HuggingFaceHub, name = NAME): HubEndpoint {
  const endpoint = hub.endpoints.get(name);
  if (endpoint === undefined) throw new TypeError("no endpoint was created");
  return endpoint;
}

test("a model comes to be at an endpoint that wants a token, sleeps when idle and costs by the hour", async () => {
  const hub = await hubWithModel();
  const deployer = huggingFaceDeployer(accessTo(hub));
  expect(await deployer.find(NAME, signal)).toBeUndefined();
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  const endpoint = endpointOf(hub);
  expect(endpoint.spec).toMatchObject({
    type: "authenticated",
    provider: { vendor: "aws", region: "us-east-1" },
    compute: {
      accelerator: "gpu",
      instanceType: "nvidia-l4",
      instanceSize: "x1",
      scaling: { minReplica: 0, maxReplica: 1, scaleToZeroTimeout: 15 },
    },
    model: { repository: REPOSITORY, image: { custom: { url: "vllm/vllm-openai:v0.23.0" } } },
  });
  expect(await deployer.find(NAME, signal)).toEqual({
    name: NAME,
    model: REPOSITORY,
    phase: "creating",
    status: "pending",
    message: undefined,
    address: undefined,
    capacity: 1,
    hostingPerHour: 0.8,
  });

  endpoint.state = "running";
  endpoint.url = "https://abc123.us-east-1.aws.endpoints.huggingface.cloud";
  expect(await deployer.list(signal)).toMatchObject([{ phase: "running", address: endpoint.url }]);
  expect(hub.count(/^GET \/v2\/provider/)).toBe(1);

  await deployer.remove(NAME, signal);
  await deployer.remove(NAME, signal);
  expect(await deployer.list(signal)).toEqual([]);
});

test("the endpoint serves the model by the name that the provider calls it", async () => {
  const hub = await hubWithModel();
  await huggingFaceDeployer(accessTo(hub)).deploy({ name: NAME, model: REPOSITORY }, signal);
  const { args } = endpointOf(hub).spec.model;
  const settings = { kind: "huggingface", apiKey: "hf_key" } as const;
  const model = { name: "tuned", model: "https://abc123.endpoints.huggingface.cloud" };
  const connection = huggingface.connect(settings, model, { dataDir: "data" });
  expect(args[args.indexOf("--served-model-name") + 1]).toBe(connection.model);
});

test.each([
  ["pending", "creating"],
  ["initializing", "creating"],
  ["updating", "creating"],
  ["running", "running"],
  ["paused", "asleep"],
  ["scaledToZero", "asleep"],
  ["failed", "failed"],
  ["updateFailed", "failed"],
] as const)("the state %s is told as %s", async (state, phase) => {
  const hub = await hubWithModel();
  const deployer = huggingFaceDeployer(accessTo(hub));
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  Object.assign(endpointOf(hub), { state, message: "as it is" });
  expect(await deployer.find(NAME, signal)).toMatchObject({
    phase,
    status: state,
    message: "as it is",
    capacity: phase === "asleep" ? 0 : 1,
  });
});

test("an endpoint is not made twice, and one of another model is not taken for it", async () => {
  const hub = await hubWithModel();
  hub.repositories.set("models/acme/other", { private: true, files: new Map(), commits: [] });
  const deployer = huggingFaceDeployer(accessTo(hub));
  hub.fail(/^POST \/v2\/endpoint/, "lost");
  const lost = await problemOf(deployer.deploy({ name: NAME, model: REPOSITORY }, signal));
  expect(lost).toMatchObject({ kind: "unknown" });
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  expect(hub.endpoints.size).toBe(1);
  const taken = await problemOf(deployer.deploy({ name: NAME, model: "acme/other" }, signal));
  expect(taken).toMatchObject({ kind: "final" });
  expect(taken.message).toBe(`There is an endpoint ${NAME} already, for another model: ${REPOSITORY}.`);
});

test("names are made small, as the API wants them", async () => {
  const hub = await hubWithModel();
  const deployer = huggingFaceDeployer(accessTo(hub));
  await deployer.deploy({ name: "Crossover-TJ-1", model: REPOSITORY }, signal);
  expect(await deployer.find("Crossover-TJ-1", signal)).toMatchObject({ name: "crossover-tj-1" });
});

test("it is sent to sleep, woken and scaled", async () => {
  const hub = await hubWithModel();
  const deployer = huggingFaceDeployer(accessTo(hub));
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  endpointOf(hub).state = "running";
  await deployer.scale(NAME, 0, signal);
  expect(await deployer.find(NAME, signal)).toMatchObject({
    phase: "asleep",
    capacity: 0,
    hostingPerHour: 0.8,
  });
  await deployer.scale(NAME, 2, signal);
  expect(await deployer.find(NAME, signal)).toMatchObject({
    phase: "creating",
    capacity: 2,
    hostingPerHour: 1.6,
  });
  endpointOf(hub).state = "running";
  await deployer.scale(NAME, 3, signal);
  expect(endpointOf(hub).spec.compute.scaling).toEqual({
    minReplica: 0,
    maxReplica: 3,
    scaleToZeroTimeout: 15,
  });
  expect(await problemOf(deployer.scale("none", 1, signal))).toMatchObject({ kind: "final", status: 404 });
});

test("an endpoint that never sleeps keeps its replicas, and the price of the settings counts before the list's", async () => {
  const hub = await hubWithModel();
  const deployer = withEndpoint(hub, { scaleToZeroMinutes: undefined, hostingPerHour: 3 });
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  expect(endpointOf(hub).spec.compute.scaling).toEqual({
    minReplica: 1,
    maxReplica: 1,
    scaleToZeroTimeout: null,
  });
  expect(await deployer.find(NAME, signal)).toMatchObject({ hostingPerHour: 3 });
  expect(hub.count(/^GET \/v2\/provider/)).toBe(0);

  const other = withEndpoint(hub, { instanceType: "nvidia-a10g", hostingPerHour: 3 });
  expect(await other.find(NAME, signal)).toMatchObject({ hostingPerHour: 0.8 });
});

test("a price that is not known is not made up", async () => {
  const hub = await hubWithModel();
  const deployer = withEndpoint(hub, { instanceType: "nvidia-h900" });
  await deployer.deploy({ name: NAME, model: REPOSITORY }, signal);
  expect(await deployer.find(NAME, signal)).toMatchObject({ hostingPerHour: undefined });
  hub.fail(/^GET \/v2\/provider/, { status: 500, body: {} });
  expect(await huggingFaceDeployer(accessTo(hub)).find(NAME, signal)).toMatchObject({
    phase: "creating",
    hostingPerHour: undefined,
  });
});

test.each([
  [
    402,
    { error: "A payment method is required" },
    "unsupported",
    "crossover tune register JOB --address URL",
  ],
  [403, { error: "Forbidden" }, "unsupported", "crossover tune register JOB --address URL"],
  [403, { error: "Quota exceeded for nvidia-l4" }, "final", "quota is used up"],
  [400, { error: "Instance type not found" }, "final", undefined],
  [503, "<html>busy</html>", "temporary", undefined],
] as const)(
  "creating an endpoint that is answered with %i %j is a problem that is %s",
  async (status, body, kind, hint) => {
    const hub = await hubWithModel();
    hub.fail(/^POST \/v2\/endpoint/, { status, body });
    const deployer = huggingFaceDeployer(accessTo(hub));
    const problem = await problemOf(deployer.deploy({ name: NAME, model: REPOSITORY }, signal));
    expect(problem).toMatchObject({ kind, status });
    if (hint === undefined) expect(problem.hint).toBeUndefined();
    else expect(problem.hint).toContain(hint);
  },
);

test("an account that may not even look is told how to do it by hand", async () => {
  const hub = await hubWithModel();
  hub.fail(/^GET \/v2\/endpoint/, { status: 403, body: { error: "Forbidden" } });
  const problem = await problemOf(huggingFaceDeployer(accessTo(hub)).find(NAME, signal));
  expect(problem).toMatchObject({ kind: "unsupported", status: 403 });
});

test("an answer that nobody understands is no endpoint", async () => {
  const hub = await hubWithModel();
  hub.fail(/^GET \/v2\/endpoint\/acme\//, { status: 200, body: { name: NAME } });
  const problem = await problemOf(huggingFaceDeployer(accessTo(hub)).find(NAME, signal));
  expect(problem).toMatchObject({ kind: "temporary" });
});
