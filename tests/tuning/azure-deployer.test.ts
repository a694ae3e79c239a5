import { expect, onTestFinished, test, vi } from "vitest";
import type { AzureManagement } from "../../src/domain/tuning.ts";
import { azureDeployer } from "../../src/tuning/azure-deployer.ts";
import type { Deployer } from "../../src/tuning/deployer.ts";
import { ProviderProblem } from "../../src/tuning/trainer.ts";
import {
  type AzureManagementDouble,
  errorAnswer,
  startAzureManagement,
} from "../support/azure-management.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

const MODEL = "gpt-4o-mini-2024-07-18.ft-0e208cf33a6a466994aff31a08aba678";
const NAME = "crossover-job1";
const REQUEST = { name: NAME, model: MODEL };
const BASE_DEPLOYMENT = {
  sku: { name: "GlobalStandard", capacity: 50 },
  model: { format: "OpenAI", name: "gpt-4o-mini", version: "2024-07-18" },
  state: "Succeeded",
} as const;
const TUNED_DEPLOYMENT = {
  sku: { name: "Standard", capacity: 10 },
  model: { format: "OpenAI", name: MODEL, version: "1" },
  state: "Succeeded",
} as const;

interface Setting {
  readonly azure: AzureManagementDouble;
  readonly deployer: Deployer;
  readonly signal: AbortSignal;
  /** Another process with the same configuration. */
  readonly anew: (change?: Partial<AzureManagement>) => Deployer;
}

async function setting(change: Partial<AzureManagement> = {}): Promise<Setting> {
  const azure = await startAzureManagement();
  onTestFinished(() => {
    expect(azure.faults).toEqual([]);
  });
  const anew = (more: Partial<AzureManagement> = {}): Deployer =>
    azureDeployer({ ...azure.access, ...change, ...more });
  return { azure, deployer: anew(), signal: new AbortController().signal, anew };
}

async function problemOf(promise: Promise<unknown>): Promise<ProviderProblem> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderProblem)) throw new Error("there was no problem", { cause: error });
  return error;
}

function sent(azure: AzureManagementDouble, method: string): readonly Record<string, unknown>[] {
  return azure.received.filter((one) => one.method === method).map(({ body }) => body);
}

test("a tuned model is deployed under its name, and runs when Azure says so", async () => {
  const { azure, deployer, signal } = await setting();
  expect(await deployer.find(NAME, signal)).toBeUndefined();
  await deployer.deploy(REQUEST, signal);
  expect(sent(azure, "PUT")).toEqual([
    {
      sku: { name: "Standard", capacity: 10 },
      properties: { model: { format: "OpenAI", name: MODEL, version: "1" } },
    },
  ]);
  const creating = {
    name: NAME,
    model: MODEL,
    phase: "creating",
    status: "Creating",
    message: undefined,
    address: NAME,
    capacity: 10,
    hostingPerHour: 1.7,
  };
  expect(await deployer.find(NAME, signal)).toEqual(creating);
  azure.succeed(NAME);
  expect(await deployer.find(NAME, signal)).toEqual({ ...creating, phase: "running", status: "Succeeded" });
});

test("every request says the version of the API that the client was made for", async () => {
  const { azure, deployer, signal } = await setting();
  await deployer.deploy(REQUEST, signal);
  const versions = azure.received.map(({ url }) =>
    new URL(url, "http://azure").searchParams.get("api-version"),
  );
  expect(new Set(versions)).toEqual(new Set(["2025-09-01"]));
});

test("another process goes on where the first one was stopped, and makes nothing twice", async () => {
  const { azure, deployer, signal, anew } = await setting();
  await deployer.deploy(REQUEST, signal);
  const other = anew();
  await other.deploy(REQUEST, signal);
  expect(await other.find(NAME, signal)).toMatchObject({ phase: "creating" });
  azure.succeed(NAME);
  await other.deploy(REQUEST, signal);
  expect(await other.find(NAME, signal)).toMatchObject({ phase: "running" });
  expect(sent(azure, "PUT")).toHaveLength(1);
});

test("a deployment whose answer was lost is found, and not made again", async () => {
  const { azure, deployer, signal } = await setting();
  azure.loseNext("PUT");
  expect(await problemOf(deployer.deploy(REQUEST, signal))).toMatchObject({ kind: "temporary" });
  expect(await deployer.find(NAME, signal)).toMatchObject({ phase: "creating" });
  await deployer.deploy(REQUEST, signal);
  expect(sent(azure, "PUT")).toHaveLength(1);
});

