import { basename, dirname } from "node:path";
import { createApp } from "../routes/app.ts";
import { answerChat, CHAT_PATH } from "../routes/chat.ts";
import type { OpenExchange } from "../routes/platform.ts";
import { errorText } from "./cli/error-text.ts";
import { stdoutLog } from "./cli/stdout-log.ts";
import { DiskFiles } from "./config/disk.ts";
import { datasetAt } from "./dataset-files.ts";
import { Departures } from "./departures.ts";
import type { Table } from "./domain/table.ts";
import { exposureOf } from "./exposure.ts";
import { Gateway } from "./gateway/gateway.ts";
import { Reloader } from "./gateway/reloader.ts";
import { DiskKeyStore } from "./keys/disk-store.ts";
import { KeyRing } from "./keys/key-ring.ts";
import { openLedger } from "./ledger.ts";
import { loadFromDisk } from "./load-from-disk.ts";
import { redactedLog } from "./metrics/log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { capturesOf, LAST_WRITES_MS, STANDINGS_MS, threadedStore } from "./open-store.ts";
import { openTuner } from "./open-tuner.ts";
import { Conductor } from "./rollouts/conductor.ts";
import { UndiciTransport } from "./transport/undici.ts";
import { VERSION } from "./version.ts";
import { openWeb } from "./web.ts";

/** The part of Bun's server that is used here. */
declare const Bun: {
  readonly version: string;
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly idleTimeout: number;
    readonly maxRequestBodySize: number;
    /** Addresses and methods that do not come to `fetch`. */
    readonly routes: Readonly<Record<string, { readonly POST: (request: Request) => Promise<Response> }>>;
    readonly fetch: (request: Request) => Response | Promise<Response>;
  }): {
    readonly url: URL;
    /** Takes no new connections. @returns when those under way have ended */
    stop(closeActiveConnections?: boolean): Promise<void>;
  };
};

// `bun src/bun.ts`: the same gateway on Bun, with its own server.
try {
  await serve(process.env["CROSSOVER_CONFIG"] || "config/crossover.yaml");
} catch (error) {
  process.stderr.write(`crossover: ${errorText(error)}\n`);
  process.exitCode = 1;
}

async function serve(configPath: string): Promise<void> {
  const files = new DiskFiles(dirname(configPath));
  const load = () => loadFromDisk(configPath, process.env, files);
  const table = load();
  const transport = new UndiciTransport();
  const keys = new KeyRing({ store: new DiskKeyStore(table.server.dataDir) });
  const log = stdoutLog();
  const metrics = new Metrics({ version: VERSION, runtime: `bun ${Bun.version}` });
  const ownLog = redactedLog(log, () => table.redaction.secrets);
  const store = threadedStore(table, { metrics, log: ownLog });
  const captures = capturesOf(store, { metrics, log: ownLog });
  const { redis, server: settings } = table;
  const ledger = await openLedger({ redis, folder: settings.dataDir, metrics, log: ownLog });
  const rollouts = store && new Conductor({ store, log: ownLog, metrics: metrics.rollouts });
  const onTable = (inForce: Table): void => {
    store?.use(inForce);
    rollouts?.use(inForce.rollouts);
  };
  const gateway = new Gateway({
    table,
    keys,
    transport,
    metrics,
    log,
    ledger,
    store,
    captures,
    rollouts,
    onTable,
  });
  const tuner =
    store &&
    openTuner({
      store,
      table: () => gateway.table,
      configPath,
      env: process.env,
      transport,
      log: gateway.log,
      metrics,
    });
  const { host, open: isOpen, warning } = exposureOf(table.server.host, keys.required);
  if (warning !== undefined) log("warn", warning);
  const reloader = new Reloader(gateway, basename(configPath), load, isOpen);
  const departures = new Departures();
  const open = (request: Request): OpenExchange =>
    openWeb(request, departures, gateway.table.server, () => {});
  const app = createApp(
    gateway,
    {
      open: (context) => open(context.req.raw),
      reload: () => reloader.reload(),
      configStale: () => reloader.stale,
      storeState: () => store?.state ?? "off",
      openAdmin: () => !isOpen,
      tuning: tuner,
      rollouts: rollouts?.control,
      datasetAt: (path) => datasetAt(path, gateway.table.tuning.datasets),
    },
    VERSION,
  );
  await rollouts?.ready(STANDINGS_MS);
  const chat = (request: Request): Promise<Response> => answerChat(gateway, open(request));
  const server = Bun.serve({
    hostname: host,
    port: table.server.port,
    idleTimeout: 0, // the gateway has timeouts of its own
    maxRequestBodySize: table.server.maxBodyBytes + 64 * 1024,
    // The one address that is worth a way of its own: Hono's takes as long as deciding and enriching together.
    routes: { [CHAT_PATH]: { POST: chat } },
    fetch: app.fetch,
  });
  store?.open();
  tuner?.run();
  const stopWatching = files.watch(() => reloader.tryReload());
  process.on("SIGHUP", () => reloader.tryReload());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop(signal));
  const notes = table.notices.map((notice) => `  note     ${notice}\n`);
  if (warning !== undefined) notes.push(`  WARNING  ${warning}\n`);
  process.stdout.write(
    `Crossover listens on ${server.url.origin}/v1 (Bun ${Bun.version})\n${notes.join("")}`,
  );

  async function stop(signal: string): Promise<void> {
    gateway.log("info", "stopping", { signal });
    stopWatching();
    const listener = { close: () => server.stop(), cut: () => void server.stop(true) };
    await Promise.all([tuner?.close(), gateway.drain(listener, gateway.table.server.drain)]);
    await rollouts?.close();
    await captures?.close(LAST_WRITES_MS);
    await transport.close();
    await ledger.close();
    await store?.close();
  }
}
