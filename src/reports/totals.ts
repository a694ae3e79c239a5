import { standardErrorOf } from "../domain/statistics.ts";
import { addUsage, NO_USAGE, type UsageSums } from "../domain/usage-sums.ts";
import type { Estimate } from "./estimate.ts";

/** What requests took together. */
export type Totals = UsageSums;

export function totalsOf(hours: readonly Totals[]): Totals {
  return hours.reduce(addUsage, NO_USAGE);
}

/** Mean cost in USD of a request whose cost is known. @returns undefined when there is none */
export function meanCost({ priced, costUsd, costUsdSquares }: Totals): Estimate | undefined {
  if (priced === 0) return undefined;
  return {
    value: costUsd / priced,
    error: standardErrorOf({ count: priced, sum: costUsd, squares: costUsdSquares }),
  };
}