test("a name that another model has is final", async () => {
  const { azure, deployer, signal } = await setting();
  azure.put(NAME, BASE_DEPLOYMENT);
  const problem = await problemOf(deployer.deploy(REQUEST, signal));
  expect(problem).toMatchObject({ kind: "final" });
  expect(problem.message).toContain("of the model gpt-4o-mini.");
  expect(sent(azure, "PUT")).toEqual([]);
});

test("a deployment that is being deleted has to be gone first", async () => {
  const { azure, deployer, signal } = await setting();
  azure.put(NAME, { ...TUNED_DEPLOYMENT, state: "Deleting" });
  expect(await problemOf(deployer.deploy(REQUEST, signal))).toMatchObject({ kind: "temporary" });
  expect(await deployer.find(NAME, signal)).toMatchObject({
    phase: "failed",
    status: "Deleting",
    message: "It is being deleted.",
  });
});

const OUT_OF_CAPACITY = {
  code: "CapacityNotAvailable",
  message: "No capacity in eastus. Try another region.",
};

test("the process that began it is told why a deployment failed", async () => {
  const { azure, deployer, signal } = await setting();
  await deployer.deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY);
  const failed = {
    phase: "failed",
    status: "Failed",
    message: "CapacityNotAvailable: No capacity in eastus. Try another region.",
  };
  expect(await deployer.find(NAME, signal)).toMatchObject(failed);
  azure.forgetOperations();
  expect(await deployer.find(NAME, signal)).toMatchObject(failed);
});

test("so is whoever asks in this process with the same settings", async () => {
  const { azure, signal } = await setting();
  await azureDeployer(azure.access).deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY);
  expect(await azureDeployer(azure.access).find(NAME, signal)).toMatchObject({
    message: "CapacityNotAvailable: No capacity in eastus. Try another region.",
  });
});

test("it is told, too, when Azure leaves nothing of the deployment", async () => {
  const { azure, deployer, signal, anew } = await setting();
  await deployer.deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY, true);
  expect(await deployer.find(NAME, signal)).toEqual({
    name: NAME,
    model: undefined,
    phase: "failed",
    status: "Failed",
    message: "CapacityNotAvailable: No capacity in eastus. Try another region.",
    address: NAME,
    capacity: undefined,
    hostingPerHour: undefined,
  });
  expect(await anew().find(NAME, signal)).toBeUndefined();
});

test("a failed look at why is temporary, and the next one finds it", async () => {
  const { azure, deployer, signal } = await setting();
  await deployer.deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY);
  azure.failNextOf("operationResults", errorAnswer(503, "ServiceUnavailable", "Come back later."));
  expect(await problemOf(deployer.find(NAME, signal))).toMatchObject({ kind: "temporary", status: 503 });
  expect(await deployer.find(NAME, signal)).toMatchObject({
    message: expect.stringContaining("No capacity"),
  });
});

test("another process says where to look for the reason, and so does one whose operation is forgotten", async () => {
  const { azure, deployer, signal, anew } = await setting();
  await deployer.deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY);
  azure.forgetOperations();
  const message = "Azure could not make it. The activity log of the Azure OpenAI resource says why.";
  expect(await anew().find(NAME, signal)).toMatchObject({ phase: "failed", message });
  expect(await deployer.find(NAME, signal)).toMatchObject({ phase: "failed", message });
});

test("an accepted deployment is begun though the first look at it fails", async () => {
  const { azure, deployer, signal } = await setting();
  azure.failNextOf("operationResults", errorAnswer(500, "InternalServerError", "Oops."));
  await deployer.deploy(REQUEST, signal);
  expect(await deployer.find(NAME, signal)).toMatchObject({ phase: "creating", message: undefined });
  azure.fail(NAME, OUT_OF_CAPACITY);
  expect(await deployer.find(NAME, signal)).toMatchObject({
    phase: "failed",
    message: expect.stringContaining("activity log"),
  });
});

test.each([
  ["Accepted", "creating"],
  ["Moving", "creating"],
  ["Scaling", "creating"],
  ["Updating", "creating"],
  ["SomethingNew", "creating"],
  ["constructor", "creating"],
  ["Succeeded", "running"],
  ["Canceled", "failed"],
  ["Disabled", "failed"],
])("Azure's state %s is %s", async (state, phase) => {
  const azure = await startAzureManagement();
  azure.put(NAME, { ...TUNED_DEPLOYMENT, state });
  const found = await azureDeployer(azure.access).find(NAME, new AbortController().signal);
  expect(found).toMatchObject({ phase, status: state });
  expect(found?.message === undefined).toBe(phase !== "failed");
});

