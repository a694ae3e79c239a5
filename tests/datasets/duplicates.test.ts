import fc from "fast-check";
import { expect, test } from "vitest";
import { dropNearDuplicates, mergeExact, settleConflicts } from "../../src/datasets/duplicates.ts";
import { BandIndex, bandKeys, bandWidth, signatureOf } from "../../src/datasets/minhash.ts";
import { jaccard, shinglesOf } from "../../src/datasets/shingles.ts";
import { rowTexts } from "./files.ts";
import { idsOf, keyedRows } from "./rows.ts";

test("rows with the same question and answer become the latest of them, which stands for all", () => {
  const rows = keyedRows([
    { answer: "Ten." },
    { answer: "Nine." },
    { answer: "Ten.", feedback: { thumbs: true } },
    { answer: "Ten." },
    { query: "Ham?", answer: "Ten." },
  ]);
  const { rows: kept, report } = mergeExact(rows);
  expect(idsOf(kept)).toEqual(["req-001", "req-003", "req-004"]);
  expect(kept[1]).toMatchObject({ copies: 3, since: 0, at: 3, rating: 1 });
  expect(report).toMatchObject({ kept: 3, removed: 2 });
});

test("the same texts with other tools are another question", () => {
  const messages = [{ role: "user", content: "Eggs?" }];
  const tools = [{ type: "function", function: { name: "boil" } }];
  expect(mergeExact(keyedRows([{ query: { messages } }, { query: { messages, tools } }])).rows).toHaveLength(
    2,
  );
});

// Two said "Ten." before, one was praised, the last came latest.
const RIVALS = [
  { answer: "Ten." },
  { answer: "Ten." },
  { answer: "Nine.", feedback: { thumbs: true } },
  { answer: "Eight.", feedback: { thumbs: false } },
];

test.each([
  ["best", "Nine."],
  ["majority", "Ten."],
  ["latest", "Eight."],
  ["drop", undefined],
] as const)("of several answers to one question, %s takes %s", (rule, answer) => {
  const { rows } = mergeExact(keyedRows(RIVALS));
  const settled = settleConflicts([...rows, ...keyedRows([{ id: "other", query: "Ham?" }])], rule);
  const [winner] = settled.rows.filter(({ id }) => id !== "other");
  expect(winner?.example.messages.at(-1)?.content).toBe(answer);
  expect(winner?.since).toBe(answer && 0);
  expect(settled.report.removed).toBe(answer === undefined ? 3 : 2);
});

test("without feedback the best answer is that of the most, and a correction is better than any", () => {
  const plain = RIVALS.map(({ answer }) => ({ answer }));
  const bestOf = (said: Parameters<typeof keyedRows>[0]): unknown =>
    settleConflicts(mergeExact(keyedRows(said)).rows, "best").rows[0]?.example.messages.at(-1)?.content;
  expect(bestOf(plain)).toBe("Ten.");
  expect(bestOf([...RIVALS, { answer: "One.", feedback: { correction: "Seven." } }])).toBe("Seven.");
});

const LONG =
  "Take a large pot, fill it with cold water, add a spoon of salt and bring it to the boil before the eggs go in, one after the other, with a ladle so that none of them breaks.";

test("rows go that say nearly the same as an earlier one, in question and answer", () => {
  const rows = keyedRows([
    { query: `${LONG} Is that right?`, answer: LONG },
    { query: `${LONG.toUpperCase()} – is that right?!`, answer: `${LONG} Enjoy.` },
    { query: `${LONG} Is that right?`, answer: "Yes." },
    { query: "Is that right?", answer: LONG },
  ]);
  const { rows: kept, report } = dropNearDuplicates(rows, 0.9);
  expect(idsOf(kept)).toEqual(["req-000", "req-002", "req-003"]);
  expect(report.reasons).toEqual({ "nearly the same question and answer": 1 });
});

test("instructions that all questions share do not make them the same", () => {
  const rows = keyedRows(
    [
      "card lost",
      "card stolen",
      "card late",
      "top up failed",
      "cash refused",
      "wrong rate",
      "refund",
      "PIN",
    ].map((text) => ({ query: `${LONG}\n\n${text}`, answer: "card" })),
  );
  expect(dropNearDuplicates(rows, 0.9).rows).toHaveLength(8);
});

test("texts in scripts without spaces are told apart by their characters", () => {
  const text = "卵を茹でる時間は何分ですか。水から茹でるのとお湯から茹でるのとではどちらが良いですか。";
  const share = jaccard(shinglesOf(text), shinglesOf(`${text}教えて`));
  expect(share).toBeGreaterThan(0.85);
  expect(share).toBeLessThan(1);
  expect(jaccard(shinglesOf("はい"), shinglesOf("いいえ"))).toBe(0);
});

test("the share of common shingles is what sets give", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 });
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const both = a.filter((x) => b.includes(x)).length;
      const sorted = (list: readonly number[]): Uint32Array => Uint32Array.from(list).sort();
      expect(jaccard(sorted(a), sorted(b))).toBe(both / new Set([...a, ...b]).size);
    }),
  );
});

test("bands are as wide as pairs at the threshold allow, to be found in all but one of a thousand cases", () => {
  const found = (width: number, threshold: number, texts: number): number =>
    1 - (1 - threshold ** (width * texts)) ** Math.floor(64 / width);
  for (const threshold of [0.5, 0.6, 0.7, 0.8, 0.9, 1])
    for (const texts of [1, 2]) {
      const width = bandWidth(threshold, texts);
      expect(found(width, threshold, texts)).toBeGreaterThan(0.999);
      if (width < 8) expect(found(width + 1, threshold, texts)).toBeLessThan(0.999);
    }
});

test("signatures agree as often as the texts are alike", () => {
  const shared = Array.from({ length: 60 }, (_, i) => `w${i}`);
  const own = (name: string): readonly string[] => Array.from({ length: 20 }, (_, i) => `${name}${i}`);
  const a = shinglesOf([...shared, ...own("a")].join(" "));
  const b = shinglesOf([...shared, ...own("b")].join(" "));
  const [x, y] = [signatureOf(a), signatureOf(b)];
  const agreed = x.filter((hash, index) => hash === y[index]).length / x.length;
  expect(Math.abs(agreed - jaccard(a, b))).toBeLessThan(0.2);
});

test.each([0.5, 0.6, 0.7, 0.8, 0.9])(
  "real questions: MinHash finds every pair that comparing all finds at %d",
  (threshold) => {
    const sets = rowTexts("banking77_sample.jsonl").map((text) => shinglesOf(JSON.parse(text).text));
    const width = bandWidth(threshold, 1);
    const bands = new BandIndex<number>();
    const found = new Set<string>();
    const all = new Set<string>();
    sets.forEach((set, later) => {
      const keys = bandKeys([signatureOf(set)], width);
      for (const earlier of bands.candidates(keys))
        if (jaccard(set, sets[earlier] ?? set) >= threshold) found.add(`${earlier} ${later}`);
      bands.add(keys, later);
      sets.slice(0, later).forEach((other, earlier) => {
        if (jaccard(set, other) >= threshold) all.add(`${earlier} ${later}`);
      });
    });
    expect(sets).toHaveLength(1000);
    expect([...found].sort()).toEqual([...all].sort());
    if (threshold < 0.7) expect(all.size).toBeGreaterThan(2);
  },
);
