import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Classifier,
  classify,
  packClassifier,
  unpackClassifier,
} from "../../../src/providers/simulator/classifier.ts";
import { DIMENSIONS, featuresOf, likeness, wordsOf } from "../../../src/providers/simulator/features.ts";

const text = fc.string({ unit: "grapheme", maxLength: 60 });

const models = fc
  .tuple(fc.uniqueArray(text, { minLength: 1, maxLength: 5 }), fc.nat())
  .map(([answers, seed]): Classifier => {
    const floats = (count: number) => Float32Array.from({ length: count }, (_, at) => Math.sin(seed + at));
    return { answers, weights: floats(DIMENSIONS * answers.length), bias: floats(answers.length) };
  });

test("what is packed is unpacked the same, wherever it begins in its buffer", () => {
  fc.assert(
    fc.property(models, fc.nat({ max: 9 }), (model, offset) => {
      const packed = packClassifier(model);
      const shifted = new Uint8Array(offset + packed.length).fill(10);
      shifted.set(packed, offset);
      expect(unpackClassifier(shifted.subarray(offset))).toEqual(model);
      expect(() => unpackClassifier(packed.subarray(0, -4))).toThrow();
    }),
    { numRuns: 50 },
  );
});

test("every text has features of unit length or none, the same each time, and one of the answers", () => {
  fc.assert(
    fc.property(models, text, (model, query) => {
      const features = featuresOf(wordsOf(query));
      expect(featuresOf(wordsOf(query))).toEqual(features);
      expect([...features.indexes]).toEqual([...new Set(features.indexes)].sort((a, b) => a - b));
      expect(features.indexes.every((index) => index < DIMENSIONS)).toBe(true);
      expect(likeness(features, features)).toBeCloseTo(features.indexes.length > 0 ? 1 : 0, 5);
      expect(model.answers).toContain(classify(model, query));
    }),
  );
});

test("texts are the more alike the more words they share, whatever their case", () => {
  const of = (query: string) => featuresOf(wordsOf(query));
  const asked = of("Where is my new card?");
  expect(likeness(asked, of("WHERE is my NEW card"))).toBeCloseTo(1, 5);
  expect(likeness(asked, of("Where is my card?"))).toBeGreaterThan(likeness(asked, of("My card broke")));
  expect(likeness(asked, of("My card broke"))).toBeGreaterThan(likeness(asked, of("exchange rates abroad")));
});
