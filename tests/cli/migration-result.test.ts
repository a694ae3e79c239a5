import { expect, test } from "vitest";
import {
  type Contender,
  type Contest,
  contestTable,
  doubtsIn,
  measured,
} from "../../src/cli/migration-result.ts";

function contender(name: string, right: number, inputTokens: number): Contender {
  return { name, measured: { questions: 300, right, inputTokens, usd: inputTokens / 1e6 } };
}

const contest: Contest = {
  bare: contender("bare", 3, 17),
  prompted: contender("prompted", 100, 3700),
  early: contender("early", 150, 17),
  tuned: contender("tuned", 220, 17),
};

test("what is right, and what it took, is counted", () => {
  const asked = ["a", "a", "b", "c"].map((answer, index) => ({
    question: { text: "?", intent: "a" },
    id: `cx_${index}`,
    answer,
    inputTokens: 10 * index,
    usd: index,
  }));
  expect(measured(asked)).toEqual({ questions: 4, right: 2, inputTokens: 15, usd: 1.5 });
});

test("there is no doubt when each is better than the one before", () => {
  expect(doubtsIn(contest)).toEqual([]);
});

test.each<[string, Partial<Contest>, string]>([
  [
    "the prompt does not help",
    { prompted: contender("prompted", 8, 3700) },
    "prompted is not better than bare",
  ],
  ["tuning does not help", { tuned: contender("tuned", 110, 17) }, "tuned is not better than prompted"],
  ["more rows do not help", { early: contender("early", 215, 17) }, "tuned is not better than early"],
  ["tokens stay", { tuned: contender("tuned", 220, 3000) }, "tuned takes 81.1% of the tokens"],
])("%s: that is told", (_, change, doubt) => {
  expect(doubtsIn({ ...contest, ...change })).toContainEqual(expect.stringContaining(doubt));
});

test("the table has a line for each, with the interval", () => {
  const [, , bare, prompted] = contestTable(contest).split("\n");
  expect(bare).toMatch(/^bare +1% +0\.3% to 2\.9% +17 +\$0\.0000170$/);
  expect(prompted).toMatch(/^prompted +33\.3% +28\.2% to 38\.8% +3,700 +\$0\.0037000$/);
});
