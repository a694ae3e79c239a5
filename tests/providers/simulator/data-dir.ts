import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A data folder that lasts as long as the test. */
export function newDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-simulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}
