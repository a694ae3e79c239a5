import { expect, test } from "vitest";
import { stringify } from "yaml";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  event,
  type Received,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
} from "../support/upstream.ts";

/** What must never leave the gateway, save to the upstream that it is for. */
const SECRETS = {
  openai: "sk-proj-OPENAI-1111222233334444",
  azure: "0123456789abcdef0123456789ABCDEF",
  huggingface: "hf_HUGGINGFACEtoken5555",
  compatible: "plain-word-key-without-a-prefix",
  header: "value-of-a-secret-header",
  client: "client-key-7777888899990000",
  admin: "admin-token-aaaabbbb",
  metrics: "metrics-token-ccccdddd",
} as const;

/** What people said; it belongs to them and to the upstream. */
const SAID = {
  system: "SYSTEM-PROMPT-TEXT",
  example: "EXAMPLE-TEXT",
  cue: "CUE-TEXT",
  query: "QUERY-TEXT",
  metadata: "METADATA-TEXT",
  user: "END-USER-TEXT",
  answer: "ANSWER-TEXT",
} as const;

function config(upstreamUrl: string): Record<string, unknown> {
  const providers = {
    openai: { kind: "openai", baseURL: `${upstreamUrl}/v1`, apiKey: SECRETS.openai },
    azure: { kind: "azure-openai", endpoint: upstreamUrl, apiKey: SECRETS.azure },
    huggingface: { kind: "huggingface", baseURL: `${upstreamUrl}/v1`, apiKey: SECRETS.huggingface },
    compatible: {
      kind: "openai-compatible",
      baseURL: `${upstreamUrl}/v1`,
      apiKey: SECRETS.compatible,
      headers: { "x-secret": SECRETS.header },
    },
    gone: { kind: "openai-compatible", baseURL: "http://127.0.0.1:1/v1", apiKey: SECRETS.compatible },
  };
  const names = Object.keys(providers);
  return {
    server: { port: 0, adminToken: SECRETS.admin, metricsToken: SECRETS.metrics },
    providers,
    models: Object.fromEntries(
      names.map((provider) => [
        provider,
        { provider, model: provider === "huggingface" ? "org/model" : "m" },
      ]),
    ),
    prompts: {
      helper: {
        system: SAID.system,
        examples: [{ user: SAID.example, assistant: SAID.example }],
        cue: `${SAID.cue} {{ query }}`,
      },
    },
    variants: {
      ...Object.fromEntries(names.map((name) => [name, { model: name, prompt: "helper" }])),
      chained: { model: "gone", fallback: ["azure"] },
    },
    routes: {
      ...Object.fromEntries(
        [...names, "chained"].map((name) => [
          name,
          {
            rules: [
              { name: "failing", when: 'metadata.absent == "x"', use: name },
              { name: "never", when: `metadata.note == "${SAID.cue}"`, use: name },
              { name: "all", use: name },
            ],
          },
        ]),
      ),
    },
    keys: { app: { secret: SECRETS.client, forceVariant: true } },
  };
}

/** An upstream that quotes what it was sent to authenticate with, as some do. */
function quote({ headers }: Received): string {
  return `Refused: ${JSON.stringify([headers.authorization, headers["api-key"], headers["x-secret"]])}`;
}

function errorOf(received: Received): Record<string, unknown> {
  const quoted = quote(received);
  return { error: { message: quoted, type: "server_error", param: quoted, code: quoted } };
}

const answers: readonly Respond[] = [
  (_received, response) => sendJson(response, completion(SAID.answer)),
  respondStream([SAID.answer, " and on"]),
  ...[400, 401, 403, 404, 422, 429, 500, 503].map(
    (status): Respond =>
      (received, response) =>
        sendJson(response, errorOf(received), status),
  ),
  ...[200, 429].map(
    (status): Respond =>
      (received, response) =>
        sendJson(response, completion(SAID.answer), status, { "x-ratelimit-scope": quote(received) }),
  ),
  // An error of another shape, an error page, no JSON, a redirect.
  (received, response) => sendJson(response, { detail: quote(received) }, 400),
  (received, response) => void response.writeHead(502).end(`<html>${quote(received)}</html>`),
  (received, response) => void response.writeHead(200).end(quote(received)),
  (received, response) =>
    void response.writeHead(302, { location: `/${encodeURIComponent(quote(received))}` }).end(),
  // A stream that begins with an error, one that ends with one, one that breaks off, no answer at all.
  (received, response) => {
    startStream(response);
    response.end(event(errorOf(received)));
  },
  (received, response) => {
    startStream(response);
    response.end(chunk({ content: SAID.answer }) + event(errorOf(received)));
  },
  (_received, response) => {
    startStream(response);
    response.write(chunk({ content: SAID.answer }), () => response.destroy());
  },
  (_received, response) => void response.destroy(),
];

