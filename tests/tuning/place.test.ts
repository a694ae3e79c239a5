import { expect, test } from "vitest";
import type { AzureManagement, TuningAccess } from "../../src/domain/tuning.ts";
import { isSamePlace, placeOf } from "../../src/tuning/place.ts";
import { until } from "../support/until.ts";
import { config, QUESTION, SECRET, world } from "./world.ts";

const OPENAI = {
  api: "openai",
  baseURL: "https://api.openai.com/v1",
  apiKey: "a",
  organization: "o",
  project: "p",
  fetch: undefined,
} as const;

const MANAGEMENT: AzureManagement = {
  endpoint: "https://management.azure.com",
  subscription: "s",
  resourceGroup: "g",
  account: "acme",
  token: "t",
  sku: "Standard",
  capacity: 1,
  hostingPerHour: undefined,
};

const AZURE = {
  api: "azure",
  endpoint: "https://acme.openai.azure.com",
  apiKey: "a",
  entraToken: undefined,
  apiVersion: "v1",
  management: MANAGEMENT,
} as const;

const HUB = {
  api: "huggingface",
  token: "t",
  hubURL: "https://huggingface.co",
  endpointsURL: "https://api.endpoints.huggingface.cloud",
  namespace: "acme",
  flavor: "a10g-small",
  timeoutSeconds: 60,
  endpoint: {
    vendor: "aws",
    region: "eu-west-1",
    accelerator: "gpu",
    instanceType: "t4",
    instanceSize: "x1",
    scaleToZeroMinutes: 15,
    hostingPerHour: undefined,
  },
} as const;

const same = (a: TuningAccess, b: TuningAccess) => isSamePlace(placeOf(a), placeOf(b));

test.each<[string, TuningAccess, TuningAccess, boolean]>([
  ["another key", OPENAI, { ...OPENAI, apiKey: "b" }, true],
  ["a slash at the end", OPENAI, { ...OPENAI, baseURL: `${OPENAI.baseURL}/` }, true],
  ["another organization", OPENAI, { ...OPENAI, organization: "x" }, false],
  ["another project", OPENAI, { ...OPENAI, project: undefined }, false],
  ["parts that only look alike together", OPENAI, { ...OPENAI, organization: "op", project: "" }, false],
  ["another address", OPENAI, { ...OPENAI, baseURL: "https://eu.api.openai.com/v1" }, false],
  [
    "another token and version",
    AZURE,
    { ...AZURE, apiKey: "b", entraToken: "e", apiVersion: "preview" },
    true,
  ],
  ["another resource", AZURE, { ...AZURE, endpoint: "https://b.openai.azure.com" }, false],
  [
    "another size",
    AZURE,
    { ...AZURE, management: { ...MANAGEMENT, sku: "GlobalStandard", token: "u" } },
    true,
  ],
  ["another account", AZURE, { ...AZURE, management: { ...MANAGEMENT, account: "b" } }, false],
  ["no management any more", AZURE, { ...AZURE, management: undefined }, true],
  ["another token and hardware", HUB, { ...HUB, token: "u", flavor: "h100" }, true],
  ["another namespace", HUB, { ...HUB, namespace: "b" }, false],
  ["another hub", HUB, { ...HUB, hubURL: "https://hub.local" }, false],
])("%s", (_name, a, b, expected) => {
  expect([same(a, b), same(b, a)]).toEqual([expected, expected]);
});

test("no key stands in it, hashed or not: it is the same for any", () => {
  for (const access of [OPENAI, AZURE, HUB]) expect(placeOf(access)).toMatch(/^[\da-f]{32}(\/[\da-f]{32})?$/);
});

test("a job waits while its provider's settings lead to another place, and says so once", async () => {
  const all = await world();
  const tuner = all.tuner();
  const main = { kind: "openai", apiKey: "sk-proj-another-key-456789" };
  const providers = config()["providers"];
  const configured = (more: object) => ({ providers: { ...Object(providers), main: { ...main, ...more } } });
  all.provider.at = (moment) => {
    if (moment !== "after create") return;
    all.provider.at = () => {};
    all.configure(config(configured({ project: "proj_other" })));
  };
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const working = tuner.work(id, AbortSignal.timeout(20_000));
  const told = async () =>
    (await tuner.job(id))?.journal.filter(({ message }) => message.includes("another address")) ?? [];
  await until(async () => (await told()).length > 0);
  expect(all.provider.calls).not.toContain("observe");
  all.configure(config(configured({})));
  expect((await working).state).toBe("succeeded");
  expect(await told()).toHaveLength(1);
  expect(JSON.stringify(await tuner.job(id))).not.toContain(SECRET);
});
