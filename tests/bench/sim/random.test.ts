import { expect, test } from "vitest";
import { Random } from "../../../bench/sim/random.ts";
import { Users } from "../../../bench/sim/users.ts";

const DRAWS = 200_000;

function momentsOf(draw: () => number): { readonly mean: number; readonly variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < DRAWS; i++) {
    const value = draw();
    sum += value;
    squares += value * value;
  }
  const mean = sum / DRAWS;
  return { mean, variance: squares / DRAWS - mean * mean };
}

test("the same name and run make the same numbers, and others others", () => {
  const words = (name: string, run: number): readonly number[] => {
    const random = new Random(name, run);
    return Array.from({ length: 5000 }, () => random.word());
  };
  expect(words("a", 1)).toEqual(words("a", 1));
  expect(new Set([...words("a", 1), ...words("a", 2), ...words("b", 1)]).size).toBeGreaterThan(14_990);
});

test.each([
  ["unit", (random: Random) => random.unit(), 1 / 2, 1 / 12],
  ["normal", (random: Random) => random.normal(), 0, 1],
  ["exponential of mean 3", (random: Random) => random.exponential(3), 3, 9],
  ["gamma of shape 0.3", (random: Random) => random.gamma(0.3), 0.3, 0.3],
  ["gamma of shape 4", (random: Random) => random.gamma(4), 4, 4],
  ["beta of mean 0.1, correlation 0.05", (random: Random) => random.beta(0.1, 0.05), 0.1, 0.05 * 0.1 * 0.9],
] as const)("%s has its mean and variance", (_, draw, mean, variance) => {
  const random = new Random("moments", 1);
  const found = momentsOf(() => draw(random));
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / DRAWS));
  expect(found.variance / variance).toBeCloseTo(1, 1);
});

test("users come as often as they are active, and their numbers are even", () => {
  const random = new Random("users", 1);
  const users = new Users(random, { count: 1000, spread: 1 });
  const times = new Float64Array(1000);
  for (let i = 0; i < DRAWS; i++) {
    const user = users.draw(random);
    times[user] = (times[user] ?? 0) + 1;
  }
  const logs = [...times].map((count) => Math.log(Math.max(count, 0.5)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length;
  expect(Math.sqrt(variance)).toBeCloseTo(1, 0.7);
  const below = Array.from({ length: 1000 }, (_, place) => users.unitOf(place)).filter((unit) => unit < 0.3);
  expect(below.length).toBeGreaterThan(250);
  expect(below.length).toBeLessThan(350);
});
