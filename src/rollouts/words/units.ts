import { count, rounded, timeOf } from "../../reports/words.ts";

/** What the command and the pages of rollouts say alike: numbers with their units. */

/** `5%`, `0.123%`. @param value 0 to 100 */
export function percentText(value: number): string {
  return `${rounded(value)}%`;
}

/** `812 ms` */
export function millisecondsText(value: number): string {
  return `${rounded(value)} ms`;
}

/** `2 points`. @param difference of two shares, such as 0.02 */
export function pointsText(difference: number): string {
  return count(Math.round(difference * 10_000) / 100, "point");
}

/** `+2 points`, `−1.1 points`. @param difference of two shares, such as 0.02 */
export function signedPoints(difference: number): string {
  const isMore = Math.round(difference * 10_000) > 0;
  return `${isMore ? "+" : ""}${pointsText(difference)}`;
}

/** `2027-01-31 18:00:00 UTC` */
export function utc(at: number): string {
  return `${timeOf(at)} UTC`;
}
