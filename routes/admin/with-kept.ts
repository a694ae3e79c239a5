import { serverError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { StoreError } from "../../src/store/store.ts";

/** What somebody is told. */
interface Words {
  /** Where there is no store for it. */
  readonly none: string;
  /** When the store fails. */
  readonly failed: string;
}

/**
 * Does something with what is kept in the store.
 * @throws GatewayError 503 `store_unavailable` where there is no store, or when it fails
 */
export async function withKept<K, T>(
  { log }: Pick<Gateway, "log">,
  kept: K | undefined,
  { none, failed }: Words,
  work: (kept: K) => Promise<T>,
): Promise<T> {
  if (kept === undefined) throw serverError(503, "store_unavailable", none, { "x-should-retry": "false" });
  try {
    return await work(kept);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log("error", "the store failed", { problem: error.message });
    throw serverError(503, "store_unavailable", failed, { "retry-after": "5" });
  }
}
