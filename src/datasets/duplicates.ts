import type { KeyedRow } from "./keyed-row.ts";
import { Likeness } from "./likeness.ts";
import { eachRow, removeRows, type StepOutcome } from "./step.ts";

/** Which of several answers to the same question stays. */
export type ConflictRule = "best" | "majority" | "latest" | "drop";

/** Merges rows with the same question and the same answer into the latest of them. */
export function mergeExact(rows: readonly KeyedRow[]): StepOutcome<KeyedRow> {
  const merged = new Map<string, KeyedRow>();
  for (const row of rows) {
    const key = `${row.input}${row.output}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? row : merge(before, row));
  }
  return eachRow("exact duplicates", rows, (row) => {
    const whole = merged.get(`${row.input}${row.output}`);
    return whole?.id === row.id ? { kept: whole } : { removed: ["the same question and answer"] };
  });
}

/** @param later the row that stays */
function merge(earlier: KeyedRow, later: KeyedRow): KeyedRow {
  return {
    ...later,
    since: Math.min(earlier.since, later.since),
    copies: earlier.copies + later.copies,
    corrected: earlier.corrected || later.corrected,
    simulated: earlier.simulated && later.simulated,
    rating: Math.max(earlier.rating, later.rating),
    turns: [...new Set([...earlier.turns, ...later.turns])],
  };
}

/** Leaves one answer, or none, where the same question has several. */
export function settleConflicts(rows: readonly KeyedRow[], rule: ConflictRule): StepOutcome<KeyedRow> {
  const byInput = Map.groupBy(rows, ({ input }) => input);
  const winners = new Map([...byInput].map(([input, rivals]) => [input, winnerOf(rivals, rule)]));
  return eachRow("conflicting answers", rows, (row) => {
    const winner = winners.get(row.input);
    if (winner?.id === row.id) return { kept: winner };
    return { removed: [winner === undefined ? "no answer is sure" : "another answer was taken"] };
  });
}

function winnerOf(rivals: readonly KeyedRow[], rule: ConflictRule): KeyedRow | undefined {
  const [only] = rivals;
  if (rivals.length === 1 || only === undefined) return only;
  const order = ORDERS[rule];
  const best = order && rivals.toSorted(order)[0];
  return best && { ...best, since: Math.min(...rivals.map(({ since }) => since)) };
}

type Order = (a: KeyedRow, b: KeyedRow) => number;

const byRating: Order = (a, b) => b.rating - a.rating;
const byCopies: Order = (a, b) => b.copies - a.copies;
const byAge: Order = (a, b) => b.at - a.at || (a.id < b.id ? 1 : -1);

const ORDERS: Readonly<Record<ConflictRule, Order | undefined>> = {
  best: (a, b) => byRating(a, b) || byCopies(a, b) || byAge(a, b),
  majority: (a, b) => byCopies(a, b) || byRating(a, b) || byAge(a, b),
  latest: byAge,
  drop: undefined,
};

/**
 * Removes rows that say nearly the same as an earlier one, in the question and in the answer.
 * @param threshold Jaccard index from 0.5 to 1 that both must reach
 */
export function dropNearDuplicates(rows: readonly KeyedRow[], threshold: number): StepOutcome<KeyedRow> {
  const likeness = Likeness.among(rows, ["question", "answer"], threshold);
  return removeRows("near duplicates", rows, (row) => {
    const [earlier] = likeness.like(row);
    if (earlier !== undefined) return "nearly the same question and answer";
    likeness.add(row);
    return undefined;
  });
}
