import { serverError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { StoreError } from "../../src/store/store.ts";
import type { Tuning } from "../../src/tuning/tuning.ts";
import type { Platform } from "../platform.ts";

/**
 * Does something with what trains models.
 * @throws GatewayError 503 `store_unavailable` where there is no store for jobs, or when it fails
 */
export async function withTuning<T>(
  { log }: Pick<Gateway, "log">,
  { tuning }: Platform,
  work: (tuning: Tuning) => Promise<T>,
): Promise<T> {
  if (tuning === undefined)
    throw serverError(503, "store_unavailable", "This gateway has no store, so it trains no models.", {
      "x-should-retry": "false",
    });
  try {
    return await work(tuning);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log("error", "the store failed", { problem: error.message });
    throw serverError(
      503,
      "store_unavailable",
      "The store of fine-tuning jobs does not answer. Try again in a moment; the log says why.",
      { "retry-after": "5" },
    );
  }
}
