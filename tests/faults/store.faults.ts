import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { startChild } from "../platforms/child.ts";
import { twoPaths } from "../support/config.ts";
import { sampleOf } from "../support/samples.ts";
import { until } from "../support/until.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway.ts";

// A store that can't be written while requests come: no answer changes, and the books agree to the request.

const root = join(import.meta.dirname, "../..");
/** Larger than what may wait in memory, 50 MiB: requests of 64 KB. */
const FILLER = "So that it fills a disk. ".repeat(2_600);
const AT_ONCE = 8;
const TEST_MS = 180_000;

interface Capturing {
  readonly gateway: GatewayProcess;
  readonly databaseFile: string;
  /** Asks so many times. @returns how many were answered as ever */
  ask(times: number): Promise<number>;
}

/** A gateway with the given folder for its store, whose requests are all captured. */
async function startCapturing(folder: string): Promise<Capturing> {
  const upstream = await startUpstream((_received, response) => sendJson(response, completion("ok")));
  const databaseFile = join(folder, "crossover.db");
  const gateway = await startGatewayProcess({
    ...twoPaths(upstream.url),
    store: { url: `file:${databaseFile}` },
  });
  onTestFinished(() => gateway.stop());
  await until(() => existsSync(`${databaseFile}-wal`), 30_000);
  let asked = 0;
  const askOnce = async (): Promise<boolean> => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "bare",
        messages: [{ role: "user", content: `Number ${asked++}. ${FILLER}` }],
      }),
    });
    return response.status === 200 && (await response.text()).includes('"content":"ok"');
  };
  return {
    gateway,
    databaseFile,
    ask: async (times) => {
      let answered = 0;
      const worker = async (share: number): Promise<void> => {
        for (let i = 0; i < share; i++) if (await askOnce()) answered++;
      };
      await Promise.all(Array.from({ length: AT_ONCE }, () => worker(times / AT_ONCE)));
      return answered;
    },
  };
}

interface Books {
  readonly stored: number;
  readonly dropped: number;
  readonly queued: number;
  readonly queuedBytes: number;
  readonly up: number;
}

async function booksOf(gateway: GatewayProcess): Promise<Books> {
  const text = await gateway.metrics();
  const outcome = (name: string): number => sampleOf(text, "crossover_captures_total", { outcome: name });
  return {
    stored: outcome("stored"),
    dropped: outcome("dropped"),
    queued: sampleOf(text, "crossover_capture_queue_requests", {}),
    queuedBytes: sampleOf(text, "crossover_capture_queue_bytes", {}),
    up: sampleOf(text, "crossover_store_up", {}),
  };
}

async function readiness(gateway: GatewayProcess): Promise<unknown> {
  const response = await fetch(`${gateway.url}/health/ready`);
  const body: unknown = await response.json();
  return { status: response.status, body };
}

/** Ends the gateway in good order. @returns the captures that its store has then */
async function storedAfterStop({ gateway, databaseFile }: Capturing): Promise<number> {
  gateway.child.process.kill("SIGTERM");
  expect(await gateway.child.ended).toBe(0);
  const database = new DatabaseSync(databaseFile);
  expect(database.prepare("pragma integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  database.close();
  const store = await openStore(`file:${databaseFile}`);
  const count = await store.count({ content: true });
  await store.close();
  return count;
}

/** A file system of so many MiB, or undefined where this process may not make one. */
function smallDisk(mib: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "crossover-small-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "none", folder]).status === 0;
  onTestFinished(() => {
    if (mounted) spawnSync("umount", ["--lazy", folder]);
    rmSync(folder, { recursive: true });
  });
  return mounted ? folder : undefined;
}

test("a full disk under load changes no answer, is told, and is over when there is room again, without a restart", {
  timeout: TEST_MS,
}, async ({ skip }) => {
  const disk = smallDisk(256);
  if (disk === undefined) return skip("this process may not mount a file system");
  const ballast = join(disk, "ballast");
  writeFileSync(ballast, Buffer.alloc(240 * 2 ** 20, 1));
  const capturing = await startCapturing(disk);
  const { gateway, ask } = capturing;

  // Some hundred fill the 16 MiB that are left; then 50 MiB wait, and the oldest are dropped.
  const many = 1_600;
  expect(await ask(many)).toBe(many);
  const full = await until(async () => {
    const books = await booksOf(gateway);
    return books.up === 0 && books.dropped > 0 ? books : undefined;
  }, 30_000);
  expect(full.stored + full.dropped + full.queued).toBe(many);
  expect(full.queuedBytes).toBeLessThanOrEqual(50 * 2 ** 20);
  expect(await readiness(gateway)).toMatchObject({ status: 200, body: { store: "degraded" } });

  rmSync(ballast);
  const room = await until(async () => {
    const books = await booksOf(gateway);
    return books.up === 1 && books.queued === 0 ? books : undefined;
  }, 120_000);
  expect(room.stored + room.dropped).toBe(many);
  expect(room.stored).toBeGreaterThanOrEqual(full.stored + full.queued);
  expect(await readiness(gateway)).toMatchObject({ status: 200, body: { store: "ok" } });
  expect(await storedAfterStop(capturing)).toBe(room.stored);
});

test("while another process holds the store for ten seconds answers come as ever, and nothing is lost that fits into memory", {
  timeout: TEST_MS,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "crossover-held-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const capturing = await startCapturing(folder);
  const { gateway, databaseFile, ask } = capturing;
  expect(await ask(80)).toBe(80);
  await until(async () => (await booksOf(gateway)).stored === 80, 30_000);

  const holder = startChild(process.execPath, ["tests/threads/lock-holder.ts", databaseFile], { cwd: root });
  onTestFinished(() => holder.stop());
  await until(() => holder.stdout().includes("locked"), 30_000);
  const heldSince = performance.now();
  expect(await ask(400)).toBe(400); // 26 MB
  const held = await booksOf(gateway);
  expect(held).toMatchObject({ stored: 80, dropped: 0, queued: 400 });
  expect(held.queuedBytes).toBeLessThanOrEqual(50 * 2 ** 20);
  await until(async () => (await booksOf(gateway)).up === 0, 30_000);
  expect(await readiness(gateway)).toMatchObject({ status: 200, body: { store: "degraded" } });
  await until(() => performance.now() - heldSince > 10_000, 20_000);
  await holder.stop();
  await until(async () => (await booksOf(gateway)).queued === 0, 30_000);
  expect(await booksOf(gateway)).toMatchObject({ stored: 480, dropped: 0, up: 1 });
  expect(await storedAfterStop(capturing)).toBe(480);
});
