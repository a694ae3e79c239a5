import type { LoggedRow } from "./logged-row.ts";

/** Fewest rows of one weight that would tell as much as all that there are. */
const FEWEST_EFFECTIVE = 200;
/**
 * Fewest rows, of one weight, that carry what is new in a policy: intervals that rest on 20 of them hold the truth in
 * 82 to 93 of 100 cases in place of 95, on 100 in 94.
 */
export const FEWEST_CARRIERS = 100;
/** Fewest sticky keys of equal traffic behind them: what a key gets is one coin. */
const FEWEST_KEYS = 50;
/** Odds that differ by less are the same, written in binary. */
const ROUNDING = 1e-9;

/** What of a policy a log can tell. */
export interface Support {
  readonly rows: number;
  /** Rows of one weight that would tell as much: (sum of w)^2 / sum of w^2, after Kish. */
  readonly effectiveRows: number;
  readonly largestWeight: number;
  /** What is new in the target: decisions that it makes more often than the log did. Undefined: there are none. */
  readonly news: News | undefined;
  /** Decisions that the log never made, the largest share first. */
  readonly unsupported: readonly Unsupported[];
}

/** Rows of weight w carry as much of what is new as their weight is above 1; counted as effective rows are. */
export interface News {
  readonly carriers: number;
  /** The same with the rows of each sticky key taken together. */
  readonly keys: number;
  /** How many carriers a logged row brings, as is to be expected. */
  readonly rate: number;
}

/** The target would choose an action for which the log has no odds. */
export interface Unsupported {
  readonly segment: string;
  readonly action: string;
  /** Rows of this kind. */
  readonly rows: number;
  /** Share of all of the target's decisions, from 0 to 1. */
  readonly share: number;
}

/** Why a log can't tell. */
export type Lack =
  | ({ readonly kind: "no_support" } & Unsupported)
  | {
      readonly kind: "too_few";
      readonly of: "rows" | "carriers" | "keys";
      readonly have: number;
      readonly need: number;
      /** Rows that would likely do, logged as those before. */
      readonly moreRows: number;
    };

/** @param weights of the rows, in their order */
export function supportOf(rows: readonly LoggedRow[], weights: readonly number[]): Support {
  return {
    rows: rows.length,
    effectiveRows: effective(weights),
    largestWeight: weights.reduce((most, weight) => Math.max(most, weight), 0),
    news: newsIn(rows, weights),
    unsupported: unsupportedIn(rows),
  };
}

/** (sum of w)^2 / sum of w^2: Kish, "Survey Sampling", 1965. */
function effective(weights: Iterable<number>): number {
  let sum = 0;
  let squares = 0;
  for (const weight of weights) {
    sum += weight;
    squares += weight ** 2;
  }
  return squares === 0 ? 0 : sum ** 2 / squares;
}

function newsIn(rows: readonly LoggedRow[], weights: readonly number[]): News | undefined {
  let mean = 0;
  let square = 0;
  for (const { logged, target } of rows)
    for (const [action, odds] of target) {
      const before = logged.get(action) ?? 0;
      if (before <= 0) continue;
      const more = above(odds / before);
      mean += (before * more) / rows.length;
      square += (before * more ** 2) / rows.length;
    }
  if (square === 0) return undefined;
  const carried = weights.map(above);
  return {
    carriers: effective(carried),
    keys: effective(byKey(rows, carried)),
    rate: mean ** 2 / square,
  };
}

function above(weight: number): number {
  return weight > 1 + ROUNDING ? weight - 1 : 0;
}

function byKey(rows: readonly LoggedRow[], weights: readonly number[]): Iterable<number> {
  const sums = new Map<string | number, number>();
  for (const [index, { unit = index }] of rows.entries())
    sums.set(unit, (sums.get(unit) ?? 0) + (weights[index] ?? 0));
  return sums.values();
}

function unsupportedIn(rows: readonly LoggedRow[]): readonly Unsupported[] {
  const found = new Map<string, { segment: string; action: string; rows: number; odds: number }>();
  for (const { segment, logged, target } of rows)
    for (const [action, odds] of target) {
      if (odds <= 0 || (logged.get(action) ?? 0) > 0) continue;
      const name = JSON.stringify([segment, action]);
      const entry = found.get(name) ?? { segment, action, rows: 0, odds: 0 };
      entry.rows++;
      entry.odds += odds;
      found.set(name, entry);
    }
  return [...found.values()]
    .map(({ odds, ...entry }) => ({ ...entry, share: odds / rows.length }))
    .sort((a, b) => b.share - a.share);
}

/** @returns empty where the log can tell */
export function lacksOf({ rows, effectiveRows, news, unsupported }: Support): readonly Lack[] {
  if (unsupported.length > 0) return unsupported.map((entry) => ({ kind: "no_support", ...entry }));
  const found = [tooFew("rows", effectiveRows, FEWEST_EFFECTIVE, rows === 0 ? 1 : effectiveRows / rows)];
  if (news !== undefined) {
    found.push(tooFew("carriers", news.carriers, FEWEST_CARRIERS, news.rate));
    found.push(tooFew("keys", news.keys, FEWEST_KEYS, news.keys === 0 ? news.rate : news.keys / rows));
  }
  return found.flatMap((lack) => lack ?? []);
}

/** @param rate how many one more row brings */
function tooFew(
  of: Extract<Lack, { kind: "too_few" }>["of"],
  have: number,
  need: number,
  rate: number,
): Lack | undefined {
  if (have >= need) return undefined;
  return { kind: "too_few", of, have, need, moreRows: Math.ceil((need - have) / rate) };
}
