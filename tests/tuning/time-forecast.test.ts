import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { timeForecast } from "../../src/tuning/time-forecast.ts";

const job = (tokens: number, seconds: number) => ({ tokens, seconds });

test("a fixed part and one by the token are told apart where sizes differ", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5_000 }),
      fc.double({ min: 0.0001, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 2, max: 50, noNaN: true }),
      fc.double({ min: 0.01, max: 5, noNaN: true }),
      (fixed, perToken, least, apart, share) => {
        const took = (tokens: number) => fixed + perToken * tokens;
        const sizes = [least, least * apart];
        const tokens = least * apart * share;
        const { seconds } = timeForecast(
          tokens,
          sizes.map((size) => job(size, took(size))),
        );
        expect(Math.abs((seconds ?? Number.NaN) / took(tokens) - 1)).toBeLessThan(0.001);
      },
    ),
  );
});

test("whatever the jobs were, it is no time below 0", () => {
  const jobs = fc.record({
    tokens: fc.integer({ min: 1, max: 1e9 }),
    seconds: fc.integer({ min: 1, max: 1e6 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.array(jobs, { maxLength: 10 }), (tokens, earlier) => {
      expect(timeForecast(tokens, earlier).seconds ?? 0).toBeGreaterThanOrEqual(0);
    }),
  );
});

describe("what is known:", () => {
  test.each([
    ["of a job of the same size", 1_000, [job(1_000, 60)], 60],
    ["of sizes that are nearly alike", 1_500, [job(1_000, 60), job(1_900, 114)], 90],
    ["where the larger one was faster", 1_500, [job(1_000, 80), job(4_000, 40)], 60],
    ["where the line would begin below 0", 2_000, [job(1_000, 10), job(2_000, 100)], 84],
  ])("%s", (_, tokens, earlier, seconds) => {
    const told = timeForecast(tokens, earlier);
    expect(told.seconds).toBeCloseTo(seconds);
    expect(told.basis).toMatch(/^The time is reckoned from (an earlier job|2 earlier jobs) of this model\.$/);
  });

  test.each([
    ["nothing has ended", 1_000, [], "no such job has ended here yet"],
    ["a tiny job spends its time on starting", 5_001, [job(1_000, 60)], "far smaller"],
    ["two of them do too", 10_001, [job(1_000, 60), job(2_000, 70)], "far smaller"],
    ["a large one hides what starting takes", 199, [job(1_000, 60)], "far larger"],
  ])("not where %s", (_, tokens, earlier, why) => {
    expect(timeForecast(tokens, earlier)).toEqual({ seconds: null, basis: expect.stringContaining(why) });
  });
});
