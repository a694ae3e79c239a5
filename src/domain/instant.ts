const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;

export const INSTANT_RULE =
  "a date such as 2027-01-31, or a time with its zone such as 2027-01-31T18:00:00Z, is expected";

/**
 * The moment until which something is valid, from ISO 8601. A date means its end in UTC, so that a key that
 * expires on a day still works on that day.
 * @returns milliseconds since 1970; undefined when it is neither a date nor a date-time with a zone
 * @example instantOf("2027-01-31") === instantOf("2027-02-01T00:00:00Z")
 */
export function instantOf(text: string): number | undefined {
  if (DATE.test(text)) return isDay(text) ? Date.parse(text) + DAY_MS : undefined;
  return timeOf(text);
}

/**
 * The moment from which on something counts, from ISO 8601. A date means its beginning in UTC, so that from a day to
 * the same day, by `instantOf`, is that whole day.
 * @returns as `instantOf`
 */
export function startOf(text: string): number | undefined {
  if (DATE.test(text)) return isDay(text) ? Date.parse(text) : undefined;
  return timeOf(text);
}

function timeOf(text: string): number | undefined {
  const day = DATE_TIME.exec(text)?.[1];
  if (day === undefined || !isDay(day)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Is it in the calendar? `Date.parse` takes the 31st of February for the 3rd of March. */
function isDay(date: string): boolean {
  const at = Date.parse(date);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}
