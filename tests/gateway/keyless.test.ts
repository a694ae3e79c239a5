import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { exposureOf } from "../../src/exposure.ts";
import { wanted } from "../keys/stores.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const OPEN = { env: { HOST: "0.0.0.0" } };
const keys = { app: { secret: "client-key-of-the-test" } };
const config = (more: Readonly<Record<string, unknown>> = {}) => twoPaths("http://127.0.0.1:9", more);

test.each(["127.0.0.1", "127.1.2.3", "localhost", "::1"])("%s is listened on without keys", (host) => {
  expect(exposureOf(host, false)).toEqual({ host, open: false, warning: undefined });
  expect(exposureOf(host, true)).toEqual({ host, open: false, warning: undefined });
});

test.each(["0.0.0.0", "::", "192.168.1.2", "gateway.example", "127.0.0.1.example", ""])(
  "%j is listened on only with keys",
  (host) => {
    expect(exposureOf(host, true)).toEqual({ host, open: true, warning: undefined });
    const { host: instead, open, warning } = exposureOf(host, false);
    expect([instead, open]).toEqual(["127.0.0.1", false]);
    expect(warning).toMatch(/no keys.*keys create/);
  },
);

/** An address of this machine that others could reach; undefined where it has none. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

const reached = ({ url }: TestGateway, address: string | undefined): Promise<number> =>
  fetch(`http://${address}:${new URL(url).port}/health/live`).then(
    ({ status }) => status,
    () => 0,
  );

test("without keys nobody else reaches the gateway, with keys they do", async () => {
  const closed = await startGateway(config(), OPEN);
  const open = await startGateway(config({ keys }), OPEN);
  for (const gateway of [closed, open]) expect(await reached(gateway, "127.0.0.1")).toBe(200);
  expect(closed.logs).toContainEqual({
    level: "warn",
    message: expect.stringContaining("listens on 127.0.0.1 only and not on 0.0.0.0"),
    fields: {},
  });
  expect(open.logs).toEqual([]);
  if (outside === undefined) return; // a machine without a network
  expect([await reached(closed, outside), await reached(open, outside)]).toEqual([0, 200]);
});

test("the admin API of a gateway without keys is open to its machine, whatever host it was to have", async () => {
  const gateway = await startGateway(config(), OPEN);
  expect((await fetch(`${gateway.url}/admin/api/config`)).status).toBe(200);
});

test("a created key opens the address with the next start, and still does once it is revoked", async () => {
  const gateway = await startGateway(config(), OPEN);
  await gateway.gateway.keys.create(wanted("app"));
  await gateway.gateway.keys.revoke("app");
  expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(401);
  const again = await startGateway(config(), {
    env: { ...OPEN.env, CROSSOVER_DATA_DIR: gateway.dataDir },
  });
  expect(again.url).toMatch(/^http:\/\/0\.0\.0\.0:/);
  expect((await fetch(`${again.url}/v1/models`)).status).toBe(401);
});

test("a reload that takes the last key away is refused while others can reach the gateway", async () => {
  const gateway = await startGateway(
    config({ keys, server: { port: 0, adminToken: "admin-token-1" } }),
    OPEN,
  );
  const reload = (): Promise<Response> =>
    fetch(`${gateway.url}/admin/api/config/reload`, {
      method: "POST",
      headers: { authorization: "Bearer admin-token-1" },
    });
  const without = config({ server: { port: 0, adminToken: "admin-token-1" } });
  gateway.write(without);
  const refused = await reload();
  expect(refused.status).toBe(422);
  expect((await refused.json()).error).toMatchObject({ code: "invalid_config", param: "keys" });
  const statuses = async (): Promise<number[]> =>
    Promise.all(
      [{}, { authorization: "Bearer client-key-of-the-test" }].map(
        async (headers: Record<string, string>) =>
          (await fetch(`${gateway.url}/v1/models`, { headers })).status,
      ),
    );
  expect(await statuses()).toEqual([401, 200]);
  // A created key takes its place, so nothing would be open.
  const { secret } = await gateway.gateway.keys.create(wanted("made"));
  expect((await reload()).status).toBe(200);
  expect(await statuses()).toEqual([401, 401]);
  const headers = { authorization: `Bearer ${secret}` };
  expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(200);
});
