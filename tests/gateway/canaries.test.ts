import { expect, onTestFinished, test } from "vitest";
import { rawPost, sendRaw } from "../routes/black-box.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import {
  chunk,
  completion,
  event,
  type Received,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
} from "../support/upstream.ts";

/** One of each kind of secret, with letters that JSON and addresses write differently. */
const CANARIES = {
  client: "client-canary/0+1=AbCdEfGh",
  admin: "admin-canary/0+1=AbCdEfGh",
  metrics: "metrics-canary/0+1=AbCdEfGh",
  bearer: "bearer-canary/0+1=AbCdEfGh",
  apiKey: 'azure-canary"\\0+1=AbCdEfGh',
  header: "header-canary/0+1=AbCdEfGh",
  unused: "unused-canary/0+1=AbCdEfGh",
} as const;

/** The secret as a sink may have it, or a good part of it. */
function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(" ".repeat(before) + secret)
      .toString("base64")
      .slice(4, -4),
  );
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    Buffer.from(secret).toString("hex"),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    secret.slice(0, 13),
  ];
}

const config = (url: string): Record<string, unknown> => ({
  server: { port: 0, adminToken: CANARIES.admin, metricsToken: CANARIES.metrics },
  timeouts: { connect: 1, firstByte: 1, idle: 1, total: 2 },
  providers: {
    bearer: { kind: "openai", baseURL: `${url}/v1`, apiKey: CANARIES.bearer },
    apiKey: { kind: "azure-openai", endpoint: url, apiKey: CANARIES.apiKey },
    header: { kind: "openai-compatible", baseURL: `${url}/v1`, headers: { "x-secret": CANARIES.header } },
    gone: { kind: "openai", baseURL: "http://127.0.0.1:1/v1", apiKey: CANARIES.unused },
  },
  models: Object.fromEntries(
    ["bearer", "apiKey", "header", "gone"].map((provider) => [provider, { provider, model: "m" }]),
  ),
  prompts: { helper: { system: "{{ metadata.tone }}", cue: "{{ query }}" } },
  variants: {
    bearer: { model: "bearer", fallback: ["header"] },
    apiKey: { model: "apiKey", prompt: "helper" },
    header: { model: "header" },
    gone: { model: "gone", fallback: ["apiKey"] },
  },
  routes: Object.fromEntries(["bearer", "apiKey", "header", "gone"].map((name) => [name, { default: name }])),
  keys: { app: { secret: CANARIES.client, forceVariant: true } },
});

/** What the upstream was sent to authenticate with, in every way in which it may be told again. */
function quote({ headers }: Received): string {
  const sent = [headers.authorization, headers["api-key"], headers["x-secret"]].filter(
    (one) => typeof one === "string",
  );
  return sent
    .flatMap((one) => {
      const key = one.replace(/^Bearer /, "");
      const base64 = (text: string): string => Buffer.from(text).toString("base64");
      return [
        one,
        JSON.stringify(key),
        `https://a.test/?key=${encodeURIComponent(key)}`,
        `Basic ${base64(key)}`,
        `Basic ${base64(`user:${key}`)}`,
        Buffer.from(one).toString("base64url"),
      ];
    })
    .join(" | ");
}

const errorOf = (received: Received, more: Readonly<Record<string, unknown>> = {}) => ({
  error: { message: quote(received), type: "t", param: quote(received), code: quote(received), ...more },
});
const FAULTS: readonly Respond[] = [
  (_received, response) => sendJson(response, completion("ok")),
  ...[400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 529].flatMap((status): Respond[] => [
    (received, response) => sendJson(response, errorOf(received), status),
    (received, response) =>
      sendJson(response, errorOf(received, { nested: { deep: [quote(received)] } }), status),
    (received, response) =>
      sendJson(response, { detail: [{ loc: [quote(received)], msg: quote(received) }] }, status),
    (received, response) => void response.writeHead(status).end(quote(received)),
    (received, response) =>
      sendJson(response, errorOf(received), status, {
        "x-ratelimit-x": quote(received),
        "x-request-id": quote(received),
        "retry-after": quote(received),
      }),
  ]),
  (received, response) => sendJson(response, errorOf(received), 200),
  (received, response) =>
    void response.writeHead(302, { location: `/?${encodeURIComponent(quote(received))}` }).end(),
  (received, response) => {
    startStream(response);
    response.end(event(errorOf(received)));
  },
  (received, response) => {
    startStream(response);
    response.end(chunk({ content: "x" }) + event(errorOf(received)));
  },
  (_received, response) => void response.destroy(),
  (received, response) => void response.writeHead(200).end(`{"x": "${quote(received)}`),
];

