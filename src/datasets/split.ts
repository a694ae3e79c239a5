import { unitOf } from "../domain/hash.ts";
import { type Group, groupRows } from "./groups.ts";
import type { KeyedRow } from "./keyed-row.ts";
import { Likeness } from "./likeness.ts";
import { inOrder } from "./row.ts";

export interface SplitOptions {
  /** Share of the groups that go to validation, from 0 to below 1. */
  readonly validation: number;
  readonly seed: string;
  /** Jaccard index from which questions are nearly the same, from 0.5 to 1. */
  readonly threshold: number;
}

export interface Split {
  readonly train: readonly KeyedRow[];
  readonly validation: readonly KeyedRow[];
  readonly report: SplitReport;
}

export interface SplitReport {
  readonly groups: number;
  /** Rows of the largest group. */
  readonly largest: number;
  /** What ties a row of one side to a row of the other: 0, unless this is broken. */
  readonly leaks: number;
}

/**
 * Each group goes to a side by a seeded hash of its earliest row, so that a group keeps its side while data are added.
 * Only new rows that tie two groups together, or make a phrase of theirs common, can move one.
 */
export function splitRows(rows: readonly KeyedRow[], options: SplitOptions): Split {
  const likeness = Likeness.among(rows, ["question"], options.threshold);
  const groups = groupRows(rows, likeness);
  const isValidation = (group: Group): boolean =>
    unitOf(`${options.seed} ${keyOf(group)}`) < options.validation;
  const sides = Object.groupBy(groups, (group) => (isValidation(group) ? "validation" : "train"));
  const train = inOrder((sides.train ?? []).flat());
  const validation = inOrder((sides.validation ?? []).flat());
  return {
    train,
    validation,
    report: {
      groups: groups.length,
      largest: groups.reduce((most, { length }) => Math.max(most, length), 0),
      leaks: leaksBetween(train, validation, likeness.fresh()),
    },
  };
}

function keyOf([earliest]: Group): string {
  return earliest?.group === undefined ? `question ${earliest?.input}` : `group ${earliest.group}`;
}

/** Counts group keys and conversations that stand on both sides, and pairs of questions that are nearly the same. */
export function leaksBetween(
  train: readonly KeyedRow[],
  validation: readonly KeyedRow[],
  likeness: Likeness<KeyedRow>,
): number {
  const tiesOf = (rows: readonly KeyedRow[]): ReadonlySet<string> =>
    new Set(
      rows.flatMap(({ group, turns }) => [...turns, ...(group === undefined ? [] : [`group ${group}`])]),
    );
  const learned = tiesOf(train);
  let leaks = [...tiesOf(validation)].filter((tie) => learned.has(tie)).length;
  for (const row of train) likeness.add(row);
  for (const row of validation) for (const _ of likeness.like(row)) leaks++;
  return leaks;
}
