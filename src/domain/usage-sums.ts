import type { UsageHour } from "./capture.ts";

/** What requests took together. */
export type UsageSums = Omit<UsageHour, "hour" | "route" | "variant" | "path" | "model" | "promptVersion">;

export const NO_USAGE: UsageSums = {
  requests: 0,
  errors: 0,
  failures: 0,
  cached: 0,
  priced: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  addedTokens: 0,
  costUsd: 0,
  costUsdSquares: 0,
  durationMs: 0,
};

export function addUsage(a: UsageSums, b: UsageSums): UsageSums {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    failures: a.failures + b.failures,
    cached: a.cached + b.cached,
    priced: a.priced + b.priced,
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    addedTokens: a.addedTokens + b.addedTokens,
    costUsd: a.costUsd + b.costUsd,
    costUsdSquares: a.costUsdSquares + b.costUsdSquares,
    durationMs: a.durationMs + b.durationMs,
  };
}