const ask = (model: string, more: Readonly<Record<string, unknown>> = {}) => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});

/** Bad input with good keys in places where they belong or do not. */
async function badInputs(gateway: TestGateway): Promise<readonly string[]> {
  const texts: string[] = [];
  const bearer = (token: string): string => `Authorization: Bearer ${token}`;
  const bodies = [
    "",
    "{",
    "[]",
    '{"model":1}',
    JSON.stringify(ask("nobody")),
    JSON.stringify(ask("bearer", { stream: 1, metadata: { a: 1 } })),
    `{"model":"bearer","model":"x"}`,
    `{"x":${"[".repeat(70)}${"]".repeat(70)}}`,
  ];
  for (const token of Object.values(CANARIES)) {
    for (const body of bodies) texts.push((await sendRaw(gateway.url, rawPost(body, [bearer(token)]))).text);
    for (const more of [
      [bearer(token), bearer(token)],
      [`Authorization: ${token}`],
      [`Authorization: Basic ${Buffer.from(token).toString("base64")}`],
      [bearer(token), "Content-Length: 1"],
      [bearer(`${token}\0`)],
      [bearer(token), `X: ${"v".repeat(17_000)}`],
      [bearer(token), "Expect: x"],
      [bearer(token), "Content-Type: text/plain"],
      [bearer(CANARIES.client), `x-crossover-dry-run: ${token.slice(0, 3)}`],
    ])
      texts.push((await sendRaw(gateway.url, rawPost(JSON.stringify(ask("bearer")), more))).text);
    for (const path of [
      "/admin/api/config",
      "/metrics",
      "/v1/models",
      "/v1/models/x",
      "/health/ready",
      "/openapi.json",
    ]) {
      const answer = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
      texts.push(JSON.stringify([...answer.headers]) + (await answer.text()));
    }
    const reload = await fetch(`${gateway.url}/admin/api/config/reload`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    texts.push(await reload.text());
    for (const body of [ask("bearer"), ask("apiKey", { metadata: { tone: "kind" } }), "{"]) {
      const answer = await fetch(`${gateway.url}/admin/api/explain`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
      });
      texts.push(await answer.text());
    }
  }
  return texts;
}

test("no secret is in any sink, in any form, after faults of upstreams and bad input of clients", async () => {
  const warnings: string[] = [];
  const warned = (warning: Error): void => void warnings.push(warning.stack ?? warning.message);
  process.on("warning", warned);
  onTestFinished(() => void process.off("warning", warned));
  const upstream = await startUpstream();
  const gateway = await startGateway(config(upstream.url));
  const authorization = `Bearer ${CANARIES.client}`;
  const answers: string[] = [];
  for (const fault of FAULTS) {
    upstream.respond(fault);
    for (const model of ["bearer", "apiKey", "header", "gone"]) {
      for (const stream of [false, true]) {
        const answer = await gateway.post(ask(model, { stream }), { authorization });
        answers.push(JSON.stringify([...answer.headers]) + (await answer.text()));
      }
    }
  }
  answers.push(...(await badInputs(gateway)));
  // The canaries did sing where they should.
  const heard = JSON.stringify(upstream.received.map(({ headers }) => headers));
  for (const secret of [CANARIES.bearer, CANARIES.apiKey, CANARIES.header])
    expect(heard).toContain(JSON.stringify(secret).slice(1, -1));
  expect(answers.join()).toContain("[redacted:secret]");
  expect(answers.join()).toContain('"object":"crossover.config"');

  const sinks = {
    answers: answers.join("\n"),
    logs: JSON.stringify(gateway.logs),
    warnings: warnings.join("\n"),
  };
  expect(gateway.logs.length).toBeGreaterThan(FAULTS.length);
  for (const [name, secret] of Object.entries(CANARIES)) {
    for (const form of formsOf(secret)) {
      for (const [sink, text] of Object.entries(sinks)) {
        const at = text.indexOf(form);
        expect(
          at === -1 ? "" : text.slice(Math.max(0, at - 200), at + 100),
          `${name} as ${form} in ${sink}`,
        ).toBe("");
      }
    }
  }
});
