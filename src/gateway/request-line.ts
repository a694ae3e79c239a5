import type { Decision } from "../domain/decision.ts";
import type { Variant } from "../domain/table.ts";
import { costOf, type Usage } from "../domain/usage.ts";
import { toldOf } from "./answer.ts";

/** nginx's number for a client that left; nobody receives it. */
export const CLIENT_CLOSED = 499;

/** How a request ended. */
export interface End {
  readonly status: number;
  readonly usage?: Usage | undefined;
  /** On the clock of performance.now(). */
  readonly firstTokenAt?: number | undefined;
  /** Did an upstream take the request, with what the prompt adds? */
  readonly enriched?: boolean;
  readonly note?: string;
  /** Of the error that the client got. */
  readonly code?: string;
  /** Did the answer break off? */
  readonly outcome?: "answered" | "interrupted";
  readonly cause?: string | undefined;
}

/** What was measured of a request. */
export interface Times {
  readonly durationMs: number;
  readonly firstTokenMs: number | undefined;
  readonly addedTokens: number;
}

export interface RequestSummary {
  readonly id: string;
  readonly end: End;
  readonly decision: Decision | undefined;
  readonly variant: Variant | undefined;
  readonly attempts: number;
  /** Undefined for a dry run. */
  readonly times: Times | undefined;
}

/** What the log tells of a request, as the members of a JSON object. */
export function requestLine({ id, end, decision, variant, attempts, times }: RequestSummary): string {
  const { status, usage, note, cause } = end;
  const price = variant?.model.price;
  let line = `"request_id":"${id}","status":${status}`;
  if (decision !== undefined && variant !== undefined) line += `,${toldOf(decision, variant).log}`;
  else if (decision !== undefined)
    line += `,"route":${JSON.stringify(decision.route)},"rule":${JSON.stringify(decision.rule)}`;
  if (usage !== undefined) line += `,"input_tokens":${usage.input},"output_tokens":${usage.output}`;
  // A cost past all numbers is no JSON by itself.
  if (usage !== undefined && price !== undefined)
    line += `,"cost_usd":${JSON.stringify(costOf(usage, price))}`;
  if (note !== undefined) line += `,"note":${JSON.stringify(note)}`;
  if (cause !== undefined) line += `,"cause":${JSON.stringify(cause)}`;
  line += `,"attempts":${attempts}`;
  if (times === undefined) return line;
  line += `,"duration_ms":${round(times.durationMs)}`;
  if (times.firstTokenMs !== undefined) line += `,"first_token_ms":${round(times.firstTokenMs)}`;
  return `${line},"enrichment_tokens":${times.addedTokens}`;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
