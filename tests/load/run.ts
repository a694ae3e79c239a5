import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { textTable } from "../../src/cli/text-table.ts";
import { messageOf } from "../../src/domain/errors.ts";
import { audit, type Check } from "./audit.ts";
import { captureChecks, readCaptures } from "./captures.ts";
import { Child } from "./child.ts";
import type { Seen } from "./client.ts";
import { type ClientsOptions, startClients } from "./clients.ts";
import { ask, holdsWithin } from "./control.ts";
import { openFiles, type RunningGateway, requestLines, scrape, startGateway, sumOf } from "./gateway.ts";
import { ledger } from "./ledger.ts";
import { Inspector } from "./memory.ts";
import { type Options, readOptions, requireOpenFiles } from "./options.ts";
import { makeOutage, outageChecks } from "./outage.ts";
import { FILES_MARGIN, filesCheck, highest, isJudged, memoryChecks, type Rest } from "./resources.ts";
import { type Course, watch } from "./watch.ts";

// `npm run test:load -- --streams 1000 --seconds 120 --seed 1 --bun --outage`: many streams at a time, clients that
// leave, an upstream that fails; then everybody's books are compared. Exit code 1 when something does not add up.

/** Number of the first load's first request; the second begins at 1. */
const WARM_UP_FROM = 10_000_001;

/** How long the gateway may take to be at rest once the last client has gone, in milliseconds. */
const REST_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "crossover-load-"));
try {
  const options = readOptions(process.argv.slice(2));
  requireOpenFiles(options);
  const checks = await run(options);
  const rows = checks.map(({ name, told, ok }) => [ok ? "ok" : "FAIL", name, told]);
  process.stdout.write(`\n${textTable(["", "check", "figures"], rows, 3)}`);
  process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(options: Options): Promise<readonly Check[]> {
  const { seed, seconds, streams } = options;
  process.stdout.write(
    `${streams} streams for ${seconds} s on ${options.bun ? "Bun" : "Node"}, --seed ${seed}\n`,
  );
  const command = [process.execPath, "tests/load/upstream.ts", String(seed)];
  const upstream = new Child({ name: "upstream", command, folder });
  const upstreamPort = Number(await upstream.prints(/^The upstream listens on (\d+)$/m));
  const upstreamUrl = `http://127.0.0.1:${upstreamPort}`;
  const gateway = await startGateway(folder, upstreamPort, options.bun);
  const inspector =
    gateway.inspectorUrl === undefined ? undefined : await Inspector.connect(gateway.inspectorUrl);
  const stand: Stand = { gateway, upstreamUrl, inspector };
  await scrape(gateway.url);
  await holdsWithin(REST_MS, async () => existsSync(gateway.storeJournal));
  const filesBefore = await filesAtRest(gateway.child.pid);

  const load = { seed, port: gateway.port, streams };
  const warmUp = isJudged(seconds) ? await warmUpWith({ ...load, from: WARM_UP_FROM }) : [];
  const restBefore = await comesToRest(stand, filesBefore);
  const clients = startClients({ ...load, from: 1 });
  await clients.allIn;
  const watching = watch(gateway, upstreamUrl, inspector);
  const [outage] = await Promise.all([
    options.outage ? makeOutage(upstreamUrl, seconds) : undefined,
    delay(seconds * 1000),
  ]);
  const course = await watching.stop();
  const seen = await clients.stop();
  tellLoad(seen, course);
  const rest = await comesToRest(stand, filesBefore);

  const samples = await scrape(gateway.url);
  const calls = ledger.parse(JSON.parse(await ask(`${upstreamUrl}/ledger`)));
  inspector?.close();
  const exitCode = await gateway.child.stop("SIGTERM");
  const lines = requestLines(gateway.child.output);
  await upstream.stop("SIGKILL");
  const everySeen = [...warmUp, ...seen];
  return [
    ...audit({ seen: everySeen, calls, lines, samples, slowestMs: highest(course.answerMs) }),
    ...captureChecks({ seed, seen: everySeen, lines, samples, ...(await readCaptures(gateway.storeUrl)) }),
    filesCheck(filesBefore, rest),
    // In an outage streams end and come back: that is no steady state.
    ...(outage === undefined
      ? memoryChecks({ course, restBefore, rest, seconds, requests: seen.length })
      : []),
    ...(outage === undefined ? [] : outageChecks(outage, seen, calls)),
    { name: "the gateway ends well", told: `exit code ${exitCode ?? "none"}`, ok: exitCode === 0 },
  ];
}

/** A gateway that has just begun may still be starting threads, each with files of its own. */
async function filesAtRest(pid: number): Promise<number> {
  let files = openFiles(pid);
  let looks = 0;
  await holdsWithin(REST_MS, async () => {
    const now = openFiles(pid);
    looks = now === files ? looks + 1 : 0;
    files = now;
    return looks >= 20;
  });
  return files;
}

/** A first load, after which what remains of the second is a leak: code is compiled, caches are full. */
async function warmUpWith(options: ClientsOptions): Promise<readonly Seen[]> {
  const clients = startClients(options);
  await clients.allIn;
  return clients.stop();
}

function tellLoad(seen: readonly Seen[], { inflight, openFiles: files, answerMs }: Course): void {
  const kinds = Map.groupBy(seen, ({ outcome }) => outcome.kind);
  const told = [...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(", ");
  process.stdout.write(
    `${seen.length} requests: ${told}; at most ${highest(inflight)} under way, ${highest(files)} open files; ` +
      `the slowest answer to a question took ${highest(answerMs).toFixed(0)} ms\n`,
  );
}

interface Stand {
  readonly gateway: RunningGateway;
  readonly upstreamUrl: string;
  readonly inspector: Inspector | undefined;
}

/** Waits until nothing is under way and what was opened for clients is closed, or until there is no hope of it. */
async function comesToRest({ gateway, upstreamUrl, inspector }: Stand, filesBefore: number): Promise<Rest> {
  let files = 0;
  await holdsWithin(REST_MS, async () => {
    await ask(`${upstreamUrl}/idle`);
    files = openFiles(gateway.child.pid);
    const samples = await scrape(gateway.url);
    const busy =
      sumOf(samples, "crossover_inflight_requests") + sumOf(samples, "crossover_capture_queue_requests");
    return busy === 0 && files <= filesBefore + FILES_MARGIN;
  });
  return { files, liveBytes: await inspector?.settledBytes() };
}
