import type { ServerSettings } from "../domain/table.ts";
import type { CompileContext } from "./compile.ts";
import type { Environment } from "./document.ts";
import type { Config } from "./schema.ts";

/** Address, limits and tokens of the server. The environment overrides some of them. */
export function compileServer(config: Config, { env, report }: CompileContext): ServerSettings {
  const { server = {} } = config;
  const port = env["PORT"] ? Number(env["PORT"]) : (server.port ?? 8787);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    report(["server", "port"], "the environment's PORT is no number from 0 to 65535");
  return {
    host: env["HOST"] || server.host || "127.0.0.1",
    port,
    adminToken: server.adminToken || undefined,
    metricsToken: server.metricsToken || undefined,
    dataDir: dataDirOf(config, env),
    maxBodyBytes: server.maxBodyBytes ?? 20 * 1024 * 1024,
    maxResponseBytes: server.maxResponseBytes ?? 50 * 1024 * 1024,
    jsonLimits: {
      depth: server.maxDepth ?? 64,
      nodes: server.maxNodes ?? 100_000,
      messages: server.maxMessages ?? 10_000,
    },
    clientTimeout: (server.clientTimeout ?? 60) * 1000,
    requestTimeout: (server.requestTimeout ?? 300) * 1000,
    drain: (server.drain ?? 30) * 1000,
    maxConnections: server.maxConnections ?? 10_000,
    maxBufferedBytes: server.maxBufferedBytes ?? 512 * 1024 * 1024,
    requestLog: server.requestLog ?? true,
  };
}

/** The folder in which the gateway keeps its files, relative to the working directory. */
export function dataDirOf({ server }: Config, env: Environment): string {
  return env["CROSSOVER_DATA_DIR"] || server?.dataDir || "data";
}

/** Where tuned models are registered. */
export function registeredFile(dataDir: string): string {
  return `${dataDir.replace(/\/+$/, "")}/registered.yaml`;
}
