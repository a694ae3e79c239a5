import { distance } from "fastest-levenshtein";

/** Characters of each text, beside what both begin and end with, of which the edit distance is reckoned. */
export const LONGEST = 10_000;

/**
 * Normalised edit similarity: 1 - d / max(|a|, |b|), with Levenshtein's distance d in UTF-16 units ("Binary codes
 * capable of correcting deletions, insertions and reversals", 1966). What both texts begin and end with costs nothing
 * to compare. Of what is left, everything past 10,000 characters counts as different: for such texts the result is a
 * lower bound.
 * @returns from 0 to 1, which means equal; two empty texts are equal
 */
export function editSimilarity(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  if (longest === 0) return 1;
  const [middle, other] = withoutCommonEnds(a, b);
  const rest = Math.max(middle.length - LONGEST, other.length - LONGEST, 0);
  const edits = distance(middle.slice(0, LONGEST), other.slice(0, LONGEST)) + rest;
  return (longest - Math.min(edits, longest)) / longest;
}

function withoutCommonEnds(a: string, b: string): readonly [string, string] {
  const shorter = Math.min(a.length, b.length);
  let from = 0;
  while (from < shorter && a.charCodeAt(from) === b.charCodeAt(from)) from++;
  let behind = 0;
  while (
    behind < shorter - from &&
    a.charCodeAt(a.length - 1 - behind) === b.charCodeAt(b.length - 1 - behind)
  )
    behind++;
  return [a.slice(from, a.length - behind), b.slice(from, b.length - behind)];
}

/**
 * Cosine of the angle between two vectors: a·b / (|a| |b|).
 * @returns from -1 to 1; undefined for vectors of different lengths or of length zero
 */
export function cosine(a: readonly number[], b: readonly number[]): number | undefined {
  if (a.length !== b.length) return undefined;
  const lengths = Math.sqrt(product(a, a) * product(b, b));
  return lengths > 0 ? Math.max(-1, Math.min(1, product(a, b) / lengths)) : undefined;
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
