import type { Mean, Share } from "./statistics.ts";

/** What is shown where nothing is known. */
export const NOTHING = "–";

/** `92% (85–96)`: a share and its interval. */
export function percent(share: Share | null): string {
  return share === null ? NOTHING : `${whole(share.share)}% (${whole(share.low)}–${whole(share.high)})`;
}

/** `0.92 (0.85–0.96)`: a mean and its interval. */
export function mean(value: Mean | null, digits = 2): string {
  return value === null ? NOTHING : withInterval(value, (number) => number.toFixed(digits));
}

/** A difference, with its sign: `+12 (+3 to +21)`. */
export function difference(value: Mean | null, show: (number: number) => string): string {
  const signed = (number: number): string => `${number < 0 ? "−" : "+"}${show(Math.abs(number))}`;
  if (value === null) return NOTHING;
  const { low, high } = value;
  const interval = low === null || high === null ? "" : ` (${signed(low)} to ${signed(high)})`;
  return `${signed(value.mean)}${interval}`;
}

/** Dollars to three significant digits, from a hundred on to the cent. */
export function usd(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "$0";
  return `$${value >= 100 ? value.toFixed(2) : Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 10 })}`;
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** A count or a mean of counts. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}

function withInterval({ mean: middle, low, high }: Mean, show: (number: number) => string): string {
  return low === null || high === null ? show(middle) : `${show(middle)} (${show(low)}–${show(high)})`;
}

function whole(share: number): string {
  return String(Math.round(share * 100));
}
