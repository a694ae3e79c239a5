import { sha256 } from "../keys/secret.ts";
import type { Example } from "./example.ts";
import type { KeyedRow } from "./keyed-row.ts";
import { answerOf } from "./row.ts";
import { removeRows, type StepOutcome } from "./step.ts";

/** Answers are labels when they are this few and short, and each is given twice on average. */
const MOST_LABELS = 200;
const LONGEST_LABEL = 80;

/** How often each answer is given. */
export type Classes = Readonly<Record<string, number>>;

/** Counts the answers where they are labels, the most frequent first. @returns undefined where they are free text */
export function classesOf(rows: readonly KeyedRow[]): Classes | undefined {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const label = labelOf(row.example);
    if (label === undefined) return undefined;
    counts.set(label, (counts.get(label) ?? 0) + 1);
    if (counts.size > MOST_LABELS) return undefined;
  }
  if (counts.size < 2 || counts.size * 2 > rows.length) return undefined;
  return Object.fromEntries([...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

/** The answer, where it may be a label. */
export function labelOf(example: Example): string | undefined {
  const content = answerOf(example)?.content;
  if (typeof content !== "string") return undefined;
  const label = content.trim();
  return label.length <= LONGEST_LABEL && !label.includes("\n") ? label : undefined;
}

/**
 * Leaves at most so many rows of each label: those with the least seeded hash of their question, so that other rows that
 * come later push out few of them. Nothing goes where the answers are no labels.
 * @param most from 1
 */
export function balanceClasses(rows: readonly KeyedRow[], most: number, seed: string): StepOutcome<KeyedRow> {
  const kept = new Set<KeyedRow>();
  const labelled = classesOf(rows) !== undefined;
  if (labelled) {
    const byLabel = Map.groupBy(rows, ({ example }) => labelOf(example));
    for (const same of byLabel.values()) {
      const drawn = same.map((row) => ({ row, lot: sha256(`${seed} ${row.input}`) }));
      for (const { row } of drawn.toSorted((a, b) => (a.lot < b.lot ? -1 : 1)).slice(0, most)) kept.add(row);
    }
  }
  return removeRows("class balance", rows, (row) =>
    labelled && !kept.has(row) ? `more than ${most} rows of its label` : undefined,
  );
}
