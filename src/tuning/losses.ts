import type { LossPoint } from "./job.ts";

/** Most points that are kept of a loss curve. */
const MOST = 1_000;

/**
 * A curve with further points, by step; what is told of a step again adds to it. Beyond a thousand points one of each
 * stretch of steps stays, and always the first and the last: the stretches only ever double, so that thinning again and again leaves the
 * curve even.
 */
export function joined(losses: readonly LossPoint[], more: readonly LossPoint[]): readonly LossPoint[] {
  if (more.length === 0) return losses;
  const bySteps = new Map(losses.map((point) => [point.step, point]));
  for (const point of more) bySteps.set(point.step, merged(bySteps.get(point.step), point));
  return thinned([...bySteps.values()].toSorted((a, b) => a.step - b.step));
}

function merged(known: LossPoint | undefined, { step, training, validation }: LossPoint): LossPoint {
  return {
    step,
    training: finite(training) ?? known?.training ?? null,
    validation: finite(validation) ?? known?.validation ?? null,
  };
}

/** A training that diverges has losses that are no numbers any more, and JSON has none of these. */
function finite(loss: number | null): number | null {
  return loss !== null && Number.isFinite(loss) ? loss : null;
}

function thinned(points: readonly LossPoint[]): readonly LossPoint[] {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length <= MOST) return points;
  let kept = points;
  for (let stretch = 2; kept.length > MOST - 2; stretch *= 2) kept = onePerStretch(points, stretch);
  return [...(kept[0] === first ? [] : [first]), ...kept, ...(kept.at(-1) === last ? [] : [last])];
}

/** One with a validation loss where there is one: these are few. */
function onePerStretch(points: readonly LossPoint[], stretch: number): readonly LossPoint[] {
  const chosen = new Map<number, LossPoint>();
  for (const point of points) {
    const at = Math.floor(point.step / stretch);
    const before = chosen.get(at);
    if (before === undefined || (before.validation === null && point.validation !== null))
      chosen.set(at, point);
  }
  return [...chosen.values()];
}
