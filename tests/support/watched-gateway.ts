import { createServer } from "node:http";
import { onTestFinished } from "vitest";
import { CaptureQueue } from "../../src/captures/capture-queue.ts";
import type { Standing } from "../../src/domain/rollout.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { Observation, PairObservation } from "../../src/rollouts/observation.ts";
import type { RolloutWatch } from "../../src/rollouts/rollouts.ts";
import { NodeInbound, NodeReply } from "../../src/transport/node-exchange.ts";
import { UndiciTransport } from "../../src/transport/undici.ts";
import { tableOf } from "../config/tables.ts";
import { CaptureSink } from "./capture-sink.ts";
import type { LogLine } from "./gateway.ts";
import { sampleOf } from "./samples.ts";

/** A rollout of which a test says where it stands, and that remembers what is observed. */
export class WatchDouble implements RolloutWatch {
  standings = new Map<string, Standing>();
  readonly observed: { readonly run: string; readonly observation: Observation }[] = [];
  spentUsd = 0;

  fits(): boolean {
    return true;
  }

  observe(run: string, observation: Observation): void {
    this.observed.push({ run, observation });
    if (observation.kind === "pair") this.spentUsd += observation.spentUsd;
  }

  shadowSpentToday(): number {
    return this.spentUsd;
  }

  get pairs(): readonly PairObservation[] {
    return this.observed.flatMap(({ observation }) => (observation.kind === "pair" ? [observation] : []));
  }
}

export interface WatchedGateway {
  readonly gateway: Gateway;
  readonly watch: WatchDouble;
  readonly url: string;
  readonly captures: CaptureSink;
  readonly logs: readonly LogLine[];
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Stops it, and lets requests under way end for so many milliseconds. */
  stop(deadlineMs: number): Promise<void>;
}

/** A listening gateway whose rollouts stand where `standings` says. */
export async function startWatched(
  config: Readonly<Record<string, unknown>>,
  standings: Readonly<Record<string, Standing>>,
): Promise<WatchedGateway> {
  const watch = new WatchDouble();
  watch.standings = new Map(Object.entries(standings));
  const metrics = new Metrics({ version: "1", runtime: "test" });
  const logs: LogLine[] = [];
  const log = (level: LogLine["level"], message: string, entry = {}): void => {
    logs.push({ level, message, fields: entry });
  };
  const captures = new CaptureSink();
  const queue = new CaptureQueue({ sink: captures, metrics, log: () => {} });
  const transport = new UndiciTransport();
  const gateway = new Gateway({
    table: tableOf(config),
    transport,
    metrics,
    log,
    captures: queue,
    rollouts: watch,
  });
  const server = createServer((incoming, outgoing) => {
    void gateway.chat(new NodeInbound(incoming), new NodeReply(outgoing));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  const url = `http://127.0.0.1:${address.port}`;
  const listener = {
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
    cut: () => server.closeAllConnections(),
  };
  const stop = (deadlineMs: number): Promise<void> => gateway.drain(listener, deadlineMs);
  onTestFinished(async () => {
    server.closeAllConnections();
    await stop(0);
    await queue.close(0);
    await transport.close();
  });
  return {
    gateway,
    watch,
    url,
    captures,
    logs,
    post: (body, headers = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    metric: async (name, labels = {}) => sampleOf(await metrics.render(), name, labels),
    stop,
  };
}
