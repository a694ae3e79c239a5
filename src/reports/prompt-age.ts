import type { UsageHour } from "../domain/capture.ts";
import { DAY_MS } from "./rate.ts";

/**
 * How often the prompt changed, and how long ago: that of the variant which answered most, as others may be
 * experiments beside it.
 * @param enriched hours of the enriched path
 * @param now milliseconds since 1970
 */
export function ageOfPrompt(
  enriched: readonly UsageHour[],
  now: number,
): { readonly promptDays: number | undefined; readonly promptVersions: number } {
  const requests = new Map<string, number>();
  for (const hour of enriched) requests.set(hour.variant, (requests.get(hour.variant) ?? 0) + hour.requests);
  const [main] = [...requests].toSorted(([, a], [, b]) => b - a);
  if (main === undefined) return { promptDays: undefined, promptVersions: 0 };
  const firstSeen = new Map<string | undefined, number>();
  for (const { variant, promptVersion, hour } of enriched) {
    if (variant === main[0])
      firstSeen.set(promptVersion, Math.min(firstSeen.get(promptVersion) ?? hour, hour));
  }
  return {
    promptDays: Math.max(0, now - Math.max(...firstSeen.values())) / DAY_MS,
    promptVersions: firstSeen.size,
  };
}
