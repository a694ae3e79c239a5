import { expect, test } from "vitest";
import { duration, rounded, usd } from "../../src/reports/words.ts";

test.each([
  [1.7, "$1.70"],
  [-1.7, "−$1.70"],
  [0, "$0"],
  [-0.004_883, "−$0.00488"],
  [0.002, "$0.002"],
  [99.999, "$100.00"],
  [1234.4, "$1,234"],
  [-1e-12, "$0.00"],
])("%f is %s", (value, text) => {
  expect(usd(value)).toBe(text);
});

test("amounts beside each other have as many decimals", () => {
  expect([usd(0.0048, 0.004_883), usd(-12, 0.5), usd(0, 3), usd(250.4, 99)]).toEqual([
    "$0.00480",
    "−$12.000",
    "$0.00",
    "$250.40",
  ]);
});

test.each([
  [2.5, "2.5 days"],
  [1, "1 day"],
  [0.5, "12 hours"],
  [1 / 24, "1 hour"],
  [1 / 96, "15 minutes"],
  [0.0001, "0.144 minutes"],
  [0, "0 days"],
  [1e30, "1E30 days"],
  [Number.POSITIVE_INFINITY, "∞ days"],
])("%f days are %s", (days, text) => {
  expect(duration(days)).toBe(text);
});

test("the largest number has a text", () => {
  expect([999e12, 1.234e15, -Number.MAX_VALUE].map((value) => rounded(value))).toEqual([
    "999,000,000,000,000",
    "1.23E15",
    "−1.8E308",
  ]);
});

test("a number below nothing has a real minus", () => {
  expect(rounded(-56.04)).toBe("−56");
});
