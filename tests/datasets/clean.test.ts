import fc from "fast-check";
import { expect, test } from "vitest";
import { balanceClasses, classesOf } from "../../src/datasets/balance.ts";
import { type CleaningOptions, clean } from "../../src/datasets/clean.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import type { Said } from "./captures.ts";
import { idsOf, keyedRows, rowsOf } from "./rows.ts";

const OPTIONS: CleaningOptions = {
  format: "openai",
  simulated: "mixed",
  keepRefusals: false,
  pii: "redact",
  redaction: {
    secrets: newRedactor(),
    stored: newRedactor({ personal: ["email"] }),
    settings: { personal: ["email"] },
  },
  maxTokens: 60,
  conflicts: "best",
  near: 0.8,
  maxPerClass: 2,
  seed: "1",
  tokensOf: ({ messages }) => JSON.stringify(messages).length / 4,
};

const text = fc.constantFrom(
  "Ten.",
  "Nine.",
  "",
  "I'm sorry, but I can't help with that.",
  "ann@example.com",
  "x".repeat(300),
);
const said: fc.Arbitrary<readonly Said[]> = fc.array(
  fc.record({
    query: fc.constantFrom("Eggs?", "eggs", "Ham and eggs?", "Rice?"),
    answer: text,
    finishReason: fc.constantFrom("stop", "length"),
    user: fc.constantFrom("ann", "bob"),
  }),
  { maxLength: 40 },
);

test("no step invents a row, and what it keeps and removes is what came to it", () => {
  fc.assert(
    fc.property(said, fc.constantFrom("drop", "redact", "keep"), (list, pii) => {
      const source = rowsOf(list);
      const report = {
        step: "readable",
        kept: source.length,
        removed: 0,
        changed: 0,
        reasons: {},
        examples: [],
      };
      const { rows, steps } = clean({ rows: source, report }, { ...OPTIONS, pii });
      let left = source.length;
      for (const step of steps) {
        expect(step.kept + step.removed).toBe(left);
        const reasons = Object.values(step.reasons).reduce((sum, count) => sum + count, 0);
        expect(reasons).toBeGreaterThanOrEqual(step.removed + step.changed);
        left = step.kept;
      }
      expect(rows).toHaveLength(left);
      expect(new Set(idsOf(rows)).size).toBe(left);
      expect(idsOf(source)).toEqual(expect.arrayContaining([...idsOf(rows)]));
      expect(new Set(rows.map(({ input }) => input)).size).toBe(left);
    }),
    { numRuns: 200 },
  );
});

test("steps that are switched off are not there", () => {
  const source = {
    rows: [],
    report: { step: "readable", kept: 0, removed: 0, changed: 0, reasons: {}, examples: [] },
  };
  const off = { keepRefusals: true, maxTokens: undefined, near: undefined, maxPerClass: undefined };
  const stepsOf = (options: Partial<CleaningOptions>): readonly string[] =>
    clean(source, { ...OPTIONS, ...options }).steps.map(({ step }) => step);
  const gone = stepsOf({}).filter((step) => !stepsOf(off).includes(step));
  expect(gone).toEqual(["refusals", "too long", "near duplicates", "class balance"]);
});

const labelled = (count: number): readonly Said[] =>
  Array.from({ length: count }, (_, index) => ({
    query: `word${index}`,
    answer: index % 4 === 0 ? "no" : "yes",
  }));

test("short answers that come again and again are labels, and are counted", () => {
  expect(classesOf(keyedRows(labelled(12)))).toEqual({ yes: 9, no: 3 });
  expect(
    classesOf(
      keyedRows([
        { query: "a", answer: "yes" },
        { query: "b", answer: "no" },
      ]),
    ),
  ).toBeUndefined();
  const texts = Array.from({ length: 12 }, (_, index) => ({ query: `q${index}`, answer: `answer ${index}` }));
  expect(classesOf(keyedRows(texts))).toBeUndefined();
  expect(
    classesOf(keyedRows([...labelled(12), { query: "z", answer: "A long text.\nAnd more." }])),
  ).toBeUndefined();
});

test("of each label at most so many rows stay, drawn by the seed, and mostly the same when others come", () => {
  const rows = keyedRows(labelled(40));
  const { rows: kept, report } = balanceClasses(rows, 5, "1");
  expect(classesOf(kept)).toEqual({ yes: 5, no: 5 });
  expect(report.reasons).toEqual({ "more than 5 rows of its label": 30 });
  expect(idsOf(balanceClasses(rows.toReversed(), 5, "1").rows).toSorted()).toEqual(idsOf(kept));
  expect(idsOf(balanceClasses(rows, 5, "2").rows)).not.toEqual(idsOf(kept));
  const more = idsOf(balanceClasses(keyedRows(labelled(44)), 5, "1").rows);
  expect(idsOf(kept).filter((id) => more.includes(id)).length).toBeGreaterThan(5);
});

test("free texts are not balanced", () => {
  const rows = keyedRows(
    Array.from({ length: 12 }, (_, index) => ({ query: `q${index}`, answer: `a ${index}` })),
  );
  expect(balanceClasses(rows, 1, "1").report).toMatchObject({ kept: 12, removed: 0 });
});
