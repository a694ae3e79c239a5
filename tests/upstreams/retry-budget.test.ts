import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "../../src/upstreams/retry-budget.ts";

test("under steady load retries are a fifth of the requests, however many are wished for", () => {
  const budget = new RetryBudget(0.2);
  let retries = 0;
  for (let request = 0; request < 6000; request++) {
    const now = request * 5; // 200 a second for 30 seconds
    budget.requested(now);
    for (let wish = 0; wish < 2; wish++) if (budget.take(now)) retries++;
  }
  expect(retries).toBeLessThanOrEqual(1200);
  expect(retries).toBeGreaterThan(1000);
});

test("few requests may be tried again nonetheless: ten times in ten seconds", () => {
  const budget = new RetryBudget(0.2);
  budget.requested(0);
  const taken = Array.from({ length: 20 }, (_, i) => budget.take(i));
  expect(taken.filter(Boolean)).toHaveLength(10);
  expect([budget.take(9999), budget.take(10_000)]).toEqual([false, true]);
});

test("never more than ten or the share of the requests, in any ten seconds of the clock", () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 3000 }), retry: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, share) => {
        const budget = new RetryBudget(share);
        const requests: number[] = [];
        const retries: number[] = [];
        let now = 0;
        for (const { wait, retry } of steps) {
          now += wait;
          const recent = (times: readonly number[]): number =>
            times.filter((at) => Math.floor(at / 1000) > Math.floor(now / 1000) - 10).length;
          if (!retry) {
            requests.push(now);
            budget.requested(now);
          } else {
            const fits = recent(retries) + 1 <= Math.max(10, share * recent(requests));
            expect(budget.take(now)).toBe(fits);
            if (fits) retries.push(now);
          }
        }
      },
    ),
  );
});
