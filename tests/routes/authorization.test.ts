import { expect, test } from "vitest";
import { createApp } from "../../routes/app.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { hasLoopbackName } from "../../src/net.ts";
import { FetchTransport } from "../../src/transport/fetch.ts";
import { listening, openWeb } from "../../src/web.ts";
import { small, tableOf } from "../config/tables.ts";
import { MemoryStore, wanted } from "../keys/stores.ts";

const METHODS = ["GET", "POST", "DELETE", "PUT"] as const;
const ROLES = ["nobody", "a stranger's key", "a data key", "an admin key", "the admin token"] as const;

type Row = readonly [number, number, number, number, number];

/** What the admin surface answers to those who may not use it, before it looks at anything else. */
const closed = (good: number): Row => [401, 401, 403, good, good];
/** What clients get; the admin token is no client's key. */
const forClients = (good: number): Row => [401, 401, good, good, 401];
const forAll = (status: number): Row => [status, status, status, status, status];

/** Of each route, the status for each role by method. A route without a row here fails the test. */
const EXPECTED: Readonly<Record<string, Readonly<Record<(typeof METHODS)[number], Row>>>> = {
  "/v1/chat/completions": { GET: forAll(405), POST: forClients(200), DELETE: forAll(405), PUT: forAll(405) },
  "/v1/feedback": { GET: forAll(405), POST: forClients(400), DELETE: forAll(405), PUT: forAll(405) },
  "/v1/compare": { GET: forAll(405), POST: forClients(400), DELETE: forAll(405), PUT: forAll(405) },
  // The simulator answers: there is no such file, and what is posted is none.
  "/v1/files": { GET: closed(200), POST: closed(400), DELETE: closed(404), PUT: forAll(405) },
  "/v1/files/:path{.+}": { GET: closed(404), POST: closed(404), DELETE: closed(404), PUT: forAll(405) },
  "/v1/fine_tuning/:path{.+}": { GET: closed(200), POST: closed(400), DELETE: closed(404), PUT: forAll(405) },
  "/v1/models": { GET: forClients(200), POST: forAll(405), DELETE: forAll(405), PUT: forAll(405) },
  "/v1/models/:id{.+}": { GET: forClients(200), POST: forAll(405), DELETE: forAll(405), PUT: forAll(405) },
  "/health/live": { GET: forAll(200), POST: forAll(405), DELETE: forAll(405), PUT: forAll(405) },
  "/health/ready": { GET: forAll(200), POST: forAll(405), DELETE: forAll(405), PUT: forAll(405) },
  "/metrics": {
    GET: [401, 401, 401, 401, 401], // it has a token of its own
    POST: forAll(405),
    DELETE: forAll(405),
    PUT: forAll(405),
  },
  "/openapi.json": { GET: forAll(200), POST: forAll(405), DELETE: forAll(405), PUT: forAll(405) },
  "/admin": { GET: closed(200), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/": { GET: closed(308), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/explain": { GET: closed(405), POST: closed(200), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/config": { GET: closed(200), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/config/reload": { GET: closed(405), POST: closed(200), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/comparisons": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/comparisons/:id": {
    GET: closed(503), // there is no store
    POST: closed(405),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/keys": { GET: closed(200), POST: closed(400), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/keys/:name": { GET: closed(405), POST: closed(405), DELETE: closed(200), PUT: closed(405) },
  "/admin/api/keys/:name/rotate": {
    GET: closed(405),
    POST: closed(400), // the body is a chat request
    DELETE: closed(405),
    PUT: closed(405),
  },
  // There is no store.
  "/admin/api/captures": { GET: closed(503), POST: closed(405), DELETE: closed(400), PUT: closed(405) },
  "/admin/api/captures/:id": { GET: closed(503), POST: closed(405), DELETE: closed(503), PUT: closed(405) },
  "/admin/api/requests/:id/why": {
    GET: closed(503),
    POST: closed(405),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/tuning-jobs": { GET: closed(503), POST: closed(503), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/tuning-jobs/:id": {
    GET: closed(503),
    POST: closed(405),
    DELETE: closed(503),
    PUT: closed(405),
  },
  "/admin/api/tuning-jobs/:id/cancel": {
    GET: closed(405),
    POST: closed(400), // the body is a chat request
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/tuning-jobs/:id/resume": {
    GET: closed(405),
    POST: closed(400),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/tuning-jobs/:id/register": {
    GET: closed(405),
    POST: closed(400),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/deployments": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/deployments/:provider/:name": {
    GET: closed(405),
    POST: closed(405),
    DELETE: closed(503),
    PUT: closed(405),
  },
  "/admin/api/deployments/:provider/:name/scale": {
    GET: closed(405),
    POST: closed(400),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/rollouts": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/rollouts/:name": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/rollouts/:name/changes": {
    GET: closed(503),
    POST: closed(405),
    DELETE: closed(405),
    PUT: closed(405),
  },
  "/admin/api/rollouts/:name/runs": {
    GET: closed(503),
    POST: closed(405),
    DELETE: closed(405),
    PUT: closed(405),
  },
  ...Object.fromEntries(
    ["start", "pause", "resume", "promote", "rollback", "set-weight"].map((action) => [
      `/admin/api/rollouts/:name/${action}`,
      // The body is a chat request.
      { GET: closed(405), POST: closed(400), DELETE: closed(405), PUT: closed(405) },
    ]),
  ),
  "/admin/rollouts": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/rollouts/:name": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/report": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
  "/admin/api/feedback": { GET: closed(503), POST: closed(405), DELETE: closed(405), PUT: closed(405) },
};

const SECRETS = { data: "data-key-of-the-matrix", admin: "admin-key-of-the-matrix" };
const TOKENS: Readonly<Record<(typeof ROLES)[number], string | undefined>> = {
  nobody: undefined,
  "a stranger's key": "a-key-that-nobody-gave-out",
  "a data key": SECRETS.data,
  "an admin key": SECRETS.admin,
  "the admin token": "admin-token-of-the-matrix",
};

function started(
  config: Readonly<Record<string, unknown>>,
  platform = {},
  keys = new KeyRing({ store: new MemoryStore() }),
) {
  const gateway = new Gateway({
    table: tableOf(small(config)),
    transport: new FetchTransport(),
    metrics: new Metrics({ version: "1", runtime: "test" }),
    log: () => {},
    keys,
  });
  const app = createApp(
    gateway,
    {
      open: (context) => openWeb(context.req.raw, listening, gateway.table.server, () => {}),
      reload: () => true,
      configStale: () => false,
      openAdmin: () => true,
      ...platform,
    },
    "1",
  );
  return { gateway, app };
}

test("every route gives every role exactly what it may have", async () => {
  const { gateway, app } = started({
    server: { adminToken: TOKENS["the admin token"], metricsToken: "metrics-token-of-the-matrix" },
    keys: { data: { secret: SECRETS.data }, admin: { secret: SECRETS.admin, admin: true } },
  });
  await gateway.keys.create(wanted("app"));
  const paths = new Set(app.routes.map(({ path }) => path).filter((path) => path !== "/admin/*"));
  expect([...paths].sort()).toEqual(Object.keys(EXPECTED).sort());
  const seen: Record<string, Record<string, number[]>> = {};
  for (const path of paths) {
    const url = path.replace(":id{.+}", "route").replace(":path{.+}", "jobs").replace(":name", "app");
    const row: Record<string, number[]> = {};
    for (const method of METHODS) {
      row[method] = [];
      for (const role of ROLES) {
        const token = TOKENS[role];
        const answer = await app.request(`http://127.0.0.1${url}`, {
          method,
          headers: {
            "content-type": "application/json",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          ...(method === "POST"
            ? { body: '{"model": "route", "messages": [{"role": "user", "content": "Hi"}]}' }
            : {}),
        });
        row[method].push(answer.status);
      }
    }
    seen[path] = row;
  }
  expect(seen).toEqual(EXPECTED);
  // The role that may not create has left nothing.
  expect(gateway.keys.list().map(({ key }) => key.name)).toEqual(["data", "admin", "app"]);
});

test("the admin surface without a token: who has data keys only, and who has an admin key", async () => {
  const statusOf = async (config: object, token?: string, platform = {}): Promise<number> => {
    const { app } = started({ ...config }, platform);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await app.request("http://127.0.0.1/admin/api/keys", { headers })).status;
  };
  const data = { data: { secret: SECRETS.data } };
  const both = { keys: { ...data, admin: { secret: SECRETS.admin, admin: true } } };
  const gone = { keys: { ...data, admin: { secret: SECRETS.admin, admin: true, expires: "2001-01-01" } } };
  const elsewhere = { openAdmin: () => false };
  // By what is configured: nobody, a stranger, a data key, an admin key.
  const row = (config: object, platform = {}): Promise<number[]> =>
    Promise.all(
      [undefined, "a-key-that-nobody-gave-out", SECRETS.data, SECRETS.admin].map((token) =>
        statusOf(config, token, platform),
      ),
    );
  expect(await row({})).toEqual([200, 401, 401, 401]);
  expect(await row({ keys: data })).toEqual([200, 401, 403, 401]);
  expect(await row(both)).toEqual([401, 401, 403, 200]);
  expect(await row(gone)).toEqual([401, 401, 403, 401]);
  expect(await row({}, elsewhere)).toEqual([403, 403, 403, 403]);
  expect(await row({ keys: data }, elsewhere)).toEqual([403, 403, 403, 403]);
  expect(await row(both, elsewhere)).toEqual([401, 401, 403, 200]);
});

test("where strangers come, a gateway without keys serves only names of the machine itself", async () => {
  const { gateway, app } = started({}, { keyless: hasLoopbackName });
  const statusOf = async (host: string, path: string): Promise<number> =>
    (await app.request(`https://${host}${path}`)).status;
  for (const path of ["/v1/models", "/v1/models/route", "/v1/chat/completions", "/v1/nothing"])
    expect([path, await statusOf("gateway.example", path)]).toEqual([path, 401]);
  for (const host of ["localhost", "127.0.0.1:8787", "[::1]:8787"])
    expect([host, await statusOf(host, "/v1/models")]).toEqual([host, 200]);
  expect(await statusOf("localhost.gateway.example", "/v1/models")).toBe(401);
  expect(await statusOf("gateway.example", "/health/ready")).toBe(200);
  const answer = await app.request("https://gateway.example/v1/models");
  expect((await answer.json()).error).toMatchObject({ code: "missing_api_key", param: null });
  const { secret } = await gateway.keys.create(wanted("app"));
  const headers = { authorization: `Bearer ${secret}` };
  expect((await app.request("https://gateway.example/v1/models", { headers })).status).toBe(200);
  expect(await statusOf("localhost", "/v1/models")).toBe(401);
});

test("a platform that keeps no files creates no keys, and says so", async () => {
  const { app } = started({}, {}, new KeyRing());
  const answer = await app.request("http://127.0.0.1/admin/api/keys", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name": "app"}',
  });
  expect([answer.status, (await answer.json()).error.code]).toEqual([503, "store_unavailable"]);
  expect(await (await app.request("http://127.0.0.1/admin/api/keys")).json()).toEqual({
    object: "list",
    data: [],
  });
});
