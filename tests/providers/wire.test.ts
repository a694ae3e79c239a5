import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { startRawUpstream } from "../support/upstream.ts";

interface Wire {
  /** Settings of the provider in front of an upstream at `url`. */
  readonly provider: (url: string) => Readonly<Record<string, unknown>>;
  /** The model as the configuration names it. */
  readonly model: (url: string) => string;
  /** Request line and headers that the upstream must get. */
  readonly path: string;
  readonly auth: string;
}

const openai: Wire = {
  provider: (url) => ({ kind: "openai", apiKey: "sk-of-openai", baseURL: `${url}/v1` }),
  model: () => "gpt-4.1-mini",
  path: "/v1/chat/completions",
  auth: "authorization: Bearer sk-of-openai",
};
const azure: Wire = {
  provider: (endpoint) => ({
    kind: "azure-openai",
    endpoint,
    apiKey: "key-of-azure",
    apiVersion: "2024-10-21",
  }),
  model: () => "gpt-35-turbo-finetuned",
  path: "/openai/deployments/gpt-35-turbo-finetuned/chat/completions?api-version=2024-10-21",
  auth: "api-key: key-of-azure",
};
const azureV1: Wire = {
  ...azure,
  provider: (endpoint) => ({ kind: "azure-openai", endpoint, apiKey: "key-of-azure" }),
  path: "/openai/v1/chat/completions",
};
const router: Wire = {
  provider: (url) => ({ kind: "huggingface", apiKey: "hf_token", baseURL: `${url}/v1` }),
  model: () => "meta-llama/Llama-3.1-8B-Instruct:together",
  path: "/v1/chat/completions",
  auth: "authorization: Bearer hf_token",
};
const endpoint: Wire = {
  ...router,
  provider: () => ({ kind: "huggingface", apiKey: "hf_token" }),
  model: (url) => url,
};
const local: Wire = {
  provider: (url) => ({ kind: "openai-compatible", apiKey: "local", baseURL: `${url}/v1` }),
  model: () => "recipes-lora",
  path: "/v1/chat/completions",
  auth: "authorization: Bearer local",
};

const TEXT = "Pelad y picad 1 cebolla 🧅, añadid 500 g de tomates.";

function recorded(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, "../fixtures/wire", name));
}

/** A gateway in front of an upstream that answers with recorded bytes. */
async function replay(wire: Wire, name: string) {
  const heads: string[] = [];
  const upstream = await startRawUpstream((socket, head) => {
    heads.push(head);
    socket.write(recorded(name));
  });
  const gateway = await startGateway({
    server: { port: 0 },
    retries: { most: 0 }, // what was recorded is told once
    providers: { up: wire.provider(upstream.url) },
    models: { m: { provider: "up", model: wire.model(upstream.url), price: { input: 1, output: 2 } } },
    variants: { plain: { model: "m" } },
    routes: { route: { default: "plain" } },
  });
  const direct = async (): Promise<Response> => fetch(upstream.url);
  return { gateway, heads, direct };
}

const ASK = { model: "route", messages: [{ role: "user", content: "Sopa de tomate" }] };

function expectHead(head: string | undefined, { path, auth }: Wire): void {
  const [requestLine, ...headers] = (head ?? "").split("\r\n");
  expect(requestLine).toBe(`POST ${path} HTTP/1.1`);
  expect(headers).toContain(auth);
}

/** Tokens by the metrics: input, cached input, output. */
async function tokens(gateway: TestGateway): Promise<readonly number[]> {
  const types = ["input", "cached_input", "output"];
  return Promise.all(types.map((type) => gateway.metric("crossover_tokens_total", { type })));
}

