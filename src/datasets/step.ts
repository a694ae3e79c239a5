import type { Row } from "./row.ts";

/** What a step of the cleaning did. `kept` and `removed` are all that went in. */
export interface StepReport {
  readonly step: string;
  readonly kept: number;
  readonly removed: number;
  /** Rows that were kept in another form. */
  readonly changed: number;
  /** How often each reason was met. */
  readonly reasons: Readonly<Record<string, number>>;
  /** What the numbers do not say. */
  readonly note?: string;
  /** The first few rows that were removed or changed. */
  readonly examples: readonly Finding[];
}

export interface Finding {
  readonly id: string;
  readonly reason: string;
}

export interface StepOutcome<R> {
  readonly rows: readonly R[];
  readonly report: StepReport;
}

/** What becomes of one row: it stays, or it goes for a reason, or it is replaced for reasons. */
export type Verdict<R> =
  | { readonly kept: R; readonly reasons?: readonly string[] }
  | { readonly removed: readonly string[] };

const SHOWN = 5;

/** Looks at each row by itself. */
export function eachRow<In extends Pick<Row, "id">, Out>(
  step: string,
  rows: readonly In[],
  judge: (row: In) => Verdict<Out>,
): StepOutcome<Out> {
  const kept: Out[] = [];
  const counts = new Map<string, number>();
  const examples: Finding[] = [];
  let changed = 0;
  for (const row of rows) {
    const verdict = judge(row);
    const reasons = "removed" in verdict ? verdict.removed : (verdict.reasons ?? []);
    if ("kept" in verdict) {
      kept.push(verdict.kept);
      if (reasons.length > 0) changed++;
    }
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    if (reasons.length > 0 && examples.length < SHOWN)
      examples.push({ id: row.id, reason: reasons.join(", ") });
  }
  const reasons = Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const removed = rows.length - kept.length;
  return { rows: kept, report: { step, kept: kept.length, removed, changed, reasons, examples } };
}

/** Removes rows for which there is a reason. */
export function removeRows<R extends Pick<Row, "id">>(
  step: string,
  rows: readonly R[],
  reasonOf: (row: R) => string | undefined,
): StepOutcome<R> {
  return eachRow(step, rows, (row) => {
    const reason = reasonOf(row);
    return reason === undefined ? { kept: row } : { removed: [reason] };
  });
}
