import { readFileSync } from "node:fs";
import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import { z } from "zod";
import { estimateTokens } from "../../src/domain/tokens.ts";

const row = z.object({ turns: z.array(z.string()) });

function englishQuestions(): string[] {
  return readFileSync(new URL("../fixtures/vicuna_bench_question.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .flatMap((line) => row.parse(JSON.parse(line)).turns);
}

test("for English questions half of the estimates lie within 6% and nine in ten within 30%", () => {
  const errors = englishQuestions()
    .map((text) => Math.abs(estimateTokens(text) / countTokens(text) - 1))
    .toSorted((a, b) => a - b);
  expect(errors).toHaveLength(80);
  expect(errors[40]).toBeLessThanOrEqual(0.06);
  expect(errors[72]).toBeLessThanOrEqual(0.3);
});

test("over all questions together the estimate is within 5%", () => {
  const text = englishQuestions().join("\n");
  expect(Math.abs(estimateTokens(text) / countTokens(text) - 1)).toBeLessThan(0.05);
});

test.each([
  ["numbers", "1234567890 2026-03-01 3.14159265 +49 30 901820"],
  ["code", "export function add(a: number, b: number): number {\n  return a + b;\n}\n"],
  ["JSON", '{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"Hello"}],"temperature":0.2}'],
  ["Chinese", "我想知道如何在家里做番茄汤，需要哪些材料？"],
  ["Japanese", "おはようございます。駅はどこですか。"],
])("for %s the estimate is no worse than a factor of two", (_what, text) => {
  const ratio = estimateTokens(text) / countTokens(text);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test("an estimate is a whole number from 0, and more text never has fewer tokens", () => {
  expect(estimateTokens("")).toBe(0);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (start, rest) => {
      const tokens = estimateTokens(start);
      expect(Number.isInteger(tokens) && tokens >= 0).toBe(true);
      expect(estimateTokens(start + rest)).toBeGreaterThanOrEqual(tokens);
    }),
  );
});
