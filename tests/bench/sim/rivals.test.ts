import { describe, expect, test } from "vitest";
import { Random } from "../../../bench/sim/random.ts";
import { Rivals } from "../../../bench/sim/rivals.ts";

/** Plays requests at ten a second. @param share of the candidate */
function play(random: Random, share: number, control: number, candidate: number, requests: number): Rivals {
  const rivals = new Rivals();
  for (let i = 0; i < requests; i++) {
    const isCandidate = random.unit() < share;
    rivals.observe(isCandidate, random.unit() < (isCandidate ? candidate : control) ? 1 : 0, i * 100);
  }
  return rivals;
}

describe("the fixed threshold", () => {
  test("counts minutes in which more than 1% failed, and rolls back at the tenth", () => {
    const rivals = new Rivals();
    for (let minute = 0; minute < 10; minute++)
      for (let i = 0; i < 50; i++) rivals.observe(true, i === 0 ? 1 : 0, minute * 60_000 + i * 1000);
    expect(rivals.stops.fixed).toBeUndefined();
    rivals.observe(true, 0, 10 * 60_000);
    expect(rivals.stops.fixed).toBe(500);
  });

  test("lets a minute pass in which 1% failed", () => {
    const rivals = new Rivals();
    for (let minute = 0; minute < 30; minute++)
      for (let i = 0; i < 100; i++) rivals.observe(true, i === 0 ? 1 : 0, minute * 60_000 + i * 500);
    expect(rivals.stops.fixed).toBeUndefined();
  });
});

describe("the repeated z-test", () => {
  test("asks as the usual formula does, after every request", () => {
    const random = new Random("the usual formula", 0);
    const rivals = new Rivals();
    const seen = { control: [0, 0] as [number, number], candidate: [0, 0] as [number, number] };
    let expected: number | undefined;
    for (let i = 0; i < 20_000 && expected === undefined; i++) {
      const isCandidate = random.unit() < 0.2;
      const value = random.unit() < (isCandidate ? 0.06 : 0.05) ? 1 : 0;
      const side = isCandidate ? seen.candidate : seen.control;
      side[0]++;
      side[1] += value;
      rivals.observe(isCandidate, value, i);
      const [[n0, k0], [n1, k1]] = [seen.control, seen.candidate];
      if (n0 < 10 || n1 < 10) continue;
      const p = (k0 + k1) / (n0 + n1);
      const z = (k1 / n1 - k0 / n0) / Math.sqrt(p * (1 - p) * (1 / n0 + 1 / n1));
      if (z > 2.326) expected = n1;
    }
    expect(expected).toBeGreaterThan(10);
    expect(rivals.stops.z).toBe(expected);
  });

  test("rolls back far more of the healthy than its 1%", () => {
    const stopped = Array.from({ length: 200 }, (_, run) =>
      play(new Random("healthy", run), 0.25, 0.05, 0.05, 20_000),
    ).filter(({ stops }) => stops.z !== undefined);
    expect(stopped.length).toBeGreaterThan(10);
  });
});

describe("the best arm", () => {
  test("is looked at each five minutes, and stops at a clear difference", () => {
    const { stops } = play(new Random("clear", 0), 0.5, 0.01, 0.5, 4000);
    expect(stops.bestArm).toBeGreaterThan(1300);
    expect(stops.bestArm).toBeLessThan(1700);
  });

  test("does not stop for a candidate that is better", () => {
    expect(play(new Random("better", 0), 0.5, 0.5, 0.01, 20_000).stops).not.toHaveProperty("bestArm");
  });
});

test("all are over when each has stopped", () => {
  expect(play(new Random("bad", 0), 0.5, 0, 0.5, 8000).isOver).toBe(true);
  expect(play(new Random("bad", 0), 0.5, 0, 0.5, 4000).isOver).toBe(false); // ten minutes are not over
});
