import { createAdaptorServer, type ServerType } from "@hono/node-server";
import { onTestFinished } from "vitest";
import { createApp } from "../../routes/app.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { RolloutControl } from "../../src/rollouts/rollouts.ts";
import { FetchTransport } from "../../src/transport/fetch.ts";
import { listening, openWeb } from "../../src/web.ts";
import { small, tableOf } from "../config/tables.ts";

export const ADMIN_TOKEN = "admin-token-of-the-rollouts";
export const ADMIN_KEY = "admin-key-of-the-rollouts";

const GUARDED = { server: { adminToken: ADMIN_TOKEN }, keys: { ops: { secret: ADMIN_KEY, admin: true } } };

/** The admin surface with these rollouts. @param config default: it asks for a token or a key */
export function rolloutApp(rollouts: RolloutControl | undefined, config: object = GUARDED) {
  const logs: string[] = [];
  const gateway = new Gateway({
    table: tableOf(small({ ...config })),
    transport: new FetchTransport(),
    metrics: new Metrics({ version: "1", runtime: "test" }),
    log: (_level, message) => logs.push(message),
  });
  const app = createApp(
    gateway,
    {
      open: (context) => openWeb(context.req.raw, listening, gateway.table.server, () => {}),
      configStale: () => false,
      openAdmin: () => true,
      rollouts,
    },
    "1",
  );
  const ask = async (path: string, init: RequestInit = {}, token = ADMIN_TOKEN): Promise<Response> =>
    app.request(`http://127.0.0.1/admin/${path}`, {
      ...init,
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    });
  return {
    app,
    logs,
    get: (path: string) => ask(path),
    post: (path: string, body: object = {}, token?: string) =>
      ask(path, { method: "POST", body: JSON.stringify(body) }, token),
  };
}

/** The same on a port of its own, until the test ends. @returns its URL */
export async function servedRollouts(rollouts: RolloutControl | undefined): Promise<string> {
  const server = createAdaptorServer({ fetch: rolloutApp(rollouts).app.fetch });
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${await listeningAt(server)}`;
}

/** @returns the port at which it listens now */
export async function listeningAt(server: ServerType): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("it has no port");
  return address.port;
}
