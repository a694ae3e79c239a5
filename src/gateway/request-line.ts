import type { Decision } from "../domain/decision.ts";
import type { Variant } from "../domain/table.ts";
import { costOf, type Usage } from "../domain/usage.ts";
import type { LogFields } from "../metrics/log.ts";

/** How a request ended. */
export interface End {
  readonly status: number;
  readonly usage?: Usage | undefined;
  /** On the clock of performance.now(). */
  readonly firstTokenAt?: number | undefined;
  /** Did an upstream take the request, with what the prompt adds? */
  readonly enriched?: boolean;
  readonly note?: string;
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

/** What the log tells of a request. */
export function requestLine({ id, end, decision, variant, attempts, times }: RequestSummary): LogFields {
  const { usage } = end;
  const price = variant?.model.price;
  return {
    request_id: id,
    status: end.status,
    route: decision?.route,
    rule: decision?.rule,
    variant: variant?.name,
    path: variant?.path,
    model: variant?.model.name,
    provider: variant?.model.provider,
    input_tokens: usage?.input,
    output_tokens: usage?.output,
    cost_usd: usage === undefined || price === undefined ? undefined : costOf(usage, price),
    note: end.note,
    cause: end.cause,
    attempts,
    duration_ms: round(times?.durationMs),
    first_token_ms: round(times?.firstTokenMs),
    enrichment_tokens: times?.addedTokens,
  };
}

function round(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}
