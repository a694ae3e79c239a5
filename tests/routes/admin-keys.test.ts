import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { sha256 } from "../../src/keys/secret.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, type TestGatewayOptions } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, refused400 } from "./black-box.ts";

const TOKEN = "admin-token-of-the-test";
const OF_THE_FILE = "key-of-the-configuration";

const ask = (model: string) => ({ model, messages: [{ role: "user", content: "Hi" }] });
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

interface Started {
  readonly gateway: TestGateway;
  /** Asks the admin API with its token. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  /** Creates a key. @returns its secret */
  create(body: Readonly<Record<string, unknown>>): Promise<string>;
  /** The status of a chat with this secret. */
  statusOf(secret: string, model?: string): Promise<number>;
}

async function start(options: TestGatewayOptions = {}): Promise<Started> {
  const upstream = await startUpstream();
  const config = twoPaths(upstream.url, {
    server: { port: 0, adminToken: TOKEN },
    keys: { file: { secret: OF_THE_FILE, expires: "2999-12-31" } },
  });
  const gateway = await startGateway(config, options);
  const admin: Started["admin"] = (method, path, body) =>
    fetch(`${gateway.url}/admin/api/keys${path}`, {
      method,
      headers: { ...bearer(TOKEN), "content-type": "application/json" },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return {
    gateway,
    admin,
    create: async (body) => {
      const answer = await admin("POST", "", body);
      expect(answer.status).toBe(201);
      return (await answer.json()).secret;
    },
    statusOf: async (secret, model = "bare") => (await gateway.post(ask(model), bearer(secret))).status,
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a created key", () => {
  test("is told once with its secret, and opens what it may", async () => {
    const { gateway, admin, statusOf } = await start();
    const answer = await admin("POST", "", {
      name: "team/web",
      tags: ["web"],
      routes: ["bare"],
      expires_at: "2999-01-31",
    });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const { secret, ...key } = await answer.json();
    expect(secret).toMatch(/^sk-cx-[\w-]{43}$/);
    expect(key).toEqual({
      object: "crossover.key",
      name: "team/web",
      tags: ["web"],
      routes: ["bare"],
      force_variant: false,
      admin: false,
      capture: true,
      limits: null,
      source: "created",
      hint: `…${secret.slice(-4)}`,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      expires_at: "2999-02-01T00:00:00.000Z",
      revoked: false,
      shadowed: false,
    });
    expect([await statusOf(secret, "bare"), await statusOf(secret, "enriched")]).toEqual([200, 403]);
    const list = await (await admin("GET", "")).json();
    expect(list).toEqual({
      object: "list",
      data: [
        {
          ...key,
          name: "file",
          tags: [],
          routes: null,
          source: "configuration",
          hint: null,
          created_at: null,
          expires_at: "3000-01-01T00:00:00.000Z",
        },
        key,
      ],
    });
    const stored = readFileSync(join(gateway.dataDir, "keys.json"), "utf8");
    const logged = JSON.stringify(gateway.logs);
    for (const text of [stored, logged, JSON.stringify(list)]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(OF_THE_FILE);
    }
    for (const text of [logged, JSON.stringify(list)]) expect(text).not.toContain(sha256(secret));
    expect(stored).toContain(sha256(secret));
    expect(gateway.logs).toContainEqual({
      level: "info",
      message: "key created",
      fields: { key: "team/web" },
    });
  });

  test("is there after a restart, and so is a revocation", async () => {
    const { gateway, admin, create, statusOf } = await start();
    const [kept, gone] = [await create({ name: "kept" }), await create({ name: "gone" })];
    await admin("DELETE", "/gone");
    const second = await start({ env: { CROSSOVER_DATA_DIR: gateway.dataDir } });
    for (const status of [statusOf, second.statusOf])
      expect([await status(kept), await status(gone)]).toEqual([200, 401]);
  });

  test("ends at its time with the answer of an unknown one", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2030, 0, 1) });
    const { gateway, create, statusOf } = await start();
    const secret = await create({ name: "app", expires_at: "2030-01-01T00:01:00Z" });
    expect([await statusOf(secret), await statusOf(secret)]).toEqual([200, 200]);
    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 1));
    const errors = [secret, `${secret}x`].map(async (one) =>
      (await gateway.post(ask("bare"), bearer(one))).json(),
    );
    const [expired, unknown] = await Promise.all(errors);
    expect(expired).toMatchObject({ error: { code: "invalid_api_key" } });
    expect(expired).toEqual(unknown);
  });
});

