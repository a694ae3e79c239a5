import fc from "fast-check";
import { mean, sampleVariance } from "simple-statistics";
import { expect, test } from "vitest";
import { feedbackPairs } from "../../src/reports/feedback.ts";
import type { FeedbackSummary } from "../../src/store/store.ts";

function summary(variant: string, name: string, values: readonly number[]): FeedbackSummary {
  const numbers = [...values];
  return {
    route: "help",
    variant,
    name,
    // A text among them counts as feedback, but is no number.
    count: values.length + 1,
    numbers: values.length,
    binary: 0,
    mean: numbers.length === 0 ? undefined : mean(numbers),
    variance: numbers.length < 2 ? undefined : sampleVariance(numbers),
    labels: {},
  };
}

test("groups that are pooled have the mean and the error of all their values together", () => {
  const values = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, values, values, (a, b, own) => {
      const all = [
        summary("p", "score", a),
        summary("q", "score", b),
        summary("tuned", "score", [...own, 5]),
      ];
      const [pair] = feedbackPairs(all, new Set(["p", "q"]), "tuned");
      const together = [...a, ...b];
      expect(pair?.enriched.value).toBeCloseTo(mean(together), 9);
      expect(pair?.enriched.error).toBeCloseTo(Math.sqrt(sampleVariance(together) / together.length), 9);
      expect(pair?.fewest).toBe(Math.min(together.length, own.length + 1));
    }),
  );
});

test("names that one path alone has, texts, and other variants do not count", () => {
  const all = [
    summary("p", "thumbs", [1, 0]),
    summary("tuned", "score", [1, 2]),
    summary("p", "label", []),
    summary("tuned", "label", []),
    summary("p", "both", [1, 2]),
    summary("tuned", "both", [3, 4]),
    summary("stranger", "both", [100, 100]),
  ];
  const pairs = feedbackPairs(all, new Set(["p"]), "tuned");
  expect(pairs.map(({ name, enriched, candidate }) => [name, enriched.value, candidate.value])).toEqual([
    ["both", 1.5, 3.5],
  ]);
});
