import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../src/domain/statistics.ts";
import { differenceBounds, isProved, moreToProve, shareBounds } from "../../src/statistics/proof.ts";

/** B(s + 1/2, n - s + 1/2) / B(1/2, 1/2), the beta-binomial's chance of one order of s events in n, multiplied out. */
function mixture(events: number, count: number): number {
  let product = 1;
  for (let i = 0; i < count; i++) product *= ((i < events ? i : i - events) + 0.5) / (i + 1);
  return product;
}

test("no event in n: the upper bound in closed form", () => {
  for (const count of [1, 10, 100, 1_000]) {
    const high = 1 - (mixture(0, count) * 0.025) ** (1 / count);
    expect(shareBounds({ count, events: 0 }, 0.025).low).toBe(0);
    expect(shareBounds({ count, events: 0 }, 0.025).high).toBeCloseTo(high, 9);
  }
});

test("at both bounds the mixture is 1/alpha times as likely as the bound", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (count, some) => {
      const events = some % (count + 1);
      const { low, high } = shareBounds({ count, events }, 0.05);
      const likelihood = (p: number): number => p ** events * (1 - p) ** (count - events);
      if (events > 0) expect(mixture(events, count) / likelihood(low)).toBeCloseTo(20, 3);
      else expect(low).toBe(0);
      if (events < count) expect(mixture(events, count) / likelihood(high)).toBeCloseTo(20, 3);
      else expect(high).toBe(1);
      expect(low).toBeLessThanOrEqual(events / count);
      expect(high).toBeGreaterThanOrEqual(events / count);
    }),
  );
});

test("the bounds of a side hold at all of 2,000 looks in 95 % of runs", () => {
  const random = seededRandom(1);
  let missed = 0;
  for (let run = 0; run < 200; run++) {
    let events = 0;
    for (let count = 1; count <= 2_000; count++) {
      events += Number(random() < 0.1);
      // Bounds move slowly: looking each 25th time finds nearly all.
      if (count % 25 !== 0) continue;
      const { low, high } = shareBounds({ count, events }, 0.05);
      if (low <= 0.1 && 0.1 <= high) continue;
      missed++;
      break;
    }
  }
  expect(missed).toBeLessThanOrEqual(20);
});

test("a difference is bounded by what is worst for it", () => {
  const [control, candidate] = [
    { count: 300, events: 3 },
    { count: 100, events: 4 },
  ];
  const { low, high } = differenceBounds(control, candidate);
  expect(low).toBe(shareBounds(candidate, 0.025).low - shareBounds(control, 0.025).high);
  expect(high).toBe(shareBounds(candidate, 0.025).high - shareBounds(control, 0.025).low);
  expect(isProved(control, candidate, high + 1e-9)).toBe(true);
  expect(isProved(control, candidate, high)).toBe(false);
});

test("a base of 1 % within 2 points is proved after some 1,150 of the candidate's requests at a share of 25 %", () => {
  const random = seededRandom(2);
  const counts = Array.from({ length: 40 }, () => {
    const sides = { control: { count: 0, events: 0 }, candidate: { count: 0, events: 0 } };
    do {
      for (let i = 0; i < 40; i++) {
        const side = random() < 0.25 ? sides.candidate : sides.control;
        side.count++;
        side.events += Number(random() < 0.01);
      }
    } while (!isProved(sides.control, sides.candidate, 0.02));
    return sides.candidate.count;
  }).sort((a, b) => a - b);
  expect(counts[20]).toBeLessThan(1_300);
  expect(counts[20]).toBeGreaterThan(700);
});

test("how many more it takes is what it takes", () => {
  const [control, candidate] = [
    { count: 300, events: 3 },
    { count: 100, events: 1 },
  ];
  const more = moreToProve(control, candidate, 0.02) ?? 0;
  const after = (times: number): boolean =>
    isProved({ count: 300 * times, events: 3 * times }, { count: 100 * times, events: times }, 0.02);
  expect(after(1 + more / 100)).toBe(true);
  expect(after((1 + more / 100) * 0.95)).toBe(false);
  expect(moreToProve({ count: 30_000, events: 300 }, { count: 10_000, events: 100 }, 0.02)).toBe(0);
  expect(moreToProve({ count: 3_000, events: 30 }, { count: 1_000, events: 40 }, 0.02)).toBeUndefined();
  expect(moreToProve({ count: 0, events: 0 }, candidate, 0.02)).toBeUndefined();
});
