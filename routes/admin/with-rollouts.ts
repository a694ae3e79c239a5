import type { Gateway } from "../../src/gateway/gateway.ts";
import type { RolloutControl } from "../../src/rollouts/rollouts.ts";
import type { Platform } from "../platform.ts";
import { withKept } from "./with-kept.ts";

const WORDS = {
  none: "This gateway has no store, so its rollouts stand at the stage that the configuration gives them, and nobody judges them. On Node or Bun take `store: false` out of the configuration and start the gateway anew; then they can be started.",
  failed: "The store of rollouts does not answer. Try again in a moment; the log says why.",
};

/**
 * Does something with rollouts.
 * @throws GatewayError 503 `store_unavailable` where there is no store for them, or when it fails
 */
export async function withRollouts<T>(
  gateway: Pick<Gateway, "log">,
  { rollouts }: Platform,
  work: (rollouts: RolloutControl) => Promise<T>,
): Promise<T> {
  return withKept(gateway, rollouts, WORDS, work);
}
