import type { UsageHour } from "../../src/domain/capture.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The first hour of the tests' traffic: 2026-06-01. */
export const START = Date.UTC(2026, 5, 1);

/** What each request of an hour took. */
export interface Each {
  readonly input?: number;
  readonly cachedInput?: number;
  readonly output?: number;
  readonly added?: number;
  readonly cost?: number;
}

/** An hour of `requests` like ones. */
export function hourOf(requests: number, each: Each = {}, more: Partial<UsageHour> = {}): UsageHour {
  const { input = 0, cachedInput = 0, output = 0, added = 0, cost = 0 } = each;
  return {
    hour: START,
    route: "help",
    variant: "prompted",
    path: "enriched",
    model: "base",
    promptVersion: "v1",
    requests,
    errors: 0,
    failures: 0,
    cached: 0,
    priced: requests,
    inputTokens: requests * input,
    cachedInputTokens: requests * cachedInput,
    outputTokens: requests * output,
    addedTokens: requests * added,
    costUsd: requests * cost,
    costUsdSquares: requests * cost ** 2,
    durationMs: requests * 500,
    ...more,
  };
}

/** The same hour on each of so many days. */
export function daily(days: number, hour: UsageHour): readonly UsageHour[] {
  return Array.from({ length: days }, (_, day) => ({ ...hour, hour: START + day * DAY }));
}

/** What puts a request on the bare path of the fine-tuned variant. */
export const TUNED = { variant: "tuned", path: "bare", model: "ft", promptVersion: undefined } as const;
