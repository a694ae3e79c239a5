import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import type { Tuner } from "../../src/tuning/tuner.ts";

/** A store in a file, not in threads, which take a while to start. */
export async function newStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-tuning-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

/** What a gateway trains with. */
export function tunerOf({ tuner }: { readonly tuner: Tuner | undefined }): Tuner {
  if (tuner === undefined) throw new Error("there is no tuner");
  return tuner;
}

export const QUICK = { retryMs: 1, mostRetryMs: 20, graceMs: 200, lookMs: 10, scanMs: 20 };
