import type { RowDocument } from "../comparison/document.ts";
import { shareDifference, wilsonInterval } from "../domain/statistics.ts";
import type { JobEvaluation } from "./job.ts";

export interface Evaluated {
  /** Id of the comparison in the store. */
  readonly comparison: string;
  readonly control: string;
  readonly candidate: string;
  /** Queries that the candidate was asked. */
  readonly queries: number;
  /** Of these, those that it answered, which the control was asked too. */
  readonly rows: readonly RowDocument[];
}

/** How both did. Shares of equal answers are of the rows that both answered: only there they can be compared. */
export function evaluationOf({ comparison, control, candidate, queries, rows }: Evaluated): JobEvaluation {
  const both = rows.filter((row) => answers(row, control) && answers(row, candidate));
  const counted = { control: equalIn(both, control), candidate: equalIn(both, candidate) };
  const differs = both.length > 0 && counted.control.trials > 0 && counted.candidate.trials > 0;
  return {
    comparison,
    rows: queries,
    compared: both.length,
    control: { ...sideOf(rows, both, control), failed: failed(rows, control) },
    candidate: { ...sideOf(rows, both, candidate), failed: queries - rows.length + failed(rows, candidate) },
    difference: differs ? shareDifference(counted.control, counted.candidate) : null,
  };
}

function sideOf(rows: readonly RowDocument[], both: readonly RowDocument[], variant: string) {
  const { successes, trials } = equalIn(both, variant);
  return {
    variant,
    answered: rows.filter((row) => answers(row, variant)).length,
    exact: trials === 0 ? null : successes / trials,
    interval: trials === 0 ? null : wilsonInterval(successes, trials),
    input_tokens: meanInput(both, variant),
  };
}

function equalIn(rows: readonly RowDocument[], variant: string) {
  const exact = rows.flatMap(({ agreement }) =>
    agreement.filter((one) => one.variant === variant && one.against === null).map((one) => one.exact),
  );
  return { successes: exact.filter((is) => is).length, trials: exact.length };
}

function meanInput(rows: readonly RowDocument[], variant: string): number | null {
  const tokens = rows.flatMap(({ results }) =>
    results.filter((one) => one.variant === variant).flatMap(({ usage }) => usage?.input_tokens ?? []),
  );
  return tokens.length === 0 ? null : tokens.reduce((sum, count) => sum + count, 0) / tokens.length;
}

function answers({ results }: RowDocument, variant: string): boolean {
  return results.some((result) => result.variant === variant && result.error === null);
}

function failed(rows: readonly RowDocument[], variant: string): number {
  return rows.filter((row) => !answers(row, variant)).length;
}

/** The id of a job's comparison in the store. */
export function comparisonOf(jobId: string): string {
  return `${jobId}-evaluation`;
}
