import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { basename, dirname } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import { createApp } from "../routes/app.ts";
import { CHAT_PATH } from "../routes/chat.ts";
import type { OpenExchange } from "../routes/platform.ts";
import type { RawSink } from "./captures/raw.ts";
import { DiskFiles } from "./config/disk.ts";
import { datasetAt } from "./dataset-files.ts";
import type { Table } from "./domain/table.ts";
import { exposureOf } from "./exposure.ts";
import { Gateway } from "./gateway/gateway.ts";
import type { Listener } from "./gateway/open-requests.ts";
import { Reloader } from "./gateway/reloader.ts";
import { DiskKeyStore } from "./keys/disk-store.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { openLedger } from "./ledger.ts";
import { loadFromDisk } from "./load-from-disk.ts";
import { type Log, redactedLog } from "./metrics/log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { processMetrics } from "./metrics/process-metrics.ts";
import { capturesOf, LAST_WRITES_MS, STANDINGS_MS, threadedStore } from "./open-store.ts";
import { openTuner } from "./open-tuner.ts";
import { Conductor, type ConductorOptions } from "./rollouts/conductor.ts";
import type { Store } from "./store/store.ts";
import type { ThreadedStore } from "./threads/threaded-store.ts";
import { closeWhatGoesIdle } from "./transport/node-connections.ts";
import { NodeInbound, NodeReply } from "./transport/node-exchange.ts";
import { guardServer, serverOptions } from "./transport/node-guard.ts";
import { UndiciTransport } from "./transport/undici.ts";
import type { TuningTiming } from "./tuning/deps.ts";
import type { Tuner } from "./tuning/tuner.ts";
import { VERSION } from "./version.ts";

/**
 * Connections that may wait to be accepted, if the system allows so many. Node takes one each turn of its event loop,
 * and a client that finds Node's own 511 places taken tries again only after seconds.
 */
const BACKLOG = 4096;

export interface NodeOptions {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Default: one with the created keys of the data folder. */
  readonly keys?: KeyRing;
  /** Open the configured store? Default true. */
  readonly store?: boolean;
  /** A store that is open already, in the configured one's place. */
  readonly openedStore?: Store | undefined;
  /** Where captures go. Default: into the store, if there is one. */
  readonly captureSink?: RawSink;
  /** How fine-tuning jobs are worked on. */
  readonly tuning?: Partial<TuningTiming> | undefined;
  /** How rollouts are led. */
  readonly rollouts?: Pick<ConductorOptions, "timing" | "now"> | undefined;
  /** Reload when a configuration file changes. Default true. */
  readonly watch?: boolean;
}

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly store: ThreadedStore | undefined;
  /** Undefined where there is no store. */
  readonly tuner: Tuner | undefined;
  /** Undefined where there is no store. */
  readonly rollouts: Conductor | undefined;
  readonly server: Server;
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** What its user should know of where it listens. */
  readonly warning: string | undefined;
  readonly reload: () => void;
  /** Stops accepting, lets requests under way end, at most for `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Starts the gateway on Node.
 * @throws ConfigError when the configuration is bad, StoreError when the created keys can't be read, SpendingFileError
 * when what was spent can't, Error when the address can't be listened on
 */
export async function startNode(options: NodeOptions): Promise<RunningGateway> {
  const files = new DiskFiles(dirname(options.configPath));
  const load = (): Table => loadFromDisk(options.configPath, options.env, files);
  const table = load();
  const transport = new UndiciTransport();
  const metrics = new Metrics({
    version: VERSION,
    runtime: `node ${process.versions.node}`,
    further: processMetrics(),
  });
  const keys = options.keys ?? new KeyRing({ store: new DiskKeyStore(table.server.dataDir) });
  const { redis, server: settings } = table;
  const log = redactedLog(options.log, () => table.redaction.secrets);
  const store = (options.store ?? true) ? threadedStore(table, { metrics, log }) : undefined;
  const ledger = await openLedger({ redis, folder: settings.dataDir, metrics, log });
  const opened = options.openedStore ?? store;
  const rollouts =
    opened && new Conductor({ ...options.rollouts, store: opened, log, metrics: metrics.rollouts });
  const onTable = (inForce: Table): void => {
    store?.use(inForce);
    rollouts?.use(inForce.rollouts);
  };
  const captures = capturesOf(store, { metrics, log }, options.captureSink);
  const gateway = new Gateway({
    table,
    transport,
    metrics,
    log: options.log,
    keys,
    ledger,
    store: opened,
    captures,
    rollouts,
    onTable,
  });
  const tuner =
    gateway.store &&
    openTuner({
      store: gateway.store,
      table: () => gateway.table,
      configPath: options.configPath,
      env: options.env,
      transport,
      log: gateway.log,
      metrics,
      timing: options.tuning,
    });
  const { host, open, warning } = exposureOf(table.server.host, keys.required);
  if (warning !== undefined) options.log("warn", warning);
  const reloader = new Reloader(gateway, basename(options.configPath), load, open);
  const app = createApp(
    gateway,
    {
      open: openNode,
      reload: () => reloader.reload(),
      configStale: () => reloader.stale,
      storeState: () => store?.state ?? "off",
      openAdmin: () => !open,
      tuning: tuner,
      rollouts: rollouts?.control,
      datasetAt: (path) => datasetAt(path, gateway.table.tuning.datasets),
    },
    VERSION,
  );
  const server = createServer(serverOptions(table.server));
  const hono = getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: "localhost" });
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // The one address that is worth a way of its own: Hono's takes as long as deciding and enriching together.
    if (incoming.url === CHAT_PATH && incoming.method === "POST")
      void gateway.chat(new NodeInbound(incoming), new NodeReply(outgoing));
    else void hono(incoming, outgoing);
  };
  guardServer(server, answer, table.server);
  closeWhatGoesIdle(server);
  await rollouts?.ready(STANDINGS_MS);
  try {
    await listen(server, table.server.port, host);
  } catch (error) {
    await rollouts?.close();
    await store?.close();
    throw error;
  }
  store?.open();
  tuner?.run();
  const stopWatching = (options.watch ?? true) ? files.watch(() => reloader.tryReload()) : () => {};
  return {
    gateway,
    store,
    tuner,
    rollouts,
    server,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${portOf(server)}`,
    warning,
    reload: () => reloader.tryReload(),
    close: async (deadlineMs) => {
      stopWatching();
      await Promise.all([tuner?.close(), gateway.drain(listenerOf(server), deadlineMs)]);
      await rollouts?.close();
      await captures?.close(LAST_WRITES_MS);
      await transport.close();
      await ledger.close();
      await store?.close();
    },
  };
}

interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

function openNode(context: Context<{ Bindings: NodeBindings }>): OpenExchange {
  const { incoming, outgoing } = context.env;
  return {
    inbound: new NodeInbound(incoming),
    reply: new NodeReply(outgoing),
    respond: (answered) => answered.then(() => RESPONSE_ALREADY_SENT),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  return address.port;
}

function listenerOf(server: Server): Listener {
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
    cut: () => server.closeAllConnections(),
  };
}