test("all pages of deployments are listed, and only tuned models cost by the hour", async () => {
  const { azure, deployer, signal } = await setting();
  azure.put("base", BASE_DEPLOYMENT);
  azure.put("reserved", { ...BASE_DEPLOYMENT, sku: { name: "ProvisionedManaged", capacity: 50 } });
  azure.put("regional", TUNED_DEPLOYMENT);
  azure.put("global", { ...TUNED_DEPLOYMENT, sku: { name: "GlobalStandard", capacity: 1 } });
  azure.put("trial", { ...TUNED_DEPLOYMENT, sku: { name: "developertier", capacity: 1 } });
  azure.put("provisioned", { ...TUNED_DEPLOYMENT, sku: { name: "ProvisionedManaged", capacity: 50 } });
  const listed = await deployer.list(signal);
  expect(listed.map(({ name, hostingPerHour }) => [name, hostingPerHour])).toEqual([
    ["base", 0],
    ["reserved", undefined],
    ["regional", 1.7],
    ["global", 1.7],
    ["trial", 0],
    ["provisioned", undefined],
  ]);
  expect(azure.received).toHaveLength(3);
});

test("the configured price is that of the configured SKU", async () => {
  const { azure, deployer, signal } = await setting({ hostingPerHour: 3, sku: "globalstandard" });
  azure.put("regional", TUNED_DEPLOYMENT);
  azure.put("global", { ...TUNED_DEPLOYMENT, sku: { name: "GlobalStandard", capacity: 1 } });
  azure.put("base", BASE_DEPLOYMENT);
  const listed = await deployer.list(signal);
  expect(listed.map(({ hostingPerHour }) => hostingPerHour)).toEqual([1.7, 3, 0]);
});

test("a page elsewhere is not followed, and gets no token", async () => {
  const { azure, deployer, signal } = await setting();
  const elsewhere = await startAzureManagement();
  azure.failNext({ status: 200, body: { value: [], nextLink: `${elsewhere.access.endpoint}/next` } });
  expect(await problemOf(deployer.list(signal))).toMatchObject({
    kind: "final",
    message: expect.stringContaining("is not the configured endpoint"),
  });
  expect(elsewhere.received).toEqual([]);
});

test("a redirection elsewhere is not followed", async () => {
  const { azure, deployer, signal } = await setting();
  const elsewhere = await startAzureManagement();
  azure.failNext({ status: 307, headers: { location: `${elsewhere.access.endpoint}/there` } });
  expect(await problemOf(deployer.find(NAME, signal))).toMatchObject({ kind: "final", status: 307 });
  expect(elsewhere.received).toEqual([]);
});

test("a deployment is scaled under the SKU that it has", async () => {
  const { azure, deployer, signal } = await setting();
  azure.put("global", { ...TUNED_DEPLOYMENT, sku: { name: "GlobalStandard", capacity: 5 } });
  await deployer.scale("global", 20, signal);
  expect(sent(azure, "PATCH")).toEqual([{ sku: { name: "GlobalStandard", capacity: 20 } }]);
  expect(await deployer.find("global", signal)).toMatchObject({ phase: "creating", capacity: 5 });
  azure.succeed("global");
  expect(await deployer.find("global", signal)).toMatchObject({ phase: "running", capacity: 20 });
});

test.each([0, -1, 1.5, Number.NaN])("no deployment has the capacity %d", async (capacity) => {
  const { azure, deployer, signal } = await setting();
  azure.put(NAME, TUNED_DEPLOYMENT);
  const problem = await problemOf(deployer.scale(NAME, capacity, signal));
  expect(problem.kind).toBe("final");
  expect(problem.hint).toBe(
    capacity === 0 ? "Delete it instead: that alone ends what it costs by the hour." : undefined,
  );
  expect(azure.received).toEqual([]);
});

test("what is not there can't be scaled", async () => {
  const { deployer, signal } = await setting();
  expect(await problemOf(deployer.scale(NAME, 2, signal))).toMatchObject({ kind: "final", status: 404 });
});

test("a deployment is deleted, and one that is gone is well", async () => {
  const { azure, deployer, signal } = await setting();
  azure.put(NAME, TUNED_DEPLOYMENT);
  await deployer.remove(NAME, signal);
  expect(await deployer.find(NAME, signal)).toMatchObject({ status: "Deleting" });
  azure.succeed(NAME);
  expect(await deployer.find(NAME, signal)).toBeUndefined();
  await deployer.remove(NAME, signal);
  azure.failNext(errorAnswer(404, "NotFound", "Specified resource cannot be found."));
  await deployer.remove(NAME, signal);
});

