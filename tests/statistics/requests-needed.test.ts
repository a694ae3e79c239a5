import { expect, test } from "vitest";
import { seededRandom } from "../../src/domain/statistics.ts";
import { BettingProcess } from "../../src/statistics/betting.ts";
import { EventProcess } from "../../src/statistics/event-process.ts";
import {
  baseRate,
  type EventSight,
  moreBets,
  moreToSee,
  smallestMeanSeen,
  smallestShareSeen,
} from "../../src/statistics/requests-needed.ts";

const sight: EventSight = {
  controlRequests: 19_000,
  candidateRequests: 1_000,
  controlEvents: 190,
  ratio: 1.25,
  logNeeded: Math.log(600),
};

/** In which part of 200 runs a candidate with this share of events is found within `requests` of it. */
function power(share: number, requests: number): number {
  const random = seededRandom(1);
  let found = 0;
  for (let run = 0; run < 200; run++) {
    const process = new EventProcess(sight.ratio);
    for (let i = 0; i < requests * 20; i++) {
      const side = random() < 0.05 ? "candidate" : "control";
      if (random() < (side === "candidate" ? share : 0.01)) process.event(0, side, 0.05);
      if (process.bound < sight.logNeeded || process.logEvidence < sight.logNeeded) continue;
      found++;
      break;
    }
  }
  return found / 200;
}

test("a fault of the smallest size that is seen is found in about half of the runs", () => {
  const share = smallestShareSeen(sight) ?? 0;
  expect(share).toBeGreaterThan(0.02);
  expect(share).toBeLessThan(0.05);
  expect(power(share, 1_000)).toBeGreaterThan(0.4);
  expect(power(share, 1_000)).toBeLessThan(0.85);
});

test("one that is twice as bad as allowed is found in about half of the runs once there are as many requests as are asked for", () => {
  const all = 1_000 + (moreToSee(sight) ?? 0);
  expect(power(0.025, all)).toBeGreaterThan(0.4);
  expect(power(0.025, all)).toBeLessThan(0.85);
});

test("the more requests there are, the smaller the fault that is seen and the fewer more it takes", () => {
  const at = (times: number): EventSight => ({
    ...sight,
    controlRequests: 19 * times,
    candidateRequests: times,
    controlEvents: 0.19 * times,
  });
  const seen = [10, 100, 1_000, 10_000].map((times) => smallestShareSeen(at(times)) ?? 2);
  expect(seen).toEqual([...seen].sort((a, b) => b - a));
  expect(new Set(seen).size).toBe(4);
  expect(moreToSee(at(100))).toBeGreaterThan(moreToSee(at(1_000)) ?? Infinity);
  expect(moreToSee(at(1_000_000))).toBe(0);
});

test("nothing is seen, and nobody can tell how many more it takes, before there are requests of both", () => {
  for (const none of [{ controlRequests: 0, controlEvents: 0 }, { candidateRequests: 0 }]) {
    expect(smallestShareSeen({ ...sight, ...none })).toBeUndefined();
    expect(moreToSee({ ...sight, ...none })).toBeUndefined();
  }
  expect(smallestShareSeen({ ...sight, candidateRequests: 1, controlRequests: 19 })).toBeUndefined();
  expect(baseRate({ ...sight, controlEvents: 0, controlRequests: 99 })).toBe(0.005);
});

test("bets: a mean of the smallest size that is seen is found in about half of the runs", () => {
  const stakes = [0.1, 0.3, 0.6, 0.9];
  const logNeeded = Math.log(400);
  const random = seededRandom(2);
  const healthy = new BettingProcess(stakes);
  for (let i = 0; i < 500; i++) healthy.bet((random() - random()) / 2);
  const mean = smallestMeanSeen(healthy.sums, stakes, logNeeded) ?? 0;
  let found = 0;
  for (let run = 0; run < 200; run++) {
    const betting = new BettingProcess(stakes);
    let isFound = false;
    for (let i = 0; i < 500 && !isFound; i++) {
      betting.bet((random() - random()) / 2 + mean);
      isFound = betting.bound >= logNeeded;
    }
    if (isFound) found++;
  }
  expect(found).toBeGreaterThan(80);
  expect(found).toBeLessThan(170);
  expect(moreBets(healthy.sums, mean, stakes, logNeeded)).toBeLessThanOrEqual(1);
  expect(moreBets(healthy.sums, mean / 2, stakes, logNeeded)).toBeGreaterThan(500);
  expect(moreBets(new BettingProcess(stakes).sums, 0.1, stakes, logNeeded)).toBeUndefined();
  expect(smallestMeanSeen(new BettingProcess(stakes).sums, stakes, logNeeded)).toBeUndefined();
});
