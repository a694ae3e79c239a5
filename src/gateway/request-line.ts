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

/** What the log tells of a request besides its id and its times. */
export function requestLine(
  { status, usage, note, cause }: End,
  decision: Decision | undefined,
  variant: Variant | undefined,
): LogFields {
  const price = variant?.model.price;
  return {
    status,
    route: decision?.route,
    rule: decision?.rule,
    variant: variant?.name,
    path: variant?.path,
    model: variant?.model.name,
    provider: variant?.model.provider,
    input_tokens: usage?.input,
    output_tokens: usage?.output,
    cost_usd: usage === undefined || price === undefined ? undefined : costOf(usage, price),
    note,
    cause,
  };
}
