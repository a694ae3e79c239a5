import { expect, test } from "vitest";
import { observedFeedback } from "../../src/gateway/observed-feedback.ts";
import { unitIn } from "../../src/routing/choose.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { rolloutOf } from "../rollouts/runs.ts";
import { factsOf } from "../support/facts.ts";

const rollout = rolloutOf();

function capture(more: Partial<StoredCapture> = {}): StoredCapture {
  const assigned = { rollout: "r", run: "run_1", stage: 1, epoch: 2, share: 0.05 };
  const answered = { decided: "b", variant: "b", stickyKey: "ann" };
  const recipe = rollout[more.decided === "a" ? "control" : "candidate"].recipe.version;
  return { ...factsOf("cx_1"), ...assigned, ...answered, recipe, content: undefined, feedback: [], ...more };
}

test("feedback counts for the side and the share to which its request was assigned", () => {
  expect(observedFeedback({ name: "stars", value: 4 }, capture(), rollout)).toEqual({
    kind: "feedback",
    unit: unitIn("r", "ann"),
    side: "candidate",
    share: 0.05,
    stage: 1,
    epoch: 2,
    feedback: "stars",
    value: 4,
  });
  const control = capture({ decided: "a", variant: "a", stickyKey: undefined });
  expect(observedFeedback({ name: "thumbs", value: false }, control, rollout)).toMatchObject({
    unit: undefined,
    side: "control",
    value: 0,
  });
});

test.each([
  ["whose key was redacted: it is not the one that decided", { stickyKey: "[redacted:email]" }],
  ["that the cache answered", { cached: true }],
  ["that a fallback answered", { variant: "c" }],
  ["that another prompt than today's answered", { recipe: "another" }],
  ["from before runs were kept", { share: undefined, epoch: undefined }],
])("no feedback counts on a request %s", (_name, more) => {
  expect(observedFeedback({ name: "stars", value: 4 }, capture(more), rollout)).toBeUndefined();
});
