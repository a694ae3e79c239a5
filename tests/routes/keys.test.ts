import { createHash } from "node:crypto";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { expectCalm, expectRefusal, expectRefused, type Refusal, rawPost, sendRaw } from "./black-box.ts";

const ALL = "key-for-all-routes-0001";
const BARE_ONLY = "key-for-the-bare-route-2";
const FORCING = "key-that-may-force-a-variant";
const NEXT = "key-of-the-next-configuration";
const NOTHING = "key-without-any-route-04";

const keys = {
  all: { secret: ALL },
  bareOnly: { sha256: createHash("sha256").update(BARE_ONLY).digest("hex"), routes: ["bare"] },
  forcing: { secret: FORCING, forceVariant: true },
  nothing: { secret: NOTHING, routes: [] },
};

const missing: Refusal = { status: 401, code: "missing_api_key", param: null };
const invalid: Refusal = { status: 401, code: "invalid_api_key", param: null };

const ask = (model: string): Record<string, unknown> => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
});
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

async function start(): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream();
  return { upstream, gateway: await startGateway(twoPaths(upstream.url, { keys })) };
}

test("a key given as text and one given as a hash both open the gateway, in any case of the scheme", async () => {
  const { upstream, gateway } = await start();
  for (const authorization of [`Bearer ${ALL}`, `bearer ${BARE_ONLY}`, `BEARER  ${FORCING}`]) {
    expect((await gateway.post(ask("bare"), { authorization })).status, authorization).toBe(200);
  }
  expect(upstream.received.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 3 }, () => "Bearer sk-upstream-secret-0001"),
  );
});

test("a key that the configuration no longer has is refused, however often it was good", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, { keys }), { watch: true });
  const statusOf = async (key: string): Promise<number> =>
    (await gateway.post(ask("bare"), bearer(key))).status;
  expect([await statusOf(ALL), await statusOf(ALL), await statusOf(NEXT)]).toEqual([200, 200, 401]);
  gateway.write(twoPaths(upstream.url, { keys: { next: { secret: NEXT } } }));
  await until(async () => (await statusOf(NEXT)) === 200);
  expect(await statusOf(ALL)).toBe(401);
});

test("without a key the answer is 401, whatever else is wrong with the request", async () => {
  const { upstream, gateway } = await start();
  await expectRefused(await gateway.post(ask("bare")), missing);
  await expectRefused(await gateway.post("not JSON"), missing);
  await expectRefused(await gateway.post(ask("nobody")), missing);
  await expectRefused(await gateway.post(ask("bare"), { "content-type": "text/plain" }), missing);
  await expectRefused(await gateway.post(ask("bare"), { "x-crossover-variant": "tuned" }), missing);
  await expectRefused(await gateway.post(ask("bare"), { "x-crossover-dry-run": "true" }), missing);
  await expectRefused(await fetch(`${gateway.url}/v1/models`), missing);
  await expectRefused(await fetch(`${gateway.url}/v1/models/bare`), missing);
  expect(await gateway.metric("crossover_requests_total", { status: "401", route: "none" })).toBe(6);
  await expectCalm(gateway, upstream);
});

test("every bad key gets the same answer, save for the request's id", async () => {
  const { upstream, gateway } = await start();
  const bad = [
    ["Authorization: Bearer"],
    ["Authorization: Bearer "],
    ["Authorization: Bearer k"],
    [`Authorization: Bearer ${ALL.slice(0, -1)}`],
    [`Authorization: Bearer ${ALL}x`],
    [`Authorization: Bearer ${ALL.toUpperCase()}`],
    [`Authorization: Basic ${Buffer.from(`user:${ALL}`).toString("base64")}`],
    [`Authorization: Token ${ALL}`],
    [`Authorization: ${ALL}`],
    ["Authorization: Bearer a b"],
    [`Authorization: Bearer ${ALL} ${ALL}`],
    [`Authorization: Bearer\t${ALL}`],
    [`Authorization: Bearer ${ALL.slice(0, 5)}\t${ALL.slice(5)}`],
    [`Authorization: Bearer ${createHash("sha256").update(ALL).digest("hex")}`],
    ["Authorization: Bearer unknown-key-000001", `Authorization: Bearer ${ALL}`],
    [`Authorization: Bearer ${ALL}`, "Authorization: Bearer unknown-key-000001"],
    ["Authorization: Bearer \xe9\xff"],
    ["Authorization: Bearer __proto__"],
    ["Authorization: Bearer ' OR 1=1 --"],
    ["Authorization: "],
    [`Authorization: Bearer ${"k".repeat(8000)}`],
  ];
  const seen = new Set<string>();
  for (const lines of bad) {
    const answer = await sendRaw(gateway.url, rawPost(JSON.stringify(ask("bare")), lines));
    expectRefusal(answer, invalid, lines.join(" + ").slice(0, 80));
    seen.add(answer.text.replaceAll(/cx_[0-9a-f]{32}|\r\nDate: .*/g, ""));
  }
  expect([...seen]).toHaveLength(1);
  expect([...seen].join()).toMatch(/\r\nwww-authenticate: Bearer\r\n/i);
  await expectCalm(gateway, upstream);
});

test("a key in another place than the header is no key", async () => {
  const { upstream, gateway } = await start();
  const body = { ...ask("bare"), api_key: ALL, authorization: `Bearer ${ALL}` };
  await expectRefused(await gateway.post(body, { "api-key": ALL, "x-api-key": ALL }), missing);
  const query = await fetch(`${gateway.url}/v1/models?api_key=${ALL}&authorization=Bearer+${ALL}`);
  await expectRefused(query, missing);
  await expectCalm(gateway, upstream);
});

