import fc from "fast-check";
import { expect, test } from "vitest";
import { HealthTracker } from "../../src/metrics/health.ts";

/** A tracker of one variant that has seen these outcomes. */
function after(outcomes: readonly boolean[]) {
  const tracker = new HealthTracker();
  tracker.watch(["a"]);
  for (const succeeded of outcomes) tracker.record("a", succeeded);
  return tracker.snapshot["a"];
}

test("a variant that was not used yet is well", () => {
  expect(after([])).toEqual({ ok: true, errorRate: 0, requests: 0n });
});

test("half of the recent requests may fail, more may not", () => {
  expect(after([true, false])).toEqual({ ok: true, errorRate: 0.5, requests: 2n });
  expect(after([true, false, false])).toEqual({ ok: false, errorRate: 2 / 3, requests: 3n });
});

test("only the latest 20 requests count, so that a variant recovers", () => {
  const failures = Array.from({ length: 30 }, () => false);
  expect(after(failures)).toEqual({ ok: false, errorRate: 1, requests: 20n });
  expect(after([...failures, ...failures.slice(0, 10).map(() => true)])).toMatchObject({
    ok: true,
    errorRate: 0.5,
  });
  expect(after([...failures, ...failures.slice(0, 20).map(() => true)])).toMatchObject({ errorRate: 0 });
});

test("the figures are those of the latest 20, for any run of outcomes", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (outcomes) => {
      const latest = outcomes.slice(-20);
      const errorRate = latest.filter((ok) => !ok).length / latest.length;
      expect(after(outcomes)).toEqual({ ok: errorRate <= 0.5, errorRate, requests: BigInt(latest.length) });
    }),
  );
});

test("a new table keeps what is known of variants that stay, and forgets the others", () => {
  const tracker = new HealthTracker();
  tracker.watch(["stays", "goes"]);
  for (const name of ["stays", "goes"]) tracker.record(name, false);
  tracker.watch(["stays", "comes"]);
  expect(tracker.snapshot).toEqual({
    stays: { ok: false, errorRate: 1, requests: 1n },
    comes: { ok: true, errorRate: 0, requests: 0n },
  });
});

test("a variant that a new table dropped does not come back by a late answer", () => {
  const tracker = new HealthTracker();
  tracker.watch(["old"]);
  tracker.watch(["new"]);
  tracker.record("old", false);
  expect(Object.keys(tracker.snapshot)).toEqual(["new"]);
});

test("a variant that is dropped and comes back begins anew", () => {
  const tracker = new HealthTracker();
  tracker.watch(["a"]);
  for (let n = 0; n < 20; n++) tracker.record("a", false);
  tracker.watch([]);
  tracker.watch(["a"]);
  tracker.record("a", true);
  expect(tracker.snapshot["a"]).toEqual({ ok: true, errorRate: 0, requests: 1n });
});

test("a snapshot does not change once it is taken", () => {
  const tracker = new HealthTracker();
  tracker.watch(["a"]);
  const before = tracker.snapshot;
  tracker.record("a", false);
  expect(before["a"]).toEqual({ ok: true, errorRate: 0, requests: 0n });
});

test("a variant may have the name of something that every object has", () => {
  const tracker = new HealthTracker();
  tracker.watch(["constructor"]);
  expect(tracker.snapshot["constructor"]).toEqual({ ok: true, errorRate: 0, requests: 0n });
});
