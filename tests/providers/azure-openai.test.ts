import { AzureOpenAI } from "openai";
import { describe, expect, test } from "vitest";
import { azureOpenai } from "../../src/providers/azure-openai.ts";

const ENDPOINT = "https://acme.openai.azure.com";
const MODEL = { name: "ft", model: "gpt-35-turbo-finetuned" };

function connect(more: Readonly<Record<string, unknown>>, model = MODEL.model) {
  return azureOpenai.connect(
    { kind: "azure-openai", endpoint: ENDPOINT, ...more },
    { name: "ft", model },
    { dataDir: "data" },
  );
}

test("a dated version addresses the deployment in the path, with the api-key header", () => {
  expect(connect({ apiKey: "key-1", apiVersion: "2024-10-21" })).toEqual({
    url: `${ENDPOINT}/openai/deployments/gpt-35-turbo-finetuned/chat/completions?api-version=2024-10-21`,
    embeddingsUrl: `${ENDPOINT}/openai/deployments/gpt-35-turbo-finetuned/embeddings?api-version=2024-10-21`,
    headers: { "api-key": "key-1" },
    model: "gpt-35-turbo-finetuned",
    streamUsage: true,
    metadata: "if-stored",
    secrets: ["key-1"],
  });
});

test.each([
  ["2024-06-01", false],
  ["2024-08-01-preview", false],
  ["2024-09-01-preview", true],
  ["2024-10-21", true],
  ["v1", true],
  ["preview", true],
])("version %s knows the usage of streams: %s", (apiVersion, known) => {
  expect(connect({ apiKey: "key-1", apiVersion }).streamUsage).toBe(known);
  expect(connect({ apiKey: "key-1", apiVersion, streamUsage: !known }).streamUsage).toBe(!known);
});

test("address and header are those that the official SDK sends", async () => {
  const sent: Request[] = [];
  const client = new AzureOpenAI({
    endpoint: ENDPOINT,
    apiKey: "key-1",
    apiVersion: "2024-10-21",
    maxRetries: 0,
    fetch: async (input, init) => {
      sent.push(new Request(input, init));
      return Response.json({ choices: [] });
    },
  });
  await client.chat.completions.create({ model: MODEL.model, messages: [] });
  const { url, headers } = connect({ apiKey: "key-1", apiVersion: "2024-10-21" });
  expect(url).toBe(sent[0]?.url);
  expect(sent[0]?.headers.get("api-key")).toBe(headers["api-key"]);
});

test.each([
  [undefined, "/openai/v1/chat/completions"],
  ["v1", "/openai/v1/chat/completions"],
  ["preview", "/openai/v1/chat/completions?api-version=preview"],
  [
    "2025-04-01-preview",
    "/openai/deployments/gpt-35-turbo-finetuned/chat/completions?api-version=2025-04-01-preview",
  ],
])("version %s is at %s", (apiVersion, path) => {
  const target = connect({ apiKey: "key-1", ...(apiVersion === undefined ? {} : { apiVersion }) });
  expect(target.url).toBe(`${ENDPOINT}${path}`);
  expect(target.model).toBe("gpt-35-turbo-finetuned");
});

test("an Entra ID token signs as a bearer token", () => {
  const target = connect({ entraToken: "eyJ-token" });
  expect(target.headers).toEqual({ authorization: "Bearer eyJ-token" });
  expect(target.secrets).toEqual(["eyJ-token"]);
});

test.each(["", "/", "//", "/openai", "/openai/", "/openai/v1", "/openai/v1/"])(
  "an endpoint as the portal shows it, ending in %j",
  (end) => {
    expect(connect({ endpoint: `${ENDPOINT}${end}`, apiKey: "k" }).url).toBe(
      `${ENDPOINT}/openai/v1/chat/completions`,
    );
  },
);

test("a deployment's name can't leave its place in the path", () => {
  const { url } = connect({ apiKey: "k", apiVersion: "2024-10-21" }, "../../x?y#z");
  expect(new URL(url).pathname).toBe("/openai/deployments/..%2F..%2Fx%3Fy%23z/chat/completions");
});

test.each([
  [{ apiKey: "a", entraToken: "b" }, "entraToken", "give either"],
  [{}, "apiKey", "give `apiKey` or `entraToken`"],
  [{ apiKey: "" }, "apiKey", "give `apiKey` or `entraToken`"],
  [{ apiKey: "k", endpoint: "acme.openai.azure.com" }, "endpoint", "this is no address"],
  [{ apiKey: "k", endpoint: "" }, "endpoint", "this is no address"],
  [{ apiKey: "k", endpoint: "file:///etc" }, "endpoint", "this is no address"],
])("%j is a problem with %s", (more, key, message) => {
  expect(() => connect(more)).toThrow(
    expect.objectContaining({ key, message: expect.stringContaining(message) }),
  );
});

test("an empty key beside a token does no harm", () => {
  expect(connect({ apiKey: "", entraToken: "t" }).headers).toEqual({ authorization: "Bearer t" });
});

test("without key and token the simulator may stand in", () => {
  const lacks = (more: object) => azureOpenai.lacksKey({ kind: "azure-openai", endpoint: ENDPOINT, ...more });
  expect([lacks({}), lacks({ apiKey: "" }), lacks({ apiKey: "k" }), lacks({ entraToken: "t" })]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test.each(["2024", "latest", "2024-10-21&x=1", "2024-10-21/../.."])("%s is no version", (apiVersion) => {
  expect(
    azureOpenai.settings.safeParse({ kind: "azure-openai", endpoint: ENDPOINT, apiVersion }).success,
  ).toBe(false);
});

describe("training", () => {
  const tuning = (more: Readonly<Record<string, unknown>>) =>
    azureOpenai.tuning?.({ kind: "azure-openai", endpoint: ENDPOINT, ...more }, { dataDir: "data" });

  test("needs what calling needs", () => {
    expect(tuning({ apiKey: "key-1", apiVersion: "2024-10-21" })).toEqual({
      api: "azure",
      endpoint: ENDPOINT,
      apiKey: "key-1",
      entraToken: undefined,
      apiVersion: "2024-10-21",
      management: undefined,
    });
    expect(tuning({ endpoint: "nowhere", apiKey: "key-1" })).toBeUndefined();
  });

  test("deploys in the resource of the endpoint, unless another is named", () => {
    const settings = { subscription: "s", resourceGroup: "g" };
    expect(
      tuning({ endpoint: `${ENDPOINT}/openai/v1`, entraToken: "t", management: settings }),
    ).toMatchObject({
      endpoint: ENDPOINT,
      entraToken: "t",
      management: {
        ...settings,
        endpoint: "https://management.azure.com",
        account: new URL(ENDPOINT).hostname.split(".")[0],
        token: undefined,
        sku: "Standard",
        capacity: 50,
        hostingPerHour: undefined,
      },
    });
    const own = {
      account: "a",
      endpoint: "https://m/",
      token: "m",
      sku: "GlobalStandard",
      capacity: 1,
      hostingPerHour: 2,
    };
    expect(tuning({ apiKey: "k", management: { ...settings, ...own } })).toMatchObject({
      management: { ...settings, ...own, endpoint: "https://m" },
    });
  });
});
