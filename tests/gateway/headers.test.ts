import { createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { expectCalm, rawPost, sendRaw } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { completion, respondStream, sendJson, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

/** What clients send, and no upstream may see. */
const FOREIGN: readonly (readonly [name: string, value: string])[] = [
  ["Authorization", "Bearer client-key-0123456789"],
  ["Proxy-Authorization", "Basic Y2xpZW50OmtleQ=="],
  ["Cookie", "session=client-cookie"],
  ["Set-Cookie", "a=b"],
  ["Api-Key", "client-key"],
  ["X-Api-Key", "client-key"],
  ["Ocp-Apim-Subscription-Key", "client-key"],
  ["OpenAI-Organization", "org-client"],
  ["OpenAI-Project", "proj-client"],
  ["OpenAI-Beta", "assistants=v2"],
  ["X-Stainless-Lang", "js"],
  ["X-Stainless-Retry-Count", "2"],
  ["User-Agent", "client/1.0"],
  ["Accept", "text/html"],
  ["Accept-Language", "de"],
  ["Accept-Encoding", "gzip, br, zstd"],
  ["Origin", "https://evil.test"],
  ["Referer", "https://evil.test/"],
  ["Forwarded", "for=1.2.3.4;host=evil.test"],
  ["X-Forwarded-For", "1.2.3.4"],
  ["X-Forwarded-Host", "evil.test"],
  ["X-Forwarded-Proto", "http"],
  ["X-Forwarded-Port", "1"],
  ["X-Forwarded-Prefix", "/admin"],
  ["X-Real-IP", "1.2.3.4"],
  ["X-Original-URL", "/admin/api/config"],
  ["X-Rewrite-URL", "/admin/api/config"],
  ["X-HTTP-Method-Override", "DELETE"],
  ["X-Original-Host", "evil.test"],
  ["X-Host", "evil.test"],
  ["True-Client-IP", "1.2.3.4"],
  ["CF-Connecting-IP", "1.2.3.4"],
  ["Via", "1.1 evil"],
  ["Keep-Alive", "timeout=1"],
  ["Proxy-Connection", "keep-alive"],
  ["TE", "trailers"],
  ["Trailer", "X-Foo"],
  ["If-None-Match", '"x"'],
  ["If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ["Range", "bytes=0-1"],
  ["Cache-Control", "no-cache"],
  ["Pragma", "no-cache"],
  ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["Tracestate", "a=b"],
  ["Baggage", "a=b"],
  ["X-Request-Id", "client-request"],
  ["X-Correlation-Id", "client"],
  ["Idempotency-Key", "client"],
  ["X-Crossover-Variant", "tuned"],
  ["X-Crossover-No-Capture", "true"],
  ["X-Crossover-Request-Id", "client"],
  ["X-Crossover-Route", "other"],
  ["X-Portkey-Config", '{"provider":"openai"}'],
  ["Helicone-Auth", "Bearer x"],
  ["X-LiteLLM-Api-Key", "x"],
  ["X-HF-Bill-To", "org"],
  ["X-Amz-Security-Token", "x"],
  ["X-Goog-Api-Key", "x"],
  ["X-Secret", "client"],
  ["__proto__", "x"],
  ["constructor", "x"],
  ["X-Hop", "x"],
];

test("of a client's headers none reaches an upstream", async () => {
  const upstream = await startUpstream();
  const provider = {
    kind: "openai-compatible",
    baseURL: `${upstream.url}/v1`,
    apiKey: "sk-upstream-secret-0001",
    headers: { "x-configured": "yes" },
  };
  const keys = { client: { secret: "client-key-0123456789", forceVariant: true } };
  const gateway = await startGateway(twoPaths(upstream.url, { providers: { up: provider }, keys }));
  for (const body of [ASK, ASK_STREAM]) {
    const lines = FOREIGN.map(([name, value]) => `${name}: ${value}`);
    const post = rawPost(JSON.stringify(body), lines)
      .toString()
      .replace("Connection: close", "Connection: close, x-hop");
    const answer = await sendRaw(gateway.url, post);
    expect(answer.status, answer.text).toBe(200);
  }
  const sent = (accept: string, length: number) => ({
    host: upstream.url.slice("http://".length),
    connection: "keep-alive",
    "content-type": "application/json",
    accept,
    "accept-encoding": "identity",
    "user-agent": "crossover",
    "x-configured": "yes",
    authorization: "Bearer sk-upstream-secret-0001",
    "content-length": String(length),
  });
  expect(upstream.received.map(({ headers }) => headers)).toEqual([
    sent("application/json", upstream.received[0]?.text.length ?? 0),
    sent("text/event-stream", upstream.received[1]?.text.length ?? 0),
  ]);
  await expectCalm(gateway);
});

/** Headers of an upstream's that are the connection's, the gateway's own, or nobody's business. */
const KEPT_BACK = {
  "x-crossover-route": "evil",
  "x-crossover-variant": "evil",
  "x-crossover-path": "enriched",
  "x-crossover-request-id": "evil",
  "x-crossover-cache": "hit",
  "set-cookie": "session=evil",
  "keep-alive": "timeout=1",
  upgrade: "h2c",
  "proxy-authenticate": "Basic",
  "www-authenticate": "Basic",
  server: "evil/1.0",
  "x-powered-by": "evil",
  location: "http://evil.test/",
  "access-control-allow-origin": "*",
  "strict-transport-security": "max-age=1",
  "openai-organization": "org-of-the-operator",
  "cf-ray": "x",
  etag: '"x"',
  "cache-control": "public, max-age=1000",
  "content-security-policy": "evil",
  "content-disposition": "attachment",
  link: "<x>",
  refresh: "0;url=http://evil.test",
  "clear-site-data": "*",
};

test.each([
  ["an answer", ASK, 200],
  ["a stream", ASK_STREAM, 200],
  ["an error", ASK, 400],
])("of an upstream's headers a client sees only those that are for it: %s", async (_name, body, status) => {
  const upstream = await startUpstream((received, response) => {
    response.setHeaders(
      new Map(Object.entries({ ...KEPT_BACK, "x-ratelimit-remaining-tokens": "7", "x-request-id": "up-1" })),
    );
    if (body === ASK_STREAM) return respondStream(["Hi"])(received, response);
    const error = { error: { message: "no", type: "t", param: null, code: null } };
    sendJson(response, status === 200 ? completion("ok") : error, status);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(body);
  await answer.text();
  const id = answer.headers.get("x-request-id") ?? "";
  expect([answer.status, id]).toEqual([status, expect.stringMatching(/^cx_[0-9a-f]{32}$/)]);
  const { date: _date, ...headers } = Object.fromEntries(answer.headers);
  expect(headers).toEqual({
    "content-type": expect.stringMatching(
      body === ASK_STREAM ? /^text\/event-stream/ : /^application\/json$/,
    ),
    "cache-control": expect.stringContaining("no-store"),
    "x-crossover-route": "bare",
    "x-crossover-rule": "all",
    "x-crossover-variant": "tuned",
    "x-crossover-path": "bare",
    "x-crossover-request-id": id,
    "x-crossover-upstream-request-id": "up-1",
    "x-request-id": id,
    "x-ratelimit-remaining-tokens": "7",
    connection: "keep-alive",
    "keep-alive": "timeout=75",
    ...(body === ASK_STREAM
      ? { "transfer-encoding": "chunked", "x-accel-buffering": "no" }
      : { "content-length": expect.any(String) }),
  });
  await expectCalm(gateway);
});

test.each([
  ["text/html", "application/json"],
  ["text/html; charset=utf-8", "application/json"],
  ["image/svg+xml", "application/json"],
  ["", "application/json"],
  ["application/json; charset=utf-8", "application/json; charset=utf-8"],
  ["application/vnd.acme+json", "application/vnd.acme+json"],
])("an answer that is JSON is told as JSON, whatever its upstream calls it: %j", async (told, expected) => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, completion("<script>alert(1)</script>"), 200, { "content-type": told }),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, expected]);
});

/** Members and headers by which other gateways let a request name its host, key or proxy. */
const HOST_FIELDS = [
  "api_base",
  "apiBase",
  "api_url",
  "base_url",
  "baseURL",
  "base_uri",
  "endpoint",
  "endpoint_url",
  "azure_endpoint",
  "azure_ad_token",
  "api_host",
  "host",
  "hostname",
  "url",
  "uri",
  "target",
  "target_url",
  "upstream",
  "upstream_url",
  "proxy",
  "http_proxy",
  "https_proxy",
  "custom_host",
  "custom_llm_provider",
  "provider_url",
  "server_url",
  "callback_url",
  "webhook",
  "webhook_url",
  "success_callback",
  "model_list",
  "fallbacks",
  "deployment_url",
  "vertex_location",
  "aws_bedrock_runtime_endpoint",
  "redirect",
  "x-portkey-custom-host",
  "x-portkey-provider",
  "x-portkey-azure-resource-name",
  "x-litellm-api-base",
  "helicone-target-url",
  "helicone-openai-api-base",
  "x-target-url",
  "x-target-host",
  "x-base-url",
  "x-api-base",
  "x-upstream-url",
  "x-upstream-host",
  "x-forwarded-host",
  "x-forwarded-server",
  "x-original-host",
  "x-original-url",
  "x-rewrite-url",
  "x-host",
  "x-http-host-override",
  "x-proxy-url",
  "x-crossover-endpoint",
  "x-crossover-base-url",
  "x-crossover-provider",
  "x-crossover-model",
  "forwarded",
  "destination",
  "openai-api-base",
  "cf-aig-endpoint",
];

/** A port that nobody may connect to. */
async function startCanary(): Promise<{ readonly url: string; readonly connections: () => number }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the canary listens on no port");
  return { url: `http://127.0.0.1:${address.port}`, connections: () => connections };
}

