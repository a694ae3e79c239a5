import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { until } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";
import { type Child, startChild } from "./child.ts";
import { disconnects } from "./disconnects.ts";
import { expectDrained } from "./drain.ts";
import type { Running } from "./suite.ts";
import { surface } from "./surface.ts";

const root = join(import.meta.dirname, "../..");

surface("Bun", (config) => start(config));
disconnects(
  "Bun, closing its connection",
  (config) => start(config),
  (socket) => socket.destroy(),
);
disconnects(
  "Bun, resetting its connection",
  (config) => start(config),
  (socket) => socket.resetAndDestroy(),
);

test("a gateway on Bun reloads when its file changes, and keeps the old table when the file is bad", async () => {
  const gateway = await start(twoPaths("http://127.0.0.1:9"));
  onTestFinished(() => gateway.stop());
  const config = async (path = "/health/ready") => (await fetch(`${gateway.url}${path}`)).json();
  const rules = [{ use: "tuned" }];
  gateway.write({ ...twoPaths("http://127.0.0.1:9"), routes: { other: { rules } } });
  await until(async () => JSON.stringify(await config("/v1/models")).includes("other"));
  gateway.write({ routes: { broken: {} } });
  await until(async () => (await config()).config === "stale");
  expect(JSON.stringify(await config("/v1/models"))).toContain("other");
  const reload = await fetch(`${gateway.url}/admin/api/config/reload`, { method: "POST" });
  expect([reload.status, (await reload.json()).error.code]).toEqual([422, "invalid_config"]);
});

test("300 answers can be under way on Bun, whose own fetch lets 256 calls run at a time", async () => {
  const waiting: (() => void)[] = [];
  const upstream = await startUpstream((_received, response) => {
    waiting.push(() => sendJson(response, completion("ok")));
    if (waiting.length === 300) for (const answer of waiting) answer();
  });
  const gateway = await start(twoPaths(upstream.url));
  onTestFinished(() => gateway.stop());
  const ask = (): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Hi" }] }),
    });
  const answers = await Promise.all(Array.from({ length: 300 }, ask));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

test("SIGTERM lets a stream on Bun finish, then ends with 0", () => expectDrained((config) => start(config)));

test("a configuration that can't be used gives Bun's user plain lines, and ends with 1", async () => {
  const bun = join(root, "node_modules/.bin/bun");
  const env = { CROSSOVER_CONFIG: "/nowhere/at/all.yaml", PORT: "0" };
  const child = startChild(bun, ["src/bun.ts"], { cwd: root, env });
  expect(await child.ended).toBe(1);
  expect(child.stderr()).toMatch(/^crossover: the configuration can't be used:\n {2}all\.yaml:1:1 .+\n$/);
});

interface BunGateway extends Running {
  readonly child: Child;
  /** The folder of its created keys. */
  readonly dataDir: string;
  /** Writes the configuration anew. */
  write(config: unknown): void;
}

test("a gateway on Bun without keys listens on the machine's own address, and warns", async () => {
  const gateway = await start({ ...twoPaths("http://127.0.0.1:9"), server: { host: "0.0.0.0" } });
  onTestFinished(() => gateway.stop());
  expect(gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  await until(() => /\n {2}WARNING {2}there are no keys, so /.test(gateway.child.stdout()));
});

test("a key created on Bun is there after a restart, and gone with its revocation", async () => {
  const config = twoPaths("http://127.0.0.1:9");
  const gateway = await start(config);
  onTestFinished(() => gateway.stop());
  const keys = `${gateway.url}/admin/api/keys`;
  const headers = { "content-type": "application/json" };
  const created = await fetch(keys, { method: "POST", headers, body: '{"name": "team/app"}' });
  expect(created.status).toBe(201);
  const { secret } = await created.json();
  const statusOf = async (url: string): Promise<number> =>
    (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;
  const again = await start(config, gateway.dataDir);
  onTestFinished(() => again.stop());
  expect([await statusOf(gateway.url), await statusOf(again.url)]).toEqual([200, 200]);
  expect((await fetch(`${again.url}/v1/models`)).status).toBe(401);
  expect((await fetch(`${keys}/team%2Fapp`, { method: "DELETE" })).status).toBe(200);
  expect(await statusOf(gateway.url)).toBe(401);
});

async function start(config: unknown, data?: string): Promise<BunGateway> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-bun-"));
  const configPath = join(folder, "crossover.yaml");
  const write = (value: unknown): void => writeFileSync(configPath, JSON.stringify(value));
  write(config);
  const dataDir = data ?? join(folder, "data");
  const child = startChild(join(root, "node_modules/.bin/bun"), ["src/bun.ts"], {
    cwd: root,
    env: { CROSSOVER_CONFIG: configPath, CROSSOVER_DATA_DIR: dataDir, PORT: "0" },
  });
  const stop = async (): Promise<void> => {
    await child.stop();
    rmSync(folder, { recursive: true });
  };
  const url = await until(() => {
    if (child.hasEnded()) throw new Error(`Bun ended: ${child.stderr()}`);
    return /listens on (http:\/\/\S+)\/v1/.exec(child.stdout())?.[1];
  }, 30_000);
  return { child, url, stop, write, dataDir };
}
