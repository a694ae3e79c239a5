import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cosine, editSimilarity, LONGEST } from "../../src/comparison/similarity.ts";

describe("editSimilarity", () => {
  test.each([
    ["kitten", "sitting", 1 - 3 / 7], // the textbook's: two replaced, one added
    ["Saturday", "Sunday", 1 - 3 / 8],
    ["", "", 1],
    ["", "abc", 0],
    ["same", "same", 1],
    ["abc", "xyz", 0],
  ])("of %j and %j", (a, b, similarity) => {
    expect(editSimilarity(a, b)).toBeCloseTo(similarity, 12);
  });

  test("is symmetric, from 0 to 1, and 1 for equal texts alone", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const similarity = editSimilarity(a, b);
        expect(similarity).toBe(editSimilarity(b, a));
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(1);
        expect(similarity === 1).toBe(a === b);
      }),
    );
  });

  test("what long texts begin and end with is left out, so that one change far inside counts as one", () => {
    const text = "abcdefghij".repeat(10_000);
    const changed = `${text.slice(0, 50_000)}X${text.slice(50_001)}`;
    expect(editSimilarity(text, changed)).toBeCloseTo(1 - 1 / text.length, 12);
  });

  test("past the longest part that is compared all counts as different: a lower bound", () => {
    const tail = LONGEST / 2;
    const a = `a${"x".repeat(LONGEST - 1)}${"y".repeat(tail)}1`;
    const b = `b${"x".repeat(LONGEST - 1)}${"y".repeat(tail)}2`;
    // One replacement within, and the tails' letters and last digits as if they all differed.
    expect(editSimilarity(a, b)).toBeCloseTo(1 - (1 + tail + 1) / a.length, 12);
    expect(editSimilarity(a, b)).toBe(editSimilarity(b, a));
  });

  test("texts of very different lengths stay within 0 and 1", () => {
    expect(editSimilarity("q", "z".repeat(3 * LONGEST))).toBe(0);
  });
});

describe("cosine", () => {
  test.each([
    [[1, 0], [0, 1], 0],
    [[1, 2], [2, 4], 1],
    [[1, 0], [-3, 0], -1],
    [[3, 4], [4, 3], 24 / 25],
  ])("of %j and %j is %d", (a, b, value) => {
    expect(cosine(a, b)).toBeCloseTo(value, 12);
  });

  test("is not known for other lengths or for nothing", () => {
    expect(cosine([1], [1, 2])).toBeUndefined();
    expect(cosine([0, 0], [1, 2])).toBeUndefined();
  });
});
