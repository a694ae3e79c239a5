import { badRequest, serverError } from "../domain/errors.ts";
import type { Log } from "../metrics/log.ts";
import { type Store, StoreError } from "../store/store.ts";

export interface StoreAccess {
  /** Undefined where there is none. */
  readonly store: Store | undefined;
  readonly log: Log;
}

/**
 * Does something with the store of captures.
 * @throws GatewayError 503 `store_unavailable` where there is none, or when it fails; 400 for a cursor that is none
 */
export async function withStore<T>(
  { store, log }: StoreAccess,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  if (store === undefined)
    throw serverError(503, "store_unavailable", "This gateway has no store, so it keeps no captures.", {
      "x-should-retry": "false",
    });
  try {
    return await work(store);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    // Of all that a request says, the store alone knows its cursors.
    if (error.invalid) throw badRequest("invalid_value", `It can't be used: ${error.message}.`, "cursor");
    log("error", "the store failed", { problem: error.message });
    throw serverError(
      503,
      "store_unavailable",
      "The store of captures does not answer. Try again in a moment; the log says why.",
      { "retry-after": "5" },
    );
  }
}
