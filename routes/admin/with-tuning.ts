import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Tuning } from "../../src/tuning/tuning.ts";
import type { Platform } from "../platform.ts";
import { withKept } from "./with-kept.ts";

const WORDS = {
  none: "This gateway has no store, so it trains no models.",
  failed: "The store of fine-tuning jobs does not answer. Try again in a moment; the log says why.",
};

/**
 * Does something with what trains models.
 * @throws GatewayError 503 `store_unavailable` where there is no store for jobs, or when it fails
 */
export async function withTuning<T>(
  gateway: Pick<Gateway, "log">,
  { tuning }: Platform,
  work: (tuning: Tuning) => Promise<T>,
): Promise<T> {
  return withKept(gateway, tuning, WORDS, work);
}
