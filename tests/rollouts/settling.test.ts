import { expect, test } from "vitest";
import type { Side } from "../../src/domain/rollout.ts";
import { Settling, settlingState } from "../../src/rollouts/guardrails/settling.ts";

/** How many of so many requests tell of the shares. */
function told(settling: Settling, side: Side, times: number, share = 0.5, epoch = 0): number {
  return Array.from({ length: times }, () => settling.add(side, share, epoch)).filter(Boolean).length;
}

test("shares count once both sides have come for a while", () => {
  const settling = new Settling();
  expect(told(settling, "control", 97)).toBe(0);
  // The third of the candidate's is the 100th: after 400 they are told by.
  expect(told(settling, "candidate", 3)).toBe(0);
  expect(told(settling, "control", 301)).toBe(1);
  expect(told(settling, "candidate", 5)).toBe(5);
});

test("a side that never comes is waited for no longer than 2,000 requests", () => {
  expect(told(new Settling(), "control", 2_010)).toBe(10);
});

test("another share begins anew, and what is left of the one before is not told by", () => {
  const settling = new Settling();
  told(settling, "control", 3, 0.05, 0);
  told(settling, "candidate", 21, 0.05, 0);
  expect(told(settling, "control", 5, 0.05, 0)).toBe(5);
  expect(told(settling, "control", 1, 0.06, 1)).toBe(1);
  expect(told(settling, "control", 1, 0.25, 2)).toBe(0);
  expect(told(settling, "control", 1, 0.05, 1)).toBe(0);
  expect(told(settling, "control", 2_000, 0.25, 2)).toBe(1);
  expect(told(settling, "control", 1, 0.05, 1)).toBe(0);
});

test("it goes on after JSON as if nothing had been", () => {
  const settling = new Settling();
  told(settling, "control", 97);
  const copy = new Settling();
  copy.restore(settlingState.parse(JSON.parse(JSON.stringify(settling.state()))));
  for (const one of [settling, copy]) {
    told(one, "candidate", 3);
    expect(told(one, "control", 301)).toBe(1);
  }
  expect(copy.state()).toEqual(settling.state());
});
