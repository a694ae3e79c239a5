import { GatewayError, serverError } from "../domain/errors.ts";

/** 404: the configuration has no rollout of this name. */
export function rolloutNotFound(name: string): GatewayError {
  const shown = JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "rollout_not_found",
    message: `The configuration has no rollout ${shown}.`,
  });
}

/** 409: a rollout is where this can't be done. @param message says what it is and what can be done */
export function rolloutState(message: string): GatewayError {
  return new GatewayError({ status: 409, type: "invalid_request_error", code: "rollout_state", message });
}

/** 503: nothing can be changed, or read, as the store does not answer. */
export function rolloutStoreFails(): GatewayError {
  return serverError(
    503,
    "store_unavailable",
    "The store of rollouts does not answer. Try again in a moment; the log says why.",
    { "retry-after": "5" },
  );
}
