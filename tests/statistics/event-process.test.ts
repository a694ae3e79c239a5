import fc from "fast-check";
import { expect, test } from "vitest";
import type { Side } from "../../src/domain/rollout.ts";
import { seededRandom } from "../../src/domain/statistics.ts";
import { EventProcess, eventProcessState, logMeanExp, WORSE } from "../../src/statistics/event-process.ts";

const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const ratio = fc.double({ min: 0.5, max: 3, noNaN: true });
const events = fc.array(fc.record({ side: fc.constantFrom<Side>("control", "candidate"), share }), {
  maxLength: 60,
});

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

test("the evidence is what its formula gives by hand", () => {
  const process = new EventProcess(1.25);
  process.event(0, "candidate", 0.05);
  process.event(0, "control", 0.5);
  const byHand = WORSE.map((g) => {
    const first = (g * (0.05 * 1.25 + 0.95)) / (0.05 * 1.25 * g + 0.95);
    const second = (0.5 * 1.25 + 0.5) / (0.5 * 1.25 * g + 0.5);
    return first * second;
  });
  expect(process.logEvidence).toBeCloseTo(Math.log(mean(byHand)), 12);
  expect(process.bound).toBeCloseTo(Math.log(Math.max(...byHand)), 12);
});

test("two of the candidate's events at a share of 1 % are a likelihood ratio of g squared, nearly", () => {
  const process = new EventProcess(1, 1, [3]);
  process.event(0, "candidate", 1e-9);
  process.event(0, "candidate", 1e-9);
  expect(process.logEvidence).toBeCloseTo(Math.log(9), 6);
});

test("the next event's bet is fair where the candidate has just the ratio allowed, whatever went before", () => {
  fc.assert(
    fc.property(ratio, events, share, (allowed, before, rho) => {
      const after = (side: Side): number => {
        const process = new EventProcess(allowed);
        for (const event of before) process.event(0, event.side, event.share);
        const start = process.logEvidence;
        process.event(0, side, rho);
        return Math.exp(process.logEvidence - start);
      };
      const chance = (rho * allowed) / (rho * allowed + 1 - rho);
      expect(chance * after("candidate") + (1 - chance) * after("control")).toBeCloseTo(1, 9);
    }),
  );
});

test("a pair's bet is fair where the candidate's share of events is the ratio's, however many pairs have it twice", () => {
  const part = fc.double({ min: 0, max: 0.2, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: 1, max: 2, noNaN: true }), part, part, (allowed, both, controlAlone) => {
      const candidateAlone = allowed * (controlAlone + both) - both;
      const after = (control: boolean, candidate: boolean): number => {
        const process = new EventProcess(allowed);
        process.pair(0, control, candidate);
        return Math.exp(process.logEvidence);
      };
      const expected =
        both * after(true, true) +
        controlAlone * after(true, false) +
        candidateAlone * after(false, true) +
        (1 - both - controlAlone - candidateAlone) * after(false, false);
      expect(expected).toBeCloseTo(1, 9);
    }),
  );
});

test("a candidate as bad as allowed is found in no more than 5 % of runs, looked at after every event", () => {
  const random = seededRandom(7);
  let found = 0;
  for (let run = 0; run < 300; run++) {
    const process = new EventProcess(1.25);
    let isFound = false;
    for (let i = 0; i < 2_000 && !isFound; i++) {
      const rho = [0.01, 0.05, 0.25, 0.5][Math.floor(i / 500)] ?? 0.5;
      const chance = (rho * 1.25) / (rho * 1.25 + 1 - rho);
      process.event(0, random() < chance ? "candidate" : "control", rho);
      isFound = process.logEvidence >= Math.log(20);
    }
    if (isFound) found++;
  }
  // 28 is the 99.9th percentile of what 5 % would give.
  expect(found).toBeLessThanOrEqual(28);
  // And it does look: evidence gets far above nothing in some.
  expect(found).toBeGreaterThan(0);
});

test("one that is five times as bad is found within some tens of events", () => {
  const random = seededRandom(8);
  const process = new EventProcess(1);
  let events = 0;
  for (; process.logEvidence < Math.log(100); events++)
    process.event(0, random() < 5 / 24 ? "candidate" : "control", 0.05);
  expect(events).toBeLessThan(80);
});

test("levels have events of their own, and their mean is the evidence", () => {
  const process = new EventProcess(1, 2);
  process.event(1, "candidate", 0.1);
  const alone = new EventProcess(1);
  alone.event(0, "candidate", 0.1);
  expect(process.logEvidence).toBeCloseTo(Math.log((1 + Math.exp(alone.logEvidence)) / 2), 12);
  expect(process.bound).toBe(alone.bound);
});

test("the bound is never below, and a process goes on after JSON as if nothing had been", () => {
  fc.assert(
    fc.property(events, events, fc.boolean(), (before, after, isReset) => {
      const process = new EventProcess(1.25, 2);
      for (const { side, share } of before) process.event(side === "control" ? 0 : 1, side, share);
      const copy = new EventProcess(1.25, 2);
      copy.restore(eventProcessState.parse(JSON.parse(JSON.stringify(process.state()))));
      for (const one of [process, copy]) {
        if (isReset) one.reset();
        for (const { side, share } of after) one.event(side === "control" ? 1 : 0, side, share);
      }
      expect(copy.logEvidence).toBe(process.logEvidence);
      expect(copy.bound).toBe(process.bound);
      expect(process.bound).toBeGreaterThanOrEqual(process.logEvidence - 1e-12);
    }),
  );
});

test("a process does not take the state of one of another shape", () => {
  expect(() => new EventProcess(1, 2).restore(new EventProcess(1).state())).toThrow("another shape");
});

test("the mean of what is too large for a number", () => {
  expect(logMeanExp(new Float64Array([1000, 1000]))).toBe(1000);
  expect(logMeanExp(new Float64Array([1000, -1000]))).toBeCloseTo(1000 - Math.LN2, 9);
});
