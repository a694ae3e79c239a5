import { usageOf } from "./answers.ts";
import type { Seen } from "./client.ts";
import type { RequestLine } from "./gateway.ts";
import type { Call, CallEnd } from "./ledger.ts";

/** What client, gateway and upstream each know of one request. */
export interface Match {
  readonly seen: Seen;
  /** The gateway's line; undefined when the client left before it had the request's id. */
  readonly line: RequestLine | undefined;
  /** In the order in which they came. */
  readonly calls: readonly Call[];
}

/** @returns the matches, and the lines that no client has an id for */
export function matchAll(
  seen: readonly Seen[],
  lines: readonly RequestLine[],
  calls: readonly Call[],
): { readonly matches: readonly Match[]; readonly rest: readonly RequestLine[] } {
  const byId = new Map(lines.map((line) => [line.request_id, line]));
  const byNumber = Map.groupBy(calls, ({ number }) => number);
  const matches = seen.map((one) => ({
    seen: one,
    line: one.requestId === undefined ? undefined : byId.get(one.requestId),
    calls: byNumber.get(one.number) ?? [],
  }));
  const matched = new Set(matches.map(({ line }) => line));
  return { matches, rest: lines.filter((line) => !matched.has(line)) };
}

/** Is it an end that the upstream made by itself, and not a good one? */
export function isFault(end: CallEnd | undefined): boolean {
  switch (end) {
    case undefined:
    case "open":
    case "complete":
    case "aborted":
      return false;
    case "outage":
    case "status":
    case "hang-up":
    case "error-first":
    case "error-event":
    case "reset":
    case "close":
      return true;
  }
}

/**
 * @returns in what client, gateway and upstream contradict each other; undefined when they agree
 * @param leavingMs how long a call may go on after its client left
 */
export function contradiction({ seen, line, calls }: Match, leavingMs: number): string | undefined {
  const { outcome } = seen;
  const earlier = calls.slice(0, -1);
  if (!earlier.every(({ end }) => isFault(end))) return "called again after a call that did not fail";
  if (outcome.kind === "wrong") return outcome.why;
  if (outcome.kind === "left") return ofLeft({ seen, line, calls }, leavingMs);
  if (line === undefined) return "no line in the log";
  if (line.attempts !== calls.length) return `${line.attempts} attempts, ${calls.length} calls`;
  const last = calls.at(-1)?.end;
  switch (outcome.kind) {
    case "complete":
      return last === "complete" && line.status === 200
        ? ofTokens(line, seen.number)
        : told(outcome.kind, last, line);
    case "broken":
      return (outcome.code === "load_fault") === (last === "error-event") &&
        (last === "error-event" || last === "reset" || last === "close") &&
        line.status === 502
        ? undefined
        : told(`broken (${outcome.code})`, last, line);
    case "refused":
      // Without a call: a circuit breaker or the like refused.
      return (last === undefined || isFault(last)) && outcome.status >= 500 && line.status === outcome.status
        ? undefined
        : told(`refused (${outcome.status})`, last, line);
  }
}

/** A client's leaving and the end of its answer may cross. */
function ofLeft({ seen: { number, endedAt }, line, calls }: Match, leavingMs: number): string | undefined {
  const last = calls.at(-1);
  // On a busy machine a call may come to the upstream when its client has long left.
  if (last !== undefined && last.endedAt > Math.max(endedAt, last.beganAt) + leavingMs)
    return "the call outlived its client";
  if (line === undefined) return undefined;
  if (line.attempts < calls.length) return `${line.attempts} attempts, ${calls.length} calls`;
  if (line.status === 499) return undefined;
  if (line.status === 200)
    return last?.end === "complete" ? ofTokens(line, number) : told("left", last?.end, line);
  // Without a call: a circuit breaker refused, as the client was leaving.
  return last === undefined || isFault(last.end) ? undefined : told("left", last.end, line);
}

function ofTokens({ input_tokens, output_tokens }: RequestLine, number: number): string | undefined {
  const { prompt_tokens, completion_tokens } = usageOf(number);
  return input_tokens === prompt_tokens && output_tokens === completion_tokens
    ? undefined
    : `${input_tokens} and ${output_tokens} tokens of ${prompt_tokens} and ${completion_tokens}`;
}

function told(client: string, call: CallEnd | undefined, { status }: RequestLine): string {
  return `client: ${client}, upstream: ${call ?? "no call"}, log: ${status}`;
}
