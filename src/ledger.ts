import type { RedisSettings } from "./domain/table.ts";
import type { LedgerAccess } from "./gateway/limiter.ts";
import { MemoryLedger } from "./limits/memory-ledger.ts";
import { SpendingFile } from "./limits/spending-disk.ts";
import type { Log } from "./metrics/log.ts";
import type { Metrics } from "./metrics/metrics.ts";

/** About how often who waits for a budget that other processes settle too looks again, in milliseconds. */
const RETRY_MS = 50;

export interface LedgerOptions {
  readonly redis: RedisSettings | undefined;
  /** Where what was spent is kept over a restart, without Redis. */
  readonly folder: string;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Where limits are counted, until it is closed. */
export interface OpenLedger extends LedgerAccess {
  /** Tells and writes what is left to tell and to write. */
  close(): Promise<void>;
}

/**
 * Limits in Redis, or in memory with a file of what was spent.
 * @throws SpendingFileError when that file can't be used
 */
export async function openLedger({ redis, folder, metrics, log }: LedgerOptions): Promise<OpenLedger> {
  if (redis === undefined) {
    const ledger = new MemoryLedger();
    metrics.spendingKept(true);
    const file = new SpendingFile({
      folder,
      ledger,
      onState: (error) => {
        metrics.spendingKept(error === undefined);
        if (error === undefined) log("info", "what was spent is written again");
        else
          log("error", "what was spent can't be written; it is tried each second", {
            problem: String(error),
          });
      },
    });
    return { ledger, close: () => file.close() };
  }
  const { RedisLedger } = await import("./limits/redis-ledger.ts");
  const { openRedis } = await import("./limits/redis-store.ts");
  metrics.limitsShared(true);
  /** Settlements that Redis was away for too long for, and that are not counted there. */
  let lost = 0;
  const ledger = new RedisLedger({
    store: await openRedis(redis),
    timeoutMs: redis.timeoutMs,
    onState: (state, cause) => {
      metrics.limitsShared(state === "redis");
      if (state === "memory") lost = 0;
      const problem = cause === undefined ? undefined : String(cause);
      if (state === "redis") log("info", "limits are counted in Redis again", { lost });
      else log("error", "Redis does not answer, this process counts limits by itself", { problem });
    },
    onLost: () => lost++,
  });
  await ledger.check();
  return { ledger, retryMs: RETRY_MS, close: () => ledger.close() };
}
