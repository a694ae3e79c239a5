import type { LossPoint } from "./job.ts";

/** A loss at a step. */
export interface Dot {
  readonly step: number;
  readonly value: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What is drawn of a training, and between which numbers. */
export interface LossCurves {
  readonly training: readonly Dot[];
  readonly validation: readonly Dot[];
  readonly steps: Range;
  readonly values: Range;
}

/** Both curves, by step. What is no number has no place. @returns undefined where there is nothing to draw */
export function lossCurves(points: readonly LossPoint[]): LossCurves | undefined {
  const training = dotsOf(points, "training");
  const validation = dotsOf(points, "validation");
  const all = [...training, ...validation];
  if (all.length === 0) return undefined;
  return {
    training,
    validation,
    steps: rangeOf(all.map(({ step }) => step)),
    values: rangeOf(all.map(({ value }) => value)),
  };
}

/**
 * Where a number stands in a range, from 0 to 1; in the middle of one without an extent. Halves, as the whole of a range may
 * be beyond all numbers.
 */
export function shareOf(number: number, { low, high }: Range): number {
  const span = high / 2 - low / 2;
  return span > 0 ? (number / 2 - low / 2) / span : 0.5;
}

function dotsOf(points: readonly LossPoint[], which: "training" | "validation"): readonly Dot[] {
  return points
    .flatMap(({ step, [which]: value }): readonly Dot[] =>
      value !== null && Number.isFinite(value) && Number.isFinite(step) ? [{ step, value }] : [],
    )
    .toSorted((a, b) => a.step - b.step);
}

/** @param numbers at least one */
function rangeOf(numbers: readonly number[]): Range {
  return numbers.reduce<Range>(
    ({ low, high }, number) => ({ low: Math.min(low, number), high: Math.max(high, number) }),
    { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY },
  );
}
