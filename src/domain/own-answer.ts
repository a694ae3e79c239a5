import { randomFillSync } from "node:crypto";
import { GatewayError, internalError } from "./errors.ts";

/** An answer of the gateway's own. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The one place where an error becomes an answer. What is no GatewayError is our bug, told without detail. */
export function errorAnswer(error: unknown, requestId: string): OwnAnswer {
  const known = error instanceof GatewayError ? error : internalError(requestId);
  return {
    status: known.status,
    headers: {
      ...idHeaders(requestId),
      ...known.headers,
      "content-type": "application/json",
      "cache-control": "no-store",
    },
    body: JSON.stringify(known.body),
  };
}

/** @param attempts calls to upstreams so far; one alone goes without saying */
export function idHeaders(requestId: string, attempts = 1): Record<string, string> {
  const headers: Record<string, string> = { "x-request-id": requestId, "x-crossover-request-id": requestId };
  if (attempts > 1) headers["x-crossover-attempts"] = String(attempts);
  return headers;
}

const ID_BYTES = 16;
/** Random bytes for many ids: asking for them one id at a time takes twice to four times as long. */
const randomness = Buffer.alloc(256 * ID_BYTES);
let used = randomness.length;

/** An id that no client can guess or repeat. */
export function newRequestId(): string {
  if (used === randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  used += ID_BYTES;
  return `cx_${randomness.toString("hex", used - ID_BYTES, used)}`;
}