describe("rotation", () => {
  test("gives a new secret, and the old one its overlap", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2030, 0, 1) });
    const { admin, create, statusOf, gateway } = await start();
    const first = await create({ name: "a/b", routes: ["bare"] });
    const answer = await admin("POST", "/a%2Fb/rotate", { overlap_seconds: 60 });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const { secret: second, hint, name } = await answer.json();
    expect([name, hint]).toEqual(["a/b", `…${second.slice(-4)}`]);
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
    vi.setSystemTime(Date.UTC(2030, 0, 1, 0, 1));
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    expect(gateway.logs).toContainEqual({
      level: "info",
      message: "key rotated",
      fields: { key: "a/b", overlap_seconds: 60 },
    });
  });

  test("without a body the old secret ends at once", async () => {
    const { admin, create, statusOf } = await start();
    const first = await create({ name: "app" });
    expect(await statusOf(first)).toBe(200);
    const { secret } = await (await admin("POST", "/app/rotate")).json();
    expect([await statusOf(first), await statusOf(secret)]).toEqual([401, 200]);
  });

  test.each([
    [{ overlap_seconds: -1 }, "overlap_seconds", "invalid_value"],
    [{ overlap_seconds: 0.5 }, "overlap_seconds", "invalid_type"],
    [{ overlap_seconds: "5" }, "overlap_seconds", "invalid_type"],
    [{ overlap_seconds: null }, "overlap_seconds", "invalid_type"],
    ['{"overlap_seconds": 1e400}', "overlap_seconds", "invalid_type"],
    [{ overlap_seconds: 2_592_001 }, "overlap_seconds", "invalid_value"],
    [{ overlap: 5 }, "overlap", "unknown_parameter"],
  ])("%j is refused, and the secret stays", async (body, param, code) => {
    const { admin, create, statusOf } = await start();
    const secret = await create({ name: "app" });
    await expectRefused(await admin("POST", "/app/rotate", body), refused400(param, code));
    expect(await statusOf(secret)).toBe(200);
  });
});

