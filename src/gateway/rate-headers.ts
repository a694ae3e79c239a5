import type { Standing } from "../limits/ledger.ts";
import type { Measure, Quota } from "../limits/quotas.ts";

/** `x-ratelimit-*` headers as OpenAI's API has them: of each measure the limit that is nearest. */
export function rateHeaders(
  quotas: readonly Quota[],
  standings: readonly Standing[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const measure of ["requests", "tokens"] as const) {
    const nearest = nearestOf(measure, quotas, standings);
    if (nearest === undefined) continue;
    headers[`x-ratelimit-limit-${measure}`] = String(nearest.limit);
    headers[`x-ratelimit-remaining-${measure}`] = String(nearest.standing.remaining);
    headers[`x-ratelimit-reset-${measure}`] = durationText(nearest.standing.resetMs);
  }
  return headers;
}

function nearestOf(
  measure: Measure,
  quotas: readonly Quota[],
  standings: readonly Standing[],
): { readonly limit: number; readonly standing: Standing } | undefined {
  let nearest: { readonly limit: number; readonly standing: Standing } | undefined;
  for (const [i, quota] of quotas.entries()) {
    const standing = standings[i];
    if (quota.measure !== measure || standing === undefined) continue;
    if (nearest === undefined || standing.remaining < nearest.standing.remaining)
      nearest = { limit: quota.limit, standing };
  }
  return nearest;
}

/** A duration as OpenAI writes it: `20ms`, `1.5s`, `6m0s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes}m${Math.round((seconds - minutes * 60) * 10) / 10}s`;
}
