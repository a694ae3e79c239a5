import { z } from "zod";
import type { CapturedCall } from "../domain/capture.ts";

/** A call to a model as the admin API shows it. */
export const shownCall = z.object({
  variant: z.string(),
  model: z.string(),
  outcome: z
    .string()
    .describe("As `crossover_upstream_attempts_total` tells it, such as `success` or `timeout`."),
  status: z.int().nullable().describe("The upstream's; null where it did not answer."),
  started_ms: z.number().describe("Since the request came."),
  duration_ms: z.number(),
  hedge: z.boolean().describe("Made beside another one from which nothing came for a while?"),
  note: z.string().nullable(),
});

export type ShownCall = Readonly<z.infer<typeof shownCall>>;

export function shownCallOf(call: CapturedCall): ShownCall {
  return {
    variant: call.variant,
    model: call.model,
    outcome: call.outcome,
    status: call.status ?? null,
    started_ms: call.startedMs,
    duration_ms: call.durationMs,
    hedge: call.hedge,
    note: call.note ?? null,
  };
}