test("a key uses its own routes and no other", async () => {
  const { upstream, gateway } = await start();
  const denied: Refusal = {
    status: 403,
    type: "permission_error",
    code: "model_not_allowed",
    param: "model",
  };
  expect((await gateway.post(ask("bare"), bearer(BARE_ONLY))).status).toBe(200);
  await expectRefused(await gateway.post(ask("enriched"), bearer(BARE_ONLY)), denied);
  await expectRefused(await gateway.post(ask("bare"), bearer(NOTHING)), denied);
  const dry = { ...bearer(BARE_ONLY), "x-crossover-dry-run": "true" };
  await expectRefused(await gateway.post(ask("enriched"), dry), denied);
  await expectRefused(await gateway.post(ask("nobody"), bearer(BARE_ONLY)), {
    status: 404,
    code: "model_not_found",
    param: "model",
  });
  expect(upstream.received.length).toBe(1);
  await expectCalm(gateway);
});

test("a variant is forced only with the right to do so", async () => {
  const { upstream, gateway } = await start();
  const force = { "x-crossover-variant": "prompted" };
  const denied: Refusal = {
    status: 403,
    type: "permission_error",
    code: "insufficient_permissions",
    param: null,
  };
  for (const key of [ALL, BARE_ONLY]) {
    await expectRefused(await gateway.post(ask("bare"), { ...bearer(key), ...force }), denied);
    const unknown = { ...bearer(key), "x-crossover-variant": "nobody" };
    await expectRefused(await gateway.post(ask("bare"), unknown), denied);
  }
  await expectCalm(gateway, upstream);
  const forced = await gateway.post(ask("bare"), { ...bearer(FORCING), ...force });
  expect([forced.status, forced.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
  expect(upstream.received[0]?.body["model"]).toBe("base-model");
  await expectRefused(
    await gateway.post(ask("bare"), { ...bearer(FORCING), "x-crossover-variant": "nobody" }),
    { status: 400, code: "invalid_value", param: "x-crossover-variant" },
  );
});

test("the list of models holds the key's routes only", async () => {
  const { gateway } = await start();
  const list = async (key: string): Promise<readonly string[]> => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    return (await client.models.list()).data.map(({ id }) => id);
  };
  expect(await list(ALL)).toEqual(["enriched", "bare"]);
  expect(await list(BARE_ONLY)).toEqual(["bare"]);
  expect(await list(NOTHING)).toEqual([]);
  const one = (id: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/models/${id}`, { headers: bearer(BARE_ONLY) });
  expect((await one("bare")).status).toBe(200);
  await expectRefused(await one("enriched"), {
    status: 403,
    type: "permission_error",
    code: "model_not_allowed",
    param: "model",
  });
  await expectRefused(await one("nobody"), { status: 404, code: "model_not_found", param: "model" });
});

test("no key is in the log, the metrics or an answer", async () => {
  const { gateway } = await start();
  const answers = await Promise.all([
    gateway.post(ask("bare"), bearer(ALL)),
    gateway.post(ask("enriched"), bearer(BARE_ONLY)),
    gateway.post(ask("bare"), bearer("unknown-key-to-be-kept-quiet")),
    gateway.post(ask("nobody"), bearer(FORCING)),
    fetch(`${gateway.url}/metrics`),
    fetch(`${gateway.url}/admin/api/config`),
  ]);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  const sinks = [
    ...texts,
    ...answers.map(({ headers }) => JSON.stringify([...headers])),
    JSON.stringify(gateway.logs),
  ].join("\n");
  for (const secret of [ALL, BARE_ONLY, FORCING, "unknown-key-to-be-kept-quiet", "sk-upstream-secret-0001"]) {
    expect(sinks).not.toContain(secret);
    expect(sinks).not.toContain(createHash("sha256").update(secret).digest("hex"));
  }
});

test.each([
  ["a page of another host", { origin: "http://evil.example" }],
  ["a page by another name of this machine", { origin: "http://evil.example:8787" }],
  ["a page without an origin of its own", { origin: "null" }],
  ["a page that a browser calls foreign", { "sec-fetch-site": "cross-site" }],
])("without keys %s can't use the gateway", async (_name, headers) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post({ model: "bare", messages: [{ role: "user", content: "Hi" }] }, headers);
  await expectRefused(answer, {
    status: 403,
    type: "permission_error",
    code: "insufficient_permissions",
    param: null,
  });
  expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(403);
  expect(upstream.received).toEqual([]);
  const own = { origin: "http://localhost:3000", "sec-fetch-site": "same-site" };
  expect((await fetch(`${gateway.url}/v1/models`, { headers: own })).status).toBe(200);
});

test("a reload that takes the last key away does not open the gateway", async () => {
  const upstream = await startUpstream();
  const secret = "the-only-secret-there-is";
  const gateway = await startGateway(twoPaths(upstream.url, { keys: { app: { secret } } }));
  gateway.write(twoPaths(upstream.url));
  gateway.reload();
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${gateway.url}/v1/models`, { headers })).status;
  expect([await statusOf({}), await statusOf({ authorization: `Bearer ${secret}` })]).toEqual([401, 401]);
  expect(
    gateway.logs.some(({ level, message }) => level === "warn" && message.includes("no key is left")),
  ).toBe(true);
});
