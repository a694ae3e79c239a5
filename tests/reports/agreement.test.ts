import { expect, test } from "vitest";
import { latestAgreement } from "../../src/reports/agreement.ts";

const prompted = new Set(["prompted"]);

function comparison(pairs: readonly unknown[], variants = ["prompted", "tuned"]) {
  return { id: "c", at: 1, route: "help", variants, summary: JSON.stringify({ summary: { pairs } }) };
}
const judge = { win: { share: 0.2 }, tie: { share: 0.5 }, loss: { share: 0.3 } };
const pair = (more: Readonly<Record<string, unknown>>) => ({
  variant: "tuned",
  against: "prompted",
  n: 40,
  judge: null,
  embedding_similarity: { mean: 0.91 },
  edit_similarity: { mean: 0.6 },
  ...more,
});

test.each([
  ["the judge's wins and ties", pair({ judge }), { share: 0.7, by: "judge", queries: 40 }],
  [
    "the losses of the other, where the candidate is the baseline",
    pair({ variant: "prompted", against: "tuned", judge }),
    { share: 0.8, by: "judge", queries: 40 },
  ],
  ["embeddings", pair({}), { share: 0.91, by: "embedding", queries: 40 }],
  ["letters", pair({ embedding_similarity: null }), { share: 0.6, by: "edit", queries: 40 }],
  ["nothing", pair({ embedding_similarity: null, edit_similarity: null }), undefined],
  ["another variant", pair({ variant: "third" }), undefined],
  ["an expected answer", pair({ against: null }), undefined],
])("%s", (_what, one, agreement) => {
  expect(latestAgreement([comparison([one])], "tuned", prompted, 40)).toEqual(agreement);
});

test("the latest that has both counts; what cannot be read is passed over", () => {
  const found = latestAgreement(
    [
      { ...comparison([]), summary: "{" },
      { ...comparison([]), summary: '{"other": 1}' },
      comparison([pair({})], ["prompted"]),
      comparison([pair({ n: 39 })]),
      comparison([pair({ edit_similarity: { mean: 0.5 }, embedding_similarity: null })]),
      comparison([pair({ edit_similarity: { mean: 0.9 }, embedding_similarity: null })]),
    ],
    "tuned",
    prompted,
    40,
  );
  expect(found?.share).toBe(0.5);
});