describe("revocation", () => {
  test("is in force for every request after its answer, under load", async () => {
    const { admin, create, gateway } = await start();
    const secret = await create({ name: "app" });
    let revoked = false;
    let stop = false;
    const late: number[] = [];
    const before: number[] = [];
    const client = async (): Promise<void> => {
      while (!stop) {
        const isLate = revoked;
        const { status } = await gateway.post(ask("bare"), bearer(secret));
        (isLate ? late : before).push(status);
        if (late.length > 100) stop = true;
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await vi.waitUntil(() => before.length > 40, { timeout: 20_000 });
    expect((await admin("DELETE", "/app")).status).toBe(200);
    revoked = true;
    await Promise.all(clients);
    expect(before.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 200));
    expect(new Set(late)).toEqual(new Set([401]));
    expect(gateway.logs).toContainEqual({ level: "info", message: "key revoked", fields: { key: "app" } });
  });

  test("keeps the record, and the name taken", async () => {
    const { admin, create } = await start();
    await create({ name: "app" });
    for (let time = 0; time < 2; time++) {
      const answer = await admin("DELETE", "/app");
      expect([answer.status, await answer.json()]).toMatchObject([200, { name: "app", revoked: true }]);
    }
    const conflict = { status: 409, code: "state_conflict", param: null };
    await expectRefused(await admin("POST", "", { name: "app" }), conflict);
    await expectRefused(await admin("POST", "/app/rotate", {}), conflict);
    expect((await (await admin("GET", "")).json()).data).toHaveLength(2);
  });
});

test("keys of the configuration are changed there", async () => {
  const { admin, statusOf } = await start();
  const conflict = { status: 409, code: "state_conflict", param: null };
  await expectRefused(await admin("DELETE", "/file"), conflict);
  await expectRefused(await admin("POST", "/file/rotate", {}), conflict);
  await expectRefused(await admin("POST", "", { name: "file" }), conflict);
  expect(await statusOf(OF_THE_FILE)).toBe(200);
  await expectRefused(await admin("DELETE", "/nobody"), { status: 404, code: "key_not_found", param: null });
});

test("a name that a reload takes is the configuration's", async () => {
  const { admin, create, statusOf, gateway } = await start();
  const secret = await create({ name: "app" });
  expect(await statusOf(secret)).toBe(200);
  const keys = { app: { secret: OF_THE_FILE } };
  gateway.write(twoPaths("http://127.0.0.1:9", { server: { adminToken: TOKEN }, keys }));
  gateway.reload();
  expect(await statusOf(secret)).toBe(401);
  expect((await (await admin("GET", "")).json()).data).toMatchObject([
    { name: "app", source: "configuration", shadowed: false },
    { name: "app", source: "created", shadowed: true },
  ]);
});

describe("what is no good key is refused with its field, and nothing is stored", () => {
  test.each<[unknown, string | null, string]>([
    ["{", null, "invalid_json"],
    ["", "name", "missing_required_parameter"],
    ["[]", null, "invalid_type"],
    ['{"name": "a", "name": "b"}', "name", "invalid_value"],
    ['{"name": "a", "__proto__": {"admin": true}}', "__proto__", "unknown_parameter"],
    [{}, "name", "missing_required_parameter"],
    [{ name: null }, "name", "invalid_type"],
    [{ name: 5 }, "name", "invalid_type"],
    [{ name: "" }, "name", "invalid_value"],
    [{ name: "../a" }, "name", "invalid_value"],
    [{ name: "a b" }, "name", "invalid_value"],
    [{ name: "a\r\nset-cookie: b" }, "name", "invalid_value"],
    [{ name: "a\u0000" }, "name", "invalid_value"],
    [{ name: "x".repeat(65) }, "name", "invalid_value"],
    [{ name: "a", tags: "web" }, "tags", "invalid_type"],
    [{ name: "a", tags: [""] }, "tags[0]", "invalid_value"],
    [{ name: "a", tags: [1] }, "tags[0]", "invalid_type"],
    [{ name: "a", routes: null }, "routes", "invalid_type"],
    [{ name: "a", routes: ["bare", "nobody"] }, "routes[1]", "invalid_value"],
    [{ name: "a", routes: ["/*"] }, "routes[0]", "invalid_value"],
    [{ name: "a", routes: ["__proto__"] }, "routes[0]", "invalid_value"],
    [{ name: "a", force_variant: "yes" }, "force_variant", "invalid_type"],
    [{ name: "a", admin: 1 }, "admin", "invalid_type"],
    [{ name: "a", expires_at: "2001-01-01" }, "expires_at", "invalid_value"],
    [{ name: "a", expires_at: "31/12" }, "expires_at", "invalid_value"],
    [{ name: "a", expires_at: "2999-02-30" }, "expires_at", "invalid_value"],
    [{ name: "a", expires_at: "2999-01-01T00:00:00" }, "expires_at", "invalid_value"],
    [{ name: "a", expires_at: 4e12 }, "expires_at", "invalid_type"],
    [{ name: "a", expires_at: null }, "expires_at", "invalid_type"],
    [{ name: "a", limits: { usd_per_day: -1 } }, "limits.usd_per_day", "invalid_value"],
    [{ name: "a", limits: { usd_per_day: null } }, "limits.usd_per_day", "invalid_type"],
    [{ name: "a", tags: ["a\nb"] }, "tags[0]", "invalid_value"],
    [{ name: "a", limits: { usd_per_day: "5" } }, "limits.usd_per_day", "invalid_type"],
    [{ name: "a", limits: { requests_per_minute: 1.5 } }, "limits.requests_per_minute", "invalid_type"],
    [{ name: "a", limits: { requests_per_hour: 1 } }, "limits.requests_per_hour", "unknown_parameter"],
    ['{"name": "a", "limits": {"usd_per_day": 1e400}}', "limits.usd_per_day", "invalid_type"],
    [{ name: "a", budget: -1 }, "budget", "unknown_parameter"],
    [{ name: "a", role: "root" }, "role", "unknown_parameter"],
    [{ name: "a", secret: "my-own-secret-please" }, "secret", "unknown_parameter"],
    [{ name: "a", sha256: "0".repeat(64) }, "sha256", "unknown_parameter"],
  ])("%j", async (body, param, code) => {
    const { gateway, admin } = await start();
    await expectRefused(await admin("POST", "", body), refused400(param, code));
    expect((await (await admin("GET", "")).json()).data).toHaveLength(1);
    expect(() => readFileSync(gateway.dataDir)).toThrow(/ENOENT/);
    await expectCalm(gateway);
  });

  test("a body that is too large", async () => {
    const { admin } = await start();
    await expectRefused(await admin("POST", "", { name: "a", tags: ["x".repeat(70_000)] }), {
      status: 413,
      code: "request_body_too_large",
      param: null,
    });
  });
});

test("where keys can't be written the answer is 503, and nothing has changed", async () => {
  const { gateway, admin, statusOf } = await start();
  writeFileSync(gateway.dataDir, "a file in the folder's place");
  await expectRefused(await admin("POST", "", { name: "app" }), {
    status: 503,
    type: "server_error",
    code: "store_unavailable",
    param: null,
  });
  expect((await (await admin("GET", "")).json()).data).toHaveLength(1);
  expect(await statusOf(OF_THE_FILE)).toBe(200);
  const told = gateway.logs.filter(({ level }) => level === "error");
  expect(told).toEqual([
    {
      level: "error",
      message: "keys can't be stored",
      fields: { problem: expect.stringContaining("keys.json") },
    },
  ]);
});

test("a file of keys that is broken keeps the gateway from starting", async () => {
  const { gateway } = await start();
  mkdirSync(gateway.dataDir);
  writeFileSync(join(gateway.dataDir, "keys.json"), '{"version": 1, "keys": [{"name": "app"}]}');
  await expect(start({ env: { CROSSOVER_DATA_DIR: gateway.dataDir } })).rejects.toThrow(
    /keys\.json can't be used: keys\.0/,
  );
});
