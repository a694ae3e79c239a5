import fc from "fast-check";
import { expect, test } from "vitest";
import { Breaker, type Circuit, type Verdict } from "../../src/upstreams/breaker.ts";

const SETTINGS = { requests: 20, failures: 0.5, outdone: 5, waitMs: 5000, maxWaitMs: 60_000 };

function watched(settings = SETTINGS): { breaker: Breaker; seen: Circuit[] } {
  const seen: Circuit[] = [];
  return { breaker: new Breaker(settings, (circuit) => seen.push(circuit)), seen };
}

/** Calls at this time, all admitted. */
function calls(breaker: Breaker, verdict: Verdict, count: number, now: number): void {
  for (let i = 0; i < count; i++) {
    expect(breaker.admit(now)).toEqual({ kind: "admitted", probe: false });
    breaker.record(verdict, false, now);
  }
}

/** A breaker that opened at the time 0. */
function opened(): ReturnType<typeof watched> {
  const all = watched();
  calls(all.breaker, "good", 10, 0);
  calls(all.breaker, "bad", 10, 0);
  return all;
}

test("ten failures of twenty calls in ten seconds open it", () => {
  const { breaker, seen } = watched();
  calls(breaker, "good", 10, 0);
  calls(breaker, "bad", 9, 9000);
  expect([breaker.circuit, seen]).toEqual(["closed", []]);
  calls(breaker, "bad", 1, 9999);
  expect([breaker.circuit, seen]).toEqual(["open", ["open"]]);
  expect(breaker.admit(10_000)).toEqual({ kind: "refused", forMs: 4999 });
});

test("failures that are spread over more than ten seconds, or are too few, do not", () => {
  const { breaker } = watched();
  for (let second = 0; second < 100; second += 1) calls(breaker, "bad", 1, second * 1000);
  expect(breaker.circuit).toBe("closed");
});

test("calls that tell nothing of the upstream do not count", () => {
  const { breaker } = watched();
  calls(breaker, "neutral", 100, 0);
  calls(breaker, "bad", 19, 0);
  expect(breaker.circuit).toBe("closed");
});

test("a model that others outdo five times in a row is an outlier; an answer of its own in between excuses it", () => {
  const { breaker, seen } = watched();
  const outdone = (count: number): void => {
    for (let i = 0; i < count; i++) {
      breaker.record("bad", false, 0);
      breaker.outdone(0);
    }
  };
  outdone(4);
  breaker.record("good", false, 0);
  outdone(4);
  expect(seen).toEqual([]);
  outdone(1);
  expect(seen).toEqual(["open"]);
});

test("after the wait one call probes it, and no other until that has ended", () => {
  const { breaker, seen } = opened();
  expect(breaker.admit(4999).kind).toBe("refused");
  expect(breaker.admit(5000)).toEqual({ kind: "admitted", probe: true });
  for (let i = 0; i < 100; i++) expect(breaker.admit(5001 + i).kind).toBe("refused");
  breaker.record("good", true, 6000);
  expect([breaker.circuit, seen]).toEqual(["closed", ["open", "half-open", "closed"]]);
  expect(breaker.admit(6000)).toEqual({ kind: "admitted", probe: false });
});

test("each probe that fails doubles the wait, up to the longest; a good one begins anew", () => {
  const { breaker } = opened();
  let now = 5000;
  for (const waitMs of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    expect(breaker.admit(now)).toEqual({ kind: "admitted", probe: true });
    breaker.record("bad", true, now);
    expect(breaker.admit(now)).toEqual({ kind: "refused", forMs: waitMs });
    now += waitMs;
  }
  breaker.admit(now);
  breaker.record("good", true, now);
  calls(breaker, "bad", 20, now);
  expect(breaker.admit(now)).toEqual({ kind: "refused", forMs: 5000 });
});

test("a probe whose client left tells nothing: the next call probes", () => {
  const { breaker } = opened();
  breaker.admit(5000);
  breaker.record("neutral", true, 5100);
  expect(breaker.admit(5100)).toEqual({ kind: "admitted", probe: true });
});

test("calls from before it opened neither close it nor open it anew", () => {
  const { breaker, seen } = opened();
  breaker.record("good", false, 100);
  for (let i = 0; i < 50; i++) breaker.record("bad", false, 4000);
  expect(breaker.admit(5000).kind).toBe("admitted");
  breaker.record("bad", false, 5000);
  breaker.record("good", true, 5000);
  expect(seen).toEqual(["open", "half-open", "closed"]);
  calls(breaker, "bad", 19, 5000);
  expect(breaker.circuit).toBe("closed");
});

test("whatever happens, an open circuit lets one probe through at a time, and none before its wait is over", () => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 8000 }),
    verdict: fc.constantFrom<Verdict>("good", "bad", "bad", "neutral"),
    /** How many calls come before one of those under way ends. */
    burst: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { breaker, seen } = watched({ ...SETTINGS, requests: 4, waitMs: 1000, maxWaitMs: 4000 });
      const underWay: boolean[] = [];
      let openedAt = 0;
      let now = 0;
      for (const { wait, verdict, burst } of steps) {
        now += wait;
        for (let i = 0; i < burst; i++) {
          const before = breaker.circuit;
          const admission = breaker.admit(now);
          if (before === "closed") expect(admission).toEqual({ kind: "admitted", probe: false });
          if (admission.kind !== "admitted") continue;
          underWay.push(admission.probe);
          if (admission.probe) expect(now - openedAt).toBeGreaterThanOrEqual(1000);
        }
        expect(underWay.filter(Boolean).length).toBeLessThanOrEqual(1);
        const opens = seen.filter((circuit) => circuit === "open").length;
        breaker.record(verdict, underWay.shift() ?? false, now);
        if (seen.filter((circuit) => circuit === "open").length > opens) openedAt = now;
      }
    }),
  );
});
