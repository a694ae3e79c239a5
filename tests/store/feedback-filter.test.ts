import fc from "fast-check";
import { expect, test } from "vitest";
import { FEEDBACK_NAME } from "../../src/domain/name.ts";
import { feedbackFilterOf } from "../../src/store/feedback-filter.ts";

test.each([
  ["thumbs", { name: "thumbs" }],
  ["thumbs:true", { name: "thumbs", equals: true }],
  ["thumbs=true", { name: "thumbs", equals: true }],
  ['label="5"', { name: "label", equals: "5" }],
  ["label=a=b:c", { name: "label", equals: "a=b:c" }],
  ["label:=b", { name: "label", equals: "=b" }],
  ["score:0.5", { name: "score", equals: 0.5 }],
  ["label:good", { name: "label", equals: "good" }],
  ["label:null", { name: "label", equals: "null" }],
  ['label:"5"', { name: "label", equals: "5" }],
  ["label:a:b>=c\nd", { name: "label", equals: "a:b>=c\nd" }],
  ["score>=-1e3", { name: "score", atLeast: -1000 }],
  ["a/b.c>=0", { name: "a/b.c", atLeast: 0 }],
])("%j is a filter", (text, filter) => {
  expect(feedbackFilterOf(text)).toEqual(filter);
});

test.each([
  "",
  ":",
  ":true",
  "label:",
  "=true",
  "label=",
  "score>=",
  "score>=high",
  "score>=true",
  "score>1",
  "score>=1e999",
  "a b",
  "-a",
])("%j is none", (text) => {
  expect(feedbackFilterOf(text)).toBeUndefined();
});

test.each([":", "="])("each name and each value can be asked for by %j", (sign) => {
  const name = fc.stringMatching(FEEDBACK_NAME);
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(name, value, (name, equals) => {
      const given = feedbackFilterOf(`${name}${sign}${JSON.stringify(equals)}`);
      expect(given).toEqual({ name, equals: equals === 0 ? expect.closeTo(0) : equals });
    }),
  );
});