test("no member, header or query of a request chooses a host", async () => {
  const canary = await startCanary();
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const host = canary.url.slice("http://".length);
  let sent = 0;
  for (const field of HOST_FIELDS) {
    for (const value of [canary.url, `${canary.url}/v1/chat/completions`, host]) {
      const header = field === "host" ? { "x-test": value } : { [field]: value };
      const answers = [
        await gateway.post({ ...ASK, [field]: value, metadata: { [field]: value }, user: value }),
        await gateway.post(ASK, header),
        await fetch(`${gateway.url}/v1/chat/completions?${field}=${encodeURIComponent(value)}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(ASK),
        }),
      ];
      for (const answer of answers) expect(answer.status, field).toBe(200);
      sent += answers.length;
    }
  }
  const raw = [`Host: ${host}`, `Host: 127.0.0.1`].map((line) =>
    rawPost(JSON.stringify(ASK)).toString().replace("Host: gateway.test", line),
  );
  for (const request of raw) await sendRaw(gateway.url, request);
  await sendRaw(
    gateway.url,
    rawPost(JSON.stringify(ASK)).toString().replace("POST /", `POST ${canary.url}/`),
  );
  await sendRaw(gateway.url, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  for (const model of [canary.url, `openai/${canary.url}`, `huggingface:${canary.url}`])
    expect((await gateway.post({ ...ASK, model })).status).toBe(404);
  expect(upstream.received.length).toBeGreaterThanOrEqual(sent);
  expect(canary.connections()).toBe(0);
  await expectCalm(gateway);
});

test("a client's request id is not taken for the gateway's, nor told again", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const headers of [{ "x-request-id": "mine" }, { "x-crossover-request-id": "mine" }]) {
    const answer = await gateway.post(ASK, headers);
    expect(answer.headers.get("x-request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
    expect(answer.headers.get("x-crossover-request-id")).toBe(answer.headers.get("x-request-id"));
  }
  expect(JSON.stringify(gateway.logs)).not.toContain("mine");
});
