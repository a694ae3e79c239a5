import { UsageError } from "./error-text.ts";

/** The number that an option gives; undefined where it is not given. @throws UsageError for what is no number, or no good one */
export function numberOf(
  option: string,
  text: string | undefined,
  isGood: (number: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || !isGood(number))
    throw new UsageError(`${option} can't be ${JSON.stringify(text)}`);
  return number;
}

export function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 1;
}
