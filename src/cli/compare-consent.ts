import { usd } from "../comparison/words.ts";
import type { Forecast } from "./compare-forecast.ts";
import { confirmed } from "./confirm.ts";
import { UsageError } from "./error-text.ts";

/** More calls than these are made without a terminal only with --yes. */
export const UNASKED_CALLS = 100;

/**
 * Tells what a comparison takes, and asks whether it may begin.
 * @throws UsageError where nobody can be asked
 */
export async function mayBegin(forecast: Forecast, queries: number, yes: boolean): Promise<boolean> {
  process.stderr.write(`${forecastText(forecast, queries)}\n`);
  if (yes || queries === 1) return true;
  const answer = await confirmed("Go on?");
  if (answer !== undefined) return answer;
  if (forecast.calls > UNASKED_CALLS)
    throw new UsageError(`more than ${UNASKED_CALLS} calls are made only with --yes`);
  return true;
}

function forecastText({ calls, usd: cost, unpriced }: Forecast, queries: number): string {
  const without = unpriced.length === 0 ? "" : `, without ${unpriced.join(", ")}, whose price is not known`;
  return `${queries} ${queries === 1 ? "query" : "queries"}, ${calls} calls, at most about ${usd(cost)}${without}.`;
}
