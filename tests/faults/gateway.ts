import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { type Child, startChild } from "../platforms/child.ts";
import { sampleOf } from "../support/samples.ts";
import { until } from "../support/until.ts";
import { CANARIES } from "./canaries.ts";

const root = join(import.meta.dirname, "../..");
const node = join(root, "node_modules/node/bin/node");

const logLine = z.looseObject({ level: z.string(), message: z.string() });
export type LogLine = z.infer<typeof logLine>;

/** The gateway as a process of its own, known only by what it answers and writes. */
export interface GatewayProcess {
  readonly url: string;
  readonly child: Child;
  /** The path of its configuration. */
  readonly configPath: string;
  /** The text of /metrics. */
  metrics(): Promise<string>;
  /** The lines of its log so far. */
  log(): readonly LogLine[];
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** Options of Node's, before the file that it runs. */
  readonly nodeOptions?: readonly string[];
  /** Where its standard output goes. Default: to the test. */
  readonly stdout?: { readonly file: string; readonly port: number };
}

/** Starts `crossover start` with a configuration in a folder of its own. */
export async function startGatewayProcess(
  config: unknown,
  { nodeOptions = [], stdout }: GatewayOptions = {},
): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-faults-"));
  const configPath = join(folder, "crossover.yaml");
  writeFileSync(configPath, stringify(config));
  const command = [node, ...nodeOptions, "src/cli.ts", "start", "--config", configPath];
  const env = { PORT: String(stdout?.port ?? 0) };
  const child =
    stdout === undefined
      ? startChild(node, command.slice(1), { cwd: root, env })
      : startChild("sh", ["-c", `exec "$@" >${stdout.file}`, "sh", ...command], { cwd: root, env });
  const ended = (): string => `the gateway ended: ${child.stdout()}${child.stderr()}`;
  const url = await until(async () => {
    if (child.hasEnded()) throw new Error(ended());
    if (stdout === undefined) return /listens on (http:\/\/\S+)\/v1\n/.exec(child.stdout())?.[1];
    const own = `http://127.0.0.1:${stdout.port}`;
    return fetch(`${own}/health/live`).then(
      () => own,
      () => undefined,
    );
  }, 30_000);
  return {
    url,
    child,
    configPath,
    metrics: async () => {
      const headers = { authorization: `Bearer ${CANARIES.metrics}` };
      return (await fetch(`${url}/metrics`, { headers })).text();
    },
    log: () =>
      child
        .stdout()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => logLine.parse(JSON.parse(line))),
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Resident memory of the process in MiB. */
export async function memoryOf(gateway: GatewayProcess): Promise<number> {
  return sampleOf(await gateway.metrics(), "process_resident_memory_bytes", {}) / 2 ** 20;
}
