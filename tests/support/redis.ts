import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { startChild } from "../platforms/child.ts";
import { freePort } from "./free-port.ts";
import { until } from "./gateway.ts";

const isInstalled = spawnSync("redis-server", ["--version"]).status === 0;

/**
 * Leave the Redis tests out? Only where Redis is not installed and nobody asked for them: with CROSSOVER_TEST_REDIS=1 they
 * fail without it.
 */
export const WITHOUT_REDIS = !isInstalled && process.env["CROSSOVER_TEST_REDIS"] !== "1";
if (WITHOUT_REDIS) process.stdout.write("Redis tests are left out: redis-server is not installed\n");

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** A client to look at what is in it. */
  readonly admin: Awaited<ReturnType<typeof connect>>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export async function startRedis(options: readonly string[] = [], atPort?: number): Promise<RedisServer> {
  if (!isInstalled)
    throw new Error("CROSSOVER_TEST_REDIS=1 asks for Redis, and redis-server is not installed");
  const port = atPort ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), "crossover-redis-"));
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = startChild("redis-server", [...args, "--dir", folder, ...options]);
  await until(() => child.stdout().includes("Ready to accept connections") || undefined);
  const url = `redis://127.0.0.1:${port}`;
  const admin = await connect(url);
  return {
    url,
    port,
    admin,
    freeze: () => child.process.kill("SIGSTOP"),
    thaw: () => child.process.kill("SIGCONT"),
    stop: async () => {
      if (admin.isOpen) admin.destroy();
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connect(url: string) {
  const client = createClient({ url });
  client.on("error", () => {}); // tests stop the server under it
  return client.connect();
}
