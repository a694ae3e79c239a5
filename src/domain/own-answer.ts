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

export function idHeaders(requestId: string): Record<string, string> {
  return { "x-request-id": requestId, "x-crossover-request-id": requestId };
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
