import {
  cleanPii,
  dropBroken,
  dropEmpty,
  dropInvalid,
  dropInvalidJson,
  dropRefusals,
  dropSimulated,
  dropTooLong,
  type PiiMode,
  type RowRedaction,
  type SimulatedMode,
} from "./answer-steps.ts";
import { balanceClasses } from "./balance.ts";
import { type ConflictRule, dropNearDuplicates, mergeExact, settleConflicts } from "./duplicates.ts";
import type { Example } from "./example.ts";
import type { Format } from "./format.ts";
import { type KeyedRow, keyed } from "./keyed-row.ts";
import type { Row } from "./row.ts";
import type { StepOutcome, StepReport } from "./step.ts";

export interface CleaningOptions {
  readonly format: Format;
  readonly simulated: SimulatedMode;
  readonly keepRefusals: boolean;
  readonly pii: PiiMode;
  readonly redaction: RowRedaction;
  /** Most tokens of an example; undefined: as many as there are. */
  readonly maxTokens: number | undefined;
  readonly conflicts: ConflictRule;
  /** Jaccard index of near duplicates, from 0.5 to 1; undefined: they stay. */
  readonly near: number | undefined;
  /** Most rows of a label; undefined: as many as there are. */
  readonly maxPerClass: number | undefined;
  readonly seed: string;
  readonly tokensOf: (example: Example) => number;
}

export interface Cleaned {
  readonly rows: readonly KeyedRow[];
  readonly steps: readonly StepReport[];
}

/** Takes the rows through every step of the cleaning. Rows only go or are merged: none is invented. */
export function clean(source: StepOutcome<Row>, options: CleaningOptions): Cleaned {
  const steps: StepReport[] = [];
  const done = <R>({ rows, report }: StepOutcome<R>): readonly R[] => {
    steps.push(report);
    return rows;
  };
  const { keepRefusals, redaction, maxTokens, near, maxPerClass, seed } = options;
  let rows = done(source);
  rows = done(dropSimulated(rows, options.simulated));
  rows = done(dropEmpty(rows));
  rows = done(dropBroken(rows));
  if (!keepRefusals) rows = done(dropRefusals(rows));
  rows = done(dropInvalidJson(rows));
  rows = done(cleanPii(rows, options.pii, redaction));
  rows = done(dropInvalid(rows, options.format));
  let unique = done(mergeExact(rows.map(keyed)));
  if (maxTokens !== undefined) unique = done(dropTooLong(unique, maxTokens, options.tokensOf));
  unique = done(settleConflicts(unique, options.conflicts));
  if (near !== undefined) unique = done(dropNearDuplicates(unique, near));
  if (maxPerClass !== undefined) unique = done(balanceClasses(unique, maxPerClass, seed));
  return { rows: unique, steps };
}