describe.each([
  ["openai-chat.http", openai, [31, 16, 17]],
  ["azure-chat.http", azure, [9, 0, 17]],
  ["azure-chat.http", azureV1, [9, 0, 17]],
  ["huggingface-router-chat.http", router, [42, 0, 17]],
])("%s", (name, wire, used) => {
  test(`from ${wire.path} passes byte for byte, and its tokens are counted`, async () => {
    const { gateway, heads, direct } = await replay(wire, name);
    const answer = await gateway.post(ASK);
    expectHead(heads[0], wire);
    expect(answer.status).toBe(200);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(body.equals(Buffer.from(await (await direct()).arrayBuffer()))).toBe(true);
    expect(JSON.parse(body.toString()).choices[0].message.content).toBe(TEXT);
    expect(await tokens(gateway)).toEqual(used);
  });
});

describe.each([
  ["openai-stream.http", openai, [31, 16, 17]],
  ["azure-stream.http", azure, [9, 0, 17]],
  ["huggingface-router-stream.http", router, [42, 0, 17]],
  ["huggingface-endpoint-stream.http", endpoint, [42, 0, 17]],
  ["vllm-stream.http", local, [20, 0, 17]],
  ["ollama-stream.http", local, [28, 0, 17]],
  ["llamacpp-stream.http", local, [24, 0, 17]],
])("%s", (name, wire, used) => {
  test("passes byte for byte to a client that asked for the usage", async () => {
    const { gateway, heads, direct } = await replay(wire, name);
    const answer = await gateway.post({ ...ASK, stream: true, stream_options: { include_usage: true } });
    expectHead(heads[0], wire);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(body.equals(Buffer.from(await (await direct()).arrayBuffer()))).toBe(true);
    expect(await tokens(gateway)).toEqual(used);
    expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(1);
  });

  test("loses its usage chunk, and nothing else, for a client that did not ask", async () => {
    const { gateway, direct } = await replay(wire, name);
    const text = await (await gateway.post({ ...ASK, stream: true })).text();
    const events = (await (await direct()).text()).split(/(?<=\n\n)/);
    const usageAlone = /"choices":\[\].*"usage":\{|"usage":\{.*"choices":\[\]/;
    expect(text).toBe(events.filter((event) => !usageAlone.test(event)).join(""));
    expect(await tokens(gateway)).toEqual(used);
  });

  test("is read by the official SDK", async () => {
    const { gateway } = await replay(wire, name);
    const stream = gateway.client.chat.completions.stream({
      model: "route",
      messages: [{ role: "user", content: "Sopa de tomate" }],
    });
    expect(await stream.finalContent()).toBe(TEXT);
  });
});

test.each([
  ["openai-error-429.http", openai, 429, "rate_limit_exceeded", /Rate limit reached/],
  ["azure-error-content-filter.http", azure, 400, "content_filter", /content management policy/],
  ["azure-error-404.http", azure, 404, "DeploymentNotFound", /does not exist/],
  ["azure-error-401.http", azure, 502, "upstream_auth_failed", /refused the gateway's own key/],
  ["huggingface-error-503.http", router, 503, null, /is currently loading/],
])("%s is told as an error that SDKs understand", async (name, wire, status, code, message) => {
  const { gateway } = await replay(wire, name);
  const answer = await gateway.post(ASK);
  const { error } = await answer.json();
  expect([answer.status, error.code]).toEqual([status, code]);
  expect(error.message).toMatch(message);
  if (status === 429)
    expect([answer.headers.get("retry-after"), answer.headers.get("retry-after-ms")]).toEqual(["2", "1500"]);
  expect(await gateway.metric("crossover_requests_total", { status: String(status) })).toBe(1);
});

test("an upstream's cookies and infrastructure stay behind, its limits and its request id do not", async () => {
  const { gateway } = await replay(openai, "openai-chat.http");
  const { headers } = await gateway.post(ASK);
  expect(["set-cookie", "server", "cf-ray", "openai-organization"].map((name) => headers.get(name))).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(headers.get("x-ratelimit-remaining-requests")).toBe("9999");
  expect(headers.get("x-crossover-upstream-request-id")).toBe("req_0a1b2c3d4e5f60718293a4b5c6d7e8f9");
});
