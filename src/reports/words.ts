/** A number as people read it: three digits that count, `1,234` above a thousand. */
export function rounded(value: number): string {
  const digits = Math.floor(Math.log10(Math.abs(value) || 1)) + 1;
  const shown = new Intl.NumberFormat("en-US", { maximumSignificantDigits: Math.max(3, digits) });
  return shown.format(value || 0); // `||` makes 0 of -0
}

export function usd(value: number): string {
  return `${value < 0 ? "-" : ""}$${rounded(Math.abs(value))}`;
}

export function percent(share: number): string {
  return `${rounded(Math.round(share * 1000) / 10)}%`;
}

/** `1 day`, `2.5 days` */
export function count(value: number, one: string, many = `${one}s`): string {
  const number = rounded(value);
  return `${number} ${number === "1" ? one : many}`;
}
