import type { UsageHour } from "../domain/capture.ts";
import { standardErrorOf } from "../domain/statistics.ts";
import type { Estimate } from "./estimate.ts";

/** What requests took together. */
export type Totals = Omit<UsageHour, "hour" | "route" | "variant" | "path" | "model" | "promptVersion">;

const NONE: Totals = {
  requests: 0,
  errors: 0,
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

export function totalsOf(hours: readonly Totals[]): Totals {
  return hours.reduce(
    (sum, hour) => ({
      requests: sum.requests + hour.requests,
      errors: sum.errors + hour.errors,
      cached: sum.cached + hour.cached,
      priced: sum.priced + hour.priced,
      inputTokens: sum.inputTokens + hour.inputTokens,
      cachedInputTokens: sum.cachedInputTokens + hour.cachedInputTokens,
      outputTokens: sum.outputTokens + hour.outputTokens,
      addedTokens: sum.addedTokens + hour.addedTokens,
      costUsd: sum.costUsd + hour.costUsd,
      costUsdSquares: sum.costUsdSquares + hour.costUsdSquares,
      durationMs: sum.durationMs + hour.durationMs,
    }),
    NONE,
  );
}

/** Mean cost in USD of a request whose cost is known. @returns undefined when there is none */
export function meanCost({ priced, costUsd, costUsdSquares }: Totals): Estimate | undefined {
  if (priced === 0) return undefined;
  return {
    value: costUsd / priced,
    error: standardErrorOf({ count: priced, sum: costUsd, squares: costUsdSquares }),
  };
}
