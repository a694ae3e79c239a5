import { count, rounded, timeOf } from "../../reports/words.ts";

/** What the command and the pages of rollouts say alike: numbers with their units. */

/** `5%`, `0.123%`. @param value 0 to 100 */
export function percentText(value: number): string {
  return `${rounded(value)}%`;
}

export function millisecondsText(value: number): string {
  return `${rounded(value)} ms`;
}

/** Of a percent of traffic `2 points`. @param margin a difference of shares */
export function pointsText(margin: number): string {
  return count(Math.round(margin * 10_000) / 100, "point");
}

export function signedPoints(share: number): string {
  const points = Math.round(share * 10_000) / 100;
  return `${points > 0 ? "+" : ""}${pointsText(share)}`;
}

/** `2027-01-31 18:00:00 UTC` */
export function utc(at: number): string {
  return `${timeOf(at)} UTC`;
}
