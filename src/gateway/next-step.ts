import type { RetrySettings } from "../domain/table.ts";
import type { AttemptKind, Failure } from "./failure.ts";

/** What follows on a failure: the same variant once more, or the next one of the chain. */
export type Step = { readonly kind: "again"; readonly afterMs: number } | { readonly kind: "next" };

export interface Situation {
  /** Has the variant no fallback left? */
  readonly last: boolean;
  /** How often the variant was tried again already. */
  readonly retries: number;
  /** Milliseconds since the request began. */
  readonly elapsedMs: number;
  /** From [0, 1). */
  readonly random: number;
  /** Milliseconds since 1970, for a `retry-after` that names a date. */
  readonly wallClock: number;
}

const NEXT: Step = { kind: "next" };

/** The longest first backoff, and the longest of all, in milliseconds. */
const FIRST_BACKOFF_MS = 400;
const MAX_BACKOFF_MS = 2000;

/** Those who waited for the same `retry-after` come back over so many milliseconds, and not at once. */
const SPREAD_MS = 250;

/**
 * Backoff with full jitter: uniform between 0 and a bound that doubles with each retry (Marc Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015). An upstream that says how long to wait is heard.
 */
export function nextStep(failure: Failure, settings: RetrySettings, situation: Situation): Step {
  const { last, retries, elapsedMs, random, wallClock } = situation;
  const waiting = failure.kind === "cooling_down";
  const most = waiting ? Number.POSITIVE_INFINITY : settings.most;
  if (retries >= (last ? most : settings.beforeFallback) || !mayHelp(failure)) return NEXT;
  const asked = askedWaitMs(failure, wallClock);
  const afterMs =
    asked === undefined
      ? random * Math.min(FIRST_BACKOFF_MS * 2 ** retries, MAX_BACKOFF_MS)
      : asked + random * SPREAD_MS;
  return elapsedMs + afterMs > settings.deadlineMs ? NEXT : { kind: "again", afterMs };
}

/** How long the upstream asks to be left alone, in milliseconds. */
export function askedWaitMs({ answer: { headers } }: Failure, wallClock: number): number | undefined {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "");
  if (ms >= 0) return ms;
  const value = headers["retry-after"]?.trim();
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN; // which takes "-1" for a year
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallClock);
}

function mayHelp({ kind, answer, again }: Failure): boolean {
  return answer.headers["x-should-retry"] !== "false" && (again ?? byKind(kind));
}

/** A time that ran out is not spent twice, and what a server meant to say is not asked for again. */
function byKind(kind: AttemptKind): boolean {
  switch (kind) {
    case "unreachable":
    case "interrupted":
    case "server_error":
    case "rate_limited":
    case "cooling_down":
      return true;
    case "success":
    case "client_error":
    case "auth_failed":
    case "bad_response":
    case "timeout":
    case "client_closed":
    case "superseded":
    case "circuit_open":
      return false;
  }
}
