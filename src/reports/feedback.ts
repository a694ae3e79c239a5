import type { FeedbackSummary } from "../store/store.ts";
import type { FeedbackPair } from "./advise.ts";
import type { Estimate } from "./estimate.ts";

/** Feedback of numbers and booleans that both sides have, by name. */
export function feedbackPairs(
  summaries: readonly FeedbackSummary[],
  prompted: ReadonlySet<string>,
  candidate: string | undefined,
): readonly FeedbackPair[] {
  return [...Map.groupBy(summaries, ({ name }) => name)].flatMap(([name, all]) => {
    const enriched = pooled(all.filter(({ variant }) => prompted.has(variant)));
    const own = pooled(all.filter(({ variant }) => variant === candidate));
    if (enriched === undefined || own === undefined) return [];
    return [{ name, fewest: Math.min(enriched.count, own.count), enriched, candidate: own }];
  });
}

/** The mean over several variants. @returns undefined below two numbers */
function pooled(summaries: readonly FeedbackSummary[]): (Estimate & { readonly count: number }) | undefined {
  const groups = summaries.flatMap(({ numbers, mean, variance }) =>
    mean === undefined ? [] : [{ count: numbers, mean, variance: variance ?? 0 }],
  );
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (count < 2) return undefined;
  const mean = groups.reduce((sum, group) => sum + group.mean * group.count, 0) / count;
  const squares = groups.reduce(
    (sum, group) => sum + group.variance * (group.count - 1) + group.count * (group.mean - mean) ** 2,
    0,
  );
  return { count, value: mean, error: Math.sqrt(squares / (count - 1) / count) };
}