test("a deployment that failed and was deleted is no longer told of", async () => {
  const { azure, deployer, signal } = await setting();
  await deployer.deploy(REQUEST, signal);
  azure.fail(NAME, OUT_OF_CAPACITY);
  expect(await deployer.find(NAME, signal)).toMatchObject({ phase: "failed" });
  await deployer.remove(NAME, signal);
  azure.succeed(NAME);
  expect(await deployer.find(NAME, signal)).toBeUndefined();
});

test("a resource that makes another deployment is busy for a while", async () => {
  const { azure, deployer, signal } = await setting();
  await deployer.deploy({ ...REQUEST, name: "crossover-job0" }, signal);
  const problem = await problemOf(deployer.deploy(REQUEST, signal));
  expect(problem).toMatchObject({ kind: "temporary", status: 409, code: "RequestConflict" });
  azure.succeed("crossover-job0");
  await deployer.deploy(REQUEST, signal);
  expect(azure.deployments.has(NAME)).toBe(true);
});

test("too little quota is told in Azure's words, with what to do", async () => {
  const { azure, deployer, signal } = await setting();
  azure.quota = 3;
  const problem = await problemOf(deployer.deploy(REQUEST, signal));
  expect(problem).toMatchObject({ kind: "unsupported", status: 400, code: "InsufficientQuota" });
  expect(problem.message).toContain("bigger than the current available capacity 3");
  expect(problem.hint).toContain("smaller capacity");
});

test.each([
  [401, "ExpiredAuthenticationToken", "final", "az login"],
  [403, "AuthorizationFailed", "unsupported", "Cognitive Services Contributor"],
  [404, "SubscriptionNotFound", "final", "Check the subscription"],
  [404, "ParentResourceNotFound", "final", "the account"],
  [400, "DeploymentModelNotSupported", "unsupported", "regions"],
  [400, "InvalidResourceProperties", "unsupported", "SKU"],
  [400, "SpecialFeatureOrQuotaIdRequired", "unsupported", "another SKU"],
  [400, "toString", "final", undefined],
  [409, "AccountProvisioningStateInvalid", "temporary", undefined],
  [409, "SomethingElse", "temporary", undefined],
  [500, "InternalServerError", "temporary", undefined],
  [503, "ServiceUnavailable", "temporary", undefined],
])("%d %s is %s", async (status, code, kind, hint) => {
  const { azure, deployer, signal } = await setting();
  azure.failNext(errorAnswer(status, code, "Azure's own words."));
  const problem = await problemOf(deployer.find(NAME, signal));
  expect(problem).toMatchObject({ status, code, kind });
  expect(problem.message).toContain("Azure's own words.");
  expect(problem.raw).toBe(JSON.stringify({ error: { code, message: "Azure's own words." } }));
  if (hint === undefined) expect(problem.hint).toBeUndefined();
  else expect(problem.hint).toContain(hint);
});

test("nothing is tried again by itself", async () => {
  const { azure, deployer, signal } = await setting();
  azure.failNext(errorAnswer(503, "ServiceUnavailable", "Come back later."));
  await problemOf(deployer.find(NAME, signal));
  expect(azure.received).toHaveLength(1);
});

test("a limit tells how long to wait", async () => {
  const { azure, deployer, signal } = await setting();
  const limited = errorAnswer(429, "TooManyRequests", "Slow down.");
  azure.failNext({ ...limited, headers: { "retry-after": "17" } });
  const problem = await problemOf(deployer.list(signal));
  expect(problem).toMatchObject({ kind: "temporary", status: 429 });
  expect(problem.message).toContain("retry-after: 17");
  expect(azure.received).toHaveLength(1);
});

test.each([
  [{ resourceGroup: "nowhere" }, "ResourceGroupNotFound"],
  [{ account: "nobody" }, "ResourceNotFound"],
])("a place that is not there is not taken for a deployment that is not: %o", async (change, code) => {
  const { deployer, signal } = await setting(change);
  for (const asked of [
    deployer.find(NAME, signal),
    deployer.remove(NAME, signal),
    deployer.list(signal),
    deployer.deploy(REQUEST, signal),
  ]) {
    expect(await problemOf(asked)).toMatchObject({ kind: "final", status: 404, code });
  }
});

