/** The value below which the share `q` of all lies, by the nearest rank. @throws RangeError for no values */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  if (value === undefined) throw new RangeError("there is no quantile of nothing");
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
