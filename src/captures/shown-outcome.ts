import { z } from "zod";
import type { StoredCapture } from "../store/store.ts";

/** How a captured request ended and what it took, as the admin API shows it. */
export const shownOutcome = z.object({
  outcome: z.string(),
  status: z.int(),
  error_code: z.string().nullable(),
  attempts: z.int(),
  cached: z.boolean(),
  simulated: z.boolean().describe("Did the built-in simulator answer in a model's place?"),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  cost_usd: z.number().nullable(),
  first_token_ms: z.number().nullable(),
  duration_ms: z.number(),
});

export type ShownOutcome = Readonly<z.infer<typeof shownOutcome>>;

export function shownOutcomeOf(capture: StoredCapture): ShownOutcome {
  return {
    outcome: capture.outcome,
    status: capture.status,
    error_code: capture.errorCode ?? null,
    attempts: capture.attempts,
    cached: capture.cached,
    simulated: capture.simulated,
    input_tokens: capture.inputTokens ?? null,
    output_tokens: capture.outputTokens ?? null,
    cost_usd: capture.costUsd ?? null,
    first_token_ms: capture.firstTokenMs ?? null,
    duration_ms: capture.durationMs,
  };
}
