import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import type { RawSink } from "../../src/captures/raw.ts";
import { fieldsOf, type LogFields } from "../../src/metrics/log.ts";
import { type NodeOptions, type RunningGateway, startNode } from "../../src/node.ts";
import type { Store } from "../../src/store/store.ts";
import type { TuningTiming } from "../../src/tuning/deps.ts";
import { sampleOf } from "./samples.ts";

export { sampleOf } from "./samples.ts";
export { until } from "./until.ts";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface TestGateway extends RunningGateway {
  readonly configPath: string;
  /** The folder of its created keys. */
  readonly dataDir: string;
  /** The official SDK, pointed at the gateway, without retries of its own. */
  readonly client: OpenAI;
  readonly logs: readonly LogLine[];
  /** Value of one metric sample; 0 when it is not there. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Writes the configuration anew. */
  write(config: unknown): void;
}

export interface TestGatewayOptions {
  /** Where captures go. Default: nowhere. */
  readonly captureSink?: RawSink;
  readonly env?: Readonly<Record<string, string>>;
  readonly watch?: boolean;
  /** Open the configured store, in threads that take a while to start? Default false. */
  readonly store?: boolean;
  /** A store that is open already, in the configured one's place. */
  readonly openedStore?: Store;
  /** How fine-tuning jobs are worked on. */
  readonly tuning?: Partial<TuningTiming>;
  /** How rollouts are led. */
  readonly rollouts?: NodeOptions["rollouts"];
  /** Further files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A listening gateway with a configuration of its own; it is closed when the test ends. */
export async function startGateway(config: unknown, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-"));
  const configPath = join(folder, "crossover.yaml");
  const write = (value: unknown): void =>
    writeFileSync(configPath, typeof value === "string" ? value : stringify(value));
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text);
  write(config);
  const logs: LogLine[] = [];
  const running = await startNode({
    configPath,
    env: { PORT: "0", CROSSOVER_DATA_DIR: join(folder, "data"), ...options.env },
    log: (level, message, entry = {}) => logs.push({ level, message, fields: fieldsOf(entry) }),
    watch: options.watch ?? false,
    store: options.store ?? false,
    openedStore: options.openedStore,
    tuning: options.tuning,
    rollouts: options.rollouts,
    ...(options.captureSink && { captureSink: options.captureSink }),
  });
  onTestFinished(async () => {
    await running.close(0);
    rmSync(folder, { recursive: true });
  });
  return {
    ...running,
    configPath,
    dataDir: join(folder, "data"),
    client: new OpenAI({ baseURL: `${running.url}/v1`, apiKey: "unused", maxRetries: 0 }),
    logs,
    write,
    metric: async (name, labels = {}) =>
      sampleOf(await (await fetch(`${running.url}/metrics`)).text(), name, labels),
    post: (body, headers = {}) =>
      fetch(`${running.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body:
          typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
      }),
  };
}