test("no secret leaves the gateway, and nothing that was said stays in it", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(config(upstream.url));
  const authorization = `Bearer ${SECRETS.client}`;
  const refused: string[] = [];
  const send = async (body: unknown, headers: Record<string, string> = {}): Promise<number> => {
    const answer = await gateway.post(body, { authorization, ...headers });
    const text = await answer.text();
    const own = text.replaceAll(/^data: (?!.*"error").*$/gm, "");
    refused.push(JSON.stringify([...answer.headers]), answer.status === 200 ? own : text);
    return answer.status;
  };
  const ask = (model: string, more: Readonly<Record<string, unknown>> = {}) => ({
    model,
    messages: [{ role: "user", content: SAID.query }],
    user: SAID.user,
    metadata: { note: SAID.metadata },
    ...more,
  });

  const statuses = new Set<number>();
  for (const respond of answers) {
    upstream.respond(respond);
    for (const model of ["openai", "azure", "huggingface", "compatible", "chained"]) {
      statuses.add(await send(ask(model)));
      statuses.add(await send(ask(model, { stream: true })));
    }
  }
  // The set has the good and the bad in it.
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 422, 429, 500, 502, 503]));
  expect(upstream.received.some((one) => one.headers.authorization?.includes(SECRETS.openai))).toBe(true);
  for (const one of upstream.received) expect(JSON.stringify(one.headers)).not.toContain(SECRETS.client);

  await send(ask("gone"));
  await send(`{"model": "openai", "messages": [{"role": "user", "content": "${SAID.query}"`);
  await send(ask("openai", { messages: [{ role: SAID.query, content: SAID.query }] }));
  await send(ask("openai", { metadata: { note: [SAID.metadata] } }));
  await send(ask("openai", { stream: SAID.query }));
  await send(ask("openai"), { "x-crossover-variant": SECRETS.client });
  await send(ask("openai"), { authorization: `Bearer ${SECRETS.client}x` });
  await send(ask("openai"), { authorization: SECRETS.client });
  await send(ask("openai"), { "content-type": SAID.query });

  const admin = async (path: string, token: string, init: RequestInit = {}): Promise<string> => {
    const answer = await fetch(`${gateway.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}` },
    });
    return answer.text();
  };
  const shown = await admin("/admin/api/config", SECRETS.admin);
  expect(JSON.parse(shown).variants).toHaveLength(6);
  const metrics = await admin("/metrics", SECRETS.metrics);
  expect(metrics).toContain("crossover_condition_errors_total{");
  const others = [
    await admin("/admin/api/config", SECRETS.client),
    await admin("/metrics", SECRETS.admin),
    await (await fetch(`${gateway.url}/v1/models`, { headers: { authorization } })).text(),
    await (await fetch(`${gateway.url}/health/ready`)).text(),
  ];
  const logs = JSON.stringify(gateway.logs);
  expect(gateway.logs.length).toBeGreaterThan(2 * answers.length);

  for (const [name, secret] of Object.entries(SECRETS)) {
    for (const [sink, text] of Object.entries({
      shown,
      metrics,
      logs,
      others: others.join(),
      refused: refused.join("\n"),
    }))
      expect(text.includes(secret), `the secret ${name} in ${sink}`).toBe(false);
  }
  for (const [name, said] of Object.entries(SAID)) {
    for (const [sink, text] of Object.entries({
      shown: shown.replaceAll(/"when":"[^}]*/g, ""),
      metrics,
      logs,
      others: others.join(),
    }))
      expect(text.includes(said), `what was said as ${name} in ${sink}`).toBe(false);
  }
});

test("a configuration that is refused is told without the secrets in it", async () => {
  const good = config("http://127.0.0.1:9");
  const gateway = await startGateway(good, { watch: true });
  const text = stringify(good);
  const bad: readonly string[] = [
    text.replace("kind: openai\n", "kind: nothing\n"),
    text.replace("apiKey: sk-proj", "apiKeys: sk-proj"),
    text.replace("apiKey: sk-proj", "entraToken: x\n    apiKey: sk-proj"),
    text.replace("apiKey: sk-proj", "apiKey: : sk-proj"),
    text.replace("apiKey: sk-proj", 'apiKey: "sk-proj'),
    text.replace(`secret: ${SECRETS.client}`, `secrets: ${SECRETS.client}`),
    text.replace(`secret: ${SECRETS.client}`, `sha256: ${SECRETS.client}`),
    text.replace(`x-secret: ${SECRETS.header}`, `"x secret": ${SECRETS.header}`),
    text.replace(`x-secret: ${SECRETS.header}`, `x-secret: "${SECRETS.header}\\n"`),
    text.replace(`adminToken: ${SECRETS.admin}`, `adminToken: [${SECRETS.admin}]`),
    text.slice(0, text.indexOf(SECRETS.compatible) + 10),
  ];
  const told: string[] = [];
  for (const [index, one] of bad.entries()) {
    expect(one, `case ${index} changes something`).not.toBe(text);
    gateway.write(one);
    const answer = await fetch(`${gateway.url}/admin/api/config/reload`, {
      method: "POST",
      headers: { authorization: `Bearer ${SECRETS.admin}` },
    });
    told.push(await answer.text());
    expect([index, answer.status]).toEqual([index, 422]);
  }
  await until(() => gateway.logs.length >= bad.length);
  const all = told.join("\n") + JSON.stringify(gateway.logs);
  for (const [name, secret] of Object.entries(SECRETS))
    expect(all.includes(secret), `the secret ${name}`).toBe(false);
});
