import { UsageError } from "./error-text.ts";

/** Which numbers are good, and how to say so, as in "a whole number from 1". */
export interface NumberRule {
  readonly isGood: (number: number) => boolean;
  readonly words: string;
}

/** The number that an option gives; undefined where it is not given. @throws UsageError for what is no number, or no good one */
export function numberOf(option: string, text: string | undefined, rule: NumberRule): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(text) || !rule.isGood(number))
    throw new UsageError(`${option} must be ${rule.words}, not ${JSON.stringify(text)}`);
  return number;
}

/** @param most where it may not be larger */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): NumberRule {
  return {
    isGood: (number) => Number.isSafeInteger(number) && number >= least && number <= most,
    words: `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`}`,
  };
}
