import { expect, test } from "vitest";
import { mostOf, rare, within } from "../../../bench/sim/goals.ts";
import { Runs } from "../../../bench/sim/scenario.ts";

test("so many runs may be rolled back by chance", () => {
  expect(mostOf(2000, 0.01)).toBe(31);
  expect(mostOf(500, 0.01)).toBe(11);
  expect(mostOf(60, 0.01)).toBe(3);
  expect(mostOf(1000, 0)).toBe(0);
});

const some = (count: number, trials: number): Runs =>
  new Runs(Array.from({ length: trials }, (_, run) => (run < count ? { stop: run } : {})));

test("a goal is met up to its bound, and not beyond", () => {
  expect(rare("x", some(31, 2000), "stop", 0.01).isMet).toBe(true);
  expect(rare("x", some(32, 2000), "stop", 0.01).isMet).toBe(false);
  expect(within("x", some(1000, 1000), "stop", 0.5, 500).isMet).toBe(true);
  expect(within("x", some(1000, 1000), "stop", 0.5, 499).isMet).toBe(false);
});

test("few runs have more room", () => {
  expect(within("x", some(100, 100), "stop", 0.5, 45).isMet).toBe(true);
  expect(within("x", some(100, 100), "stop", 0.5, 20).isMet).toBe(false);
});

test("runs that never came to it are the latest", () => {
  expect(some(400, 1000).median("stop")).toBe(Number.POSITIVE_INFINITY);
  expect(within("x", some(400, 1000), "stop", 0.5, 1e9).isMet).toBe(false);
});
