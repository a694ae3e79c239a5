import fc from "fast-check";
import { expect, test } from "vitest";
import { Likeness } from "../../src/datasets/likeness.ts";
import { leaksBetween, splitRows } from "../../src/datasets/split.ts";
import type { Said } from "./captures.ts";
import { rowTexts } from "./files.ts";
import { idsOf, keyedRows } from "./rows.ts";

const OPTIONS = { validation: 0.3, seed: "1", threshold: 0.9 };

/** Captures of a few users and conversations, whose questions are far apart. */
const said = fc.array(
  fc.record({
    user: fc.option(fc.constantFrom("ann", "bob", "cleo", "dan"), { nil: undefined }),
    turns: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 30 },
);

function capturesOf(
  list: readonly { readonly user: string | undefined; readonly turns: readonly number[] }[],
): Said[] {
  return list.map(({ user, turns }, index) => ({
    user,
    query: {
      messages: turns.flatMap((turn, place) => {
        const asked = { role: "user", content: `question ${turn * 7919} about topic${turn}` };
        return place === turns.length - 1
          ? [asked]
          : [asked, { role: "assistant", content: `answer ${turn}` }];
      }),
    },
    answer: `answer ${turns.at(-1)} of ${index}`,
  }));
}

test("each row goes to one side, and nothing ties the sides together", () => {
  fc.assert(
    fc.property(said, fc.string(), (list, seed) => {
      const rows = keyedRows(capturesOf(list));
      const { train, validation, report } = splitRows(rows, { ...OPTIONS, seed });
      expect([...idsOf(train), ...idsOf(validation)].sort()).toEqual(idsOf(rows));
      expect(report.leaks).toBe(0);
      const users = (side: typeof train): readonly (string | undefined)[] => side.map(({ group }) => group);
      for (const user of users(train)) if (user !== undefined) expect(users(validation)).not.toContain(user);
    }),
    { numRuns: 200 },
  );
});

test("rows keep their side when others come later", () => {
  const users = Array.from({ length: 40 }, (_, index) => ({
    user: `user-${index % 20}`,
    query: `word${index}`,
  }));
  const early = keyedRows(users.slice(0, 25));
  const all = keyedRows(users);
  const before = splitRows(early, OPTIONS);
  const after = splitRows(all, OPTIONS);
  expect(before.validation.length).toBeGreaterThan(0);
  expect(before.train.length).toBeGreaterThan(0);
  expect(idsOf(after.train)).toEqual(expect.arrayContaining([...idsOf(before.train)]));
  expect(idsOf(after.validation)).toEqual(expect.arrayContaining([...idsOf(before.validation)]));
});

test("the order in which rows come does not matter, the seed does", () => {
  const rows = keyedRows(Array.from({ length: 50 }, (_, index) => ({ query: `word${index}` })));
  const { train } = splitRows(rows, OPTIONS);
  expect(idsOf(splitRows(rows.toReversed(), OPTIONS).train)).toEqual(idsOf(train));
  expect(idsOf(splitRows(rows, { ...OPTIONS, seed: "2" }).train)).not.toEqual(idsOf(train));
  expect(splitRows(rows, { ...OPTIONS, validation: 0 }).validation).toEqual([]);
});

test("about the share asked for goes to validation", () => {
  const rows = keyedRows(
    rowTexts("banking77_sample.jsonl").map((text) => ({ query: JSON.parse(text).text })),
  );
  const { validation, report } = splitRows(rows, { ...OPTIONS, validation: 0.1 });
  expect(validation.length).toBeGreaterThan(70);
  expect(validation.length).toBeLessThan(130);
  expect(report).toMatchObject({ leaks: 0 });
});

test("questions that are nearly the same stay together", () => {
  const text = rowTexts("banking77_sample.jsonl")
    .slice(0, 6)
    .map((line) => String(JSON.parse(line).text))
    .join(" ");
  const pairs = ["one", "two"].map((answer) => ({ query: `${text} ${answer}`, answer }));
  const { report } = splitRows(keyedRows(pairs), OPTIONS);
  expect(report).toMatchObject({ groups: 1, largest: 2 });
});

test("what ties two sides is found: a user, a conversation, a question", () => {
  const long = "How long do eggs boil when they come from the fridge and the water is cold already";
  const rows = keyedRows([
    { user: "ann", query: "alpha" },
    { user: "ann", query: "beta" },
    { query: long, answer: "Ten." },
    { query: `${long}?`, answer: "Nine." },
    {
      query: {
        messages: [
          { role: "user", content: long },
          { role: "assistant", content: "Ten." },
          { role: "user", content: "gamma" },
        ],
      },
    },
  ]);
  const leaks = (train: readonly number[], validation: readonly number[]): number => {
    const side = (indexes: readonly number[]) => indexes.flatMap((index) => rows[index] ?? []);
    return leaksBetween(side(train), side(validation), Likeness.among(rows, ["question"], 0.9));
  };
  expect(leaks([0, 1], [2, 3, 4])).toBe(0);
  expect(leaks([0], [1])).toBe(1);
  expect(leaks([2], [3])).toBe(1);
  expect(leaks([2], [4])).toBe(1);
});
