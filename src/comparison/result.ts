import type { Answered } from "./answered.ts";
import type { ResultDocument } from "./document.ts";
import { messageText } from "./message.ts";
import type { SchemaCheck } from "./schema-check.ts";

/** @param check of the JSON that was asked for; undefined where none was */
export function resultOf(answered: Answered, check: SchemaCheck | undefined): ResultDocument {
  const { variant, outcome, usage, addedTokens, costUsd, latencyMs, firstTokenMs } = answered;
  const answer = outcome.kind === "answer" ? outcome : undefined;
  return {
    variant: variant.name,
    path: variant.path,
    model: variant.model.name,
    provider: variant.model.provider,
    simulated: variant.model.simulated,
    message: answer?.message ?? null,
    finish_reason: answer?.finishReason ?? null,
    usage:
      usage === undefined
        ? null
        : {
            input_tokens: usage.input,
            cached_input_tokens: usage.cachedInput,
            output_tokens: usage.output,
          },
    added_tokens: addedTokens,
    cost_usd: costUsd ?? null,
    latency_ms: rounded(latencyMs),
    first_token_ms: firstTokenMs === undefined ? null : rounded(firstTokenMs),
    schema_valid: (answer && check?.(messageText(answer.message))) ?? null,
    error:
      outcome.kind === "failure"
        ? { status: outcome.status, code: outcome.code ?? null, message: outcome.message }
        : null,
  };
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