test.each([
  ["DeploymentNotFound", "No such deployment."],
  ["ResourceNotFound", "The resource 'crossover-job1' does not exist."],
  [
    "ResourceNotFound",
    "The Resource 'Microsoft.CognitiveServices/accounts/contoso/deployments/x' was not found.",
  ],
])("a deployment that is not there is none, also by %s: %s", async (code, message) => {
  const { azure, deployer, signal } = await setting();
  azure.failNext(errorAnswer(404, code, message));
  expect(await deployer.find(NAME, signal)).toBeUndefined();
});

test("an answer that is no JSON, and one that is long, are kept in part", async () => {
  const { azure, deployer, signal } = await setting();
  azure.failNext({
    status: 502,
    body: `<html>${"x".repeat(5000)}`,
    headers: { "content-type": "text/html" },
  });
  const problem = await problemOf(deployer.find(NAME, signal));
  expect(problem).toMatchObject({ kind: "temporary", status: 502, code: undefined });
  expect(problem.raw).toHaveLength(4000);
  azure.failNext({ status: 200, body: "{" });
  expect(await problemOf(deployer.find(NAME, signal))).toMatchObject({ kind: "temporary" });
});

test("an endpoint that does not answer is temporary", async () => {
  const { anew, signal } = await setting();
  const deployer = anew({ endpoint: `http://127.0.0.1:${await freePort()}` });
  const problem = await problemOf(deployer.list(signal));
  expect(problem).toMatchObject({ kind: "temporary", status: undefined });
  expect(problem.message).toContain("ECONNREFUSED");
});

test("plain HTTP is spoken only with this machine", async () => {
  const { anew, signal } = await setting();
  const problem = await problemOf(anew({ endpoint: "http://management.example" }).list(signal));
  expect(problem.message).toContain("allowInsecureConnection");
});

test("an aborted call throws the signal's reason", async () => {
  const { azure, deployer } = await setting();
  const reason = new Error("enough");
  await expect(deployer.find(NAME, AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(deployer.deploy(REQUEST, AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(deployer.list(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(azure.received).toEqual([]);
  const release = azure.holdNext();
  const leaving = new AbortController();
  const asked = expect(deployer.find(NAME, leaving.signal)).rejects.toBe(reason);
  await until(() => azure.received.length === 1);
  leaving.abort(reason);
  await asked;
  release();
});

test("without a token one is looked for in the environment, and not finding one tells what to do", async () => {
  vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential");
  for (const name of ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"])
    vi.stubEnv(name, undefined);
  const { anew, signal } = await setting();
  const deployer = anew({ token: undefined, endpoint: `https://127.0.0.1:${await freePort()}` });
  const problem = await problemOf(deployer.find(NAME, signal));
  expect(problem).toMatchObject({ kind: "final", status: undefined });
  expect(problem.hint).toContain("az login");
  expect(problem.raw).toContain("EnvironmentCredential");
});

test("the token that is looked for is one for the configured cloud", async () => {
  const scopes: unknown[] = [];
  vi.doMock("@azure/identity", () => ({
    DefaultAzureCredential: class {
      async getToken(scope: unknown) {
        scopes.push(scope);
        return { token: "found", expiresOnTimestamp: Date.now() + 3_600_000 };
      }
    },
  }));
  onTestFinished(() => {
    vi.doUnmock("@azure/identity");
  });
  const { anew, signal } = await setting();
  const endpoint = `https://127.0.0.1:${await freePort()}`;
  await problemOf(anew({ token: undefined, endpoint }).find(NAME, signal));
  expect(scopes.flat()).toEqual([`${endpoint}/.default`]);
});

test("no problem holds the token", async () => {
  const { azure, deployer, signal, anew } = await setting();
  const problems: ProviderProblem[] = [];
  for (const status of [400, 401, 403, 409, 429, 500]) {
    azure.failNext(errorAnswer(status, "Code", "Words."));
    problems.push(await problemOf(deployer.deploy(REQUEST, signal)));
  }
  azure.loseNext("GET");
  problems.push(await problemOf(deployer.find(NAME, signal)));
  azure.failNext({ status: 200, body: "{" });
  problems.push(await problemOf(deployer.find(NAME, signal)));
  problems.push(await problemOf(anew({ endpoint: `http://127.0.0.1:${await freePort()}` }).list(signal)));
  problems.push(await problemOf(anew({ token: `${azure.access.token}X` }).list(signal)));
  const texts = problems.flatMap(({ message, hint, raw, stack }) => [message, hint, raw, stack]).join("\n");
  expect(texts).not.toContain(azure.access.token);
  expect(problems).toHaveLength(10);
});
