import { duration } from "../../reports/words.ts";

const DAY_SECONDS = 86_400;

/** What is shown where nothing is known. */
export const NOTHING = "–";

/** `2026-12-01 09:30:05`, in UTC. @param at milliseconds since 1970 */
export function timeOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toISOString().slice(0, 19).replace("T", " ");
}

/** `45 seconds`, `2.5 hours` */
export function lasting(seconds: number): string {
  if (seconds >= 60) return duration(seconds / DAY_SECONDS);
  const whole = Math.max(1, Math.round(seconds));
  return whole === 1 ? "1 second" : `${whole} seconds`;
}
