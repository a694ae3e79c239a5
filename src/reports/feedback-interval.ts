import { CONFIDENCE, type Interval, reachOf, wilsonInterval } from "../domain/statistics.ts";
import type { FeedbackSummary } from "../store/store.ts";

export interface FeedbackInterval extends Interval {
  /** With which the true mean lies within, from 0 to 1. */
  readonly confidence: number;
  readonly method: "normal" | "wilson";
}

/**
 * Where the mean of feedback lies with 95% confidence. Where all is yes or no, or 0 or 1, it is a share, which has
 * Wilson's interval ("Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927); otherwise
 * it has the normal approximation, mean ± 1.96 standard errors, which is too narrow below some thirty values.
 * @returns undefined where there is no mean, and for a single number
 */
export function feedbackInterval(
  summary: Pick<FeedbackSummary, "mean" | "variance" | "numbers" | "binary">,
): FeedbackInterval | undefined {
  const { mean, variance, numbers, binary } = summary;
  if (mean === undefined) return undefined;
  if (binary === numbers)
    return {
      ...wilsonInterval(Math.round(mean * numbers), numbers),
      confidence: CONFIDENCE,
      method: "wilson",
    };
  if (variance === undefined) return undefined;
  const reach = reachOf(CONFIDENCE) * Math.sqrt(variance / numbers);
  return { low: mean - reach, high: mean + reach, confidence: CONFIDENCE, method: "normal" };
}
