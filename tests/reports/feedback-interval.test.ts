import { expect, test } from "vitest";
import { feedbackInterval } from "../../src/reports/feedback-interval.ts";

const close = (value: number): number => expect.closeTo(value, 4);

test("of yes and no it is Wilson's, and stays within 0 and 1", () => {
  const yes = { mean: 1, variance: 0, numbers: 10, binary: 10 };
  expect(feedbackInterval(yes)).toEqual({ low: close(0.7225), high: 1, confidence: 0.95, method: "wilson" });
  // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263.
  const some = { mean: 81 / 263, variance: 0.2139, numbers: 263, binary: 263 };
  expect(feedbackInterval(some)).toMatchObject({ low: close(0.2553), high: close(0.3662) });
  expect(feedbackInterval({ mean: 0, variance: undefined, numbers: 1, binary: 1 })).toMatchObject({
    low: 0,
  });
});

test("as soon as there is another number it is the mean with 1.96 standard errors to each side", () => {
  const scores = { mean: 0.5, variance: 0.04, numbers: 100, binary: 99 };
  const reach = 1.959964 * (0.2 / 10);
  expect(feedbackInterval(scores)).toEqual({
    low: close(0.5 - reach),
    high: close(0.5 + reach),
    confidence: 0.95,
    method: "normal",
  });
});

test("texts have none, and a single number has none", () => {
  expect(feedbackInterval({ mean: undefined, variance: undefined, numbers: 0, binary: 0 })).toBeUndefined();
  expect(feedbackInterval({ mean: 3, variance: undefined, numbers: 1, binary: 0 })).toBeUndefined();
});
