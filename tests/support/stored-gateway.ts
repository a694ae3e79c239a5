import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { refineBatch } from "../../src/captures/refine.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { startGateway, type TestGateway } from "./gateway.ts";

export interface StoredGateway {
  readonly gateway: TestGateway;
  readonly store: Store;
}

/**
 * A gateway with a store of its own, not in threads, which take a while to start.
 * @param held what captures wait for before they are written
 */
export async function startStored(config: unknown, held?: Promise<void>): Promise<StoredGateway> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-store-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  // Called last, when the gateway has closed.
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const gateway: TestGateway = await startGateway(config, {
    openedStore: store,
    rollouts: { timing: { flushMs: 1, pollMs: 5 } },
    captureSink: {
      write: async (batch) => {
        await held;
        await store.write(refineBatch(batch, gateway.gateway.table.redaction.stored));
      },
    },
  });
  return { gateway, store };
}
