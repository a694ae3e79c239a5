/** A number as people read it: three digits that count, `1,234` above a thousand, `1.23E15` from a million billions on. */
export function rounded(value: number): string {
  const size = Math.abs(value) || 1;
  const digits = Math.floor(Math.log10(size)) + 1;
  const shown = new Intl.NumberFormat(
    "en-US",
    size < UNREADABLE
      ? { maximumSignificantDigits: Math.max(3, digits) }
      : { notation: "scientific", maximumSignificantDigits: 3 },
  );
  return shown.format(value || 0).replace("-", MINUS); // `||` makes 0 of -0
}

/** From here on nobody counts the digits, and from 1e21 on no formatter takes as many. */
const UNREADABLE = 1e15;

/** Not a hyphen, which breaks lines and is narrower than a digit. */
const MINUS = "\u2212";
/** Less is below what any request costs. */
const MOST_DECIMALS = 8;

/**
 * `$1.70`, `−$0.00488`, `$1,234`: cents at least below a hundred dollars.
 * @param like an amount beside which it stands, with as many decimals as that
 */
export function usd(value: number, like?: number): string {
  const most = decimalsOf(like ?? value);
  const least = like === undefined ? Math.min(2, most) : most;
  const shown = new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  const amount = shown.format(Math.abs(value));
  if (value === 0 && like === undefined) return "$0";
  return `${value < 0 && /[1-9]/.test(amount) ? MINUS : ""}$${amount}`;
}

/** Those with which three digits count. */
function decimalsOf(value: number): number {
  if (value === 0) return 2;
  if (Math.abs(value) >= 100) return 0;
  return Math.min(MOST_DECIMALS, Math.max(2, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

const DAY = { one: "day", inDays: 1 } as const;
const UNITS = [DAY, { one: "hour", inDays: 1 / 24 }, { one: "minute", inDays: 1 / 1440 }] as const;

/** The largest unit of which there is one at least, or minutes. */
export function unitOf(days: number): (typeof UNITS)[number] {
  return UNITS.find(({ inDays }) => days >= inDays) ?? (days > 0 ? UNITS[2] : DAY);
}

/** `2.5 days`, `1 hour`, `12 minutes` */
export function duration(days: number): string {
  const { one, inDays } = unitOf(days);
  return count(days / inDays, one);
}

export function percent(share: number): string {
  return `${rounded(Math.round(share * 1000) / 10)}%`;
}

/** `1 day`, `2.5 days` */
export function count(value: number, one: string, many = `${one}s`): string {
  const number = rounded(value);
  return `${number} ${number === "1" ? one : many}`;
}

const DAY_SECONDS = 86_400;

/** `45 seconds`, `2.5 hours` */
export function lasting(seconds: number): string {
  return seconds >= 60 ? duration(seconds / DAY_SECONDS) : count(Math.max(1, Math.round(seconds)), "second");
}

/** What is shown where nothing is known. */
export const NOTHING = "–";

/** `2026-12-01 09:30:05`, in UTC. @param at milliseconds since 1970 */
export function timeOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toISOString().slice(0, 19).replace("T", " ");
}

/** Names as they stand in the configuration: `` `base` and `tuned` ``. */
export function namesText(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(" and ");
}
