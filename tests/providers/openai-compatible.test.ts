import { expect, test } from "vitest";
import { openaiCompatible } from "../../src/providers/openai-compatible.ts";

function connect(more: Readonly<Record<string, unknown>> = {}) {
  return openaiCompatible.connect(
    { kind: "openai-compatible", baseURL: "http://127.0.0.1:8000/v1", ...more },
    { name: "m", model: "llama3.2" },
    { dataDir: "data" },
  );
}

test("a server without a key gets none", () => {
  expect(connect()).toEqual({
    url: "http://127.0.0.1:8000/v1/chat/completions",
    embeddingsUrl: "http://127.0.0.1:8000/v1/embeddings",
    headers: {},
    model: "llama3.2",
    streamUsage: true,
    metadata: "forward",
    secrets: [],
  });
});

test("a key goes as a bearer token; an empty one is none", () => {
  expect(connect({ apiKey: "k-1" })).toMatchObject({
    headers: { authorization: "Bearer k-1" },
    secrets: ["k-1"],
  });
  expect(connect({ apiKey: "" }).headers).toEqual({});
});

test("further headers are sent, in lower case; long values count as secrets", () => {
  const target = connect({ apiKey: "k-1", headers: { "X-Api-Key": "secret-value-1", "X-Env": "prod" } });
  expect(target.headers).toEqual({
    "x-api-key": "secret-value-1",
    "x-env": "prod",
    authorization: "Bearer k-1",
  });
  expect(target.secrets).toEqual(["k-1", "secret-value-1"]);
});

test("a header's name may have all that a token may have", () => {
  expect(connect({ headers: { x_tenant: "a", "x.b": "c" } }).headers).toEqual({ x_tenant: "a", "x.b": "c" });
});

test("the key comes before an authorization header, which alone holds too", () => {
  expect(connect({ apiKey: "k-1", headers: { Authorization: "Basic eDp5" } }).headers).toEqual({
    authorization: "Bearer k-1",
  });
  expect(connect({ headers: { Authorization: "Basic eDp5" } }).headers).toEqual({
    authorization: "Basic eDp5",
  });
});

test.each([
  { "x a": "v" },
  { "": "v" },
  { "x:": "v" },
  { "x-a": "two\nlines" },
  { "x-a": "ünïcode" },
  { "x-a": "\u0000" },
  { "Transfer-Encoding": "chunked" },
  { "content-length": "7" },
  { Connection: "close" },
])("headers that no request may have are refused: %j", (headers) => {
  expect(() => connect({ headers })).toThrow(expect.objectContaining({ key: "headers" }));
});

test("a server may not know the usage of streams", () => {
  expect(connect({ streamUsage: false }).streamUsage).toBe(false);
});

test("slashes at the end of the address do not matter", () => {
  expect(connect({ baseURL: "http://127.0.0.1:8000/v1//" }).url).toBe(
    "http://127.0.0.1:8000/v1/chat/completions",
  );
});

test.each(["127.0.0.1:8000", "ftp://x/v1", "", "localhost"])("%j is no address", (baseURL) => {
  expect(openaiCompatible.settings.safeParse({ kind: "openai-compatible", baseURL }).success).toBe(false);
});

test("only a key that is there and empty counts as lacking: many servers need none", () => {
  const lacks = (more: object) =>
    openaiCompatible.lacksKey({ kind: "openai-compatible", baseURL: "http://x/v1", ...more });
  expect([lacks({}), lacks({ apiKey: "" }), lacks({ apiKey: "k" })]).toEqual([false, true, false]);
});
