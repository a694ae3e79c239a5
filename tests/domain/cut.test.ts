import fc from "fast-check";
import { expect, test } from "vitest";
import { cut } from "../../src/domain/cut.ts";

test("a text is cut before a character that does not fit whole", () => {
  expect(cut("ab", 2)).toBe("ab");
  expect(cut("abc", 2)).toBe("ab");
  expect(cut("a👩b", 2)).toBe("a");
  expect(cut("a👩b", 3)).toBe("a👩");
  expect(cut("👩", 0)).toBe("");
});

test("what is cut is the beginning, well formed, and at most one unit shorter than it may be", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, fc.nat(20), (whole, most) => {
      const part = cut(whole, most);
      expect(whole.startsWith(part)).toBe(true);
      expect(part.isWellFormed()).toBe(true);
      expect(part.length).toBeLessThanOrEqual(most);
      expect(part.length).toBeGreaterThanOrEqual(Math.min(whole.length, most - 1));
    }),
  );
});
