import { expect, test } from "vitest";
import type { PairObservation } from "../../src/rollouts/observation.ts";
import { Pending } from "../../src/rollouts/pending.ts";
import { request } from "./conducted.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function pair(day: number, spentUsd: number): PairObservation {
  const { error, invalid, latencyMs, firstTokenMs, costUsd } = request("control", { share: 0.5 });
  const side = { error, invalid, latencyMs, firstTokenMs, costUsd };
  return {
    kind: "pair",
    unit: undefined,
    stage: 0,
    epoch: 0,
    control: side,
    candidate: side,
    agrees: true,
    similarity: 1,
    controlLength: 1,
    candidateLength: 1,
    sameTools: undefined,
    judged: undefined,
    spentUsd,
    at: day * DAY_MS,
  };
}

function pending(clock: () => number = () => 0) {
  const ended: [outcome: string, observations: number][] = [];
  return { ended, pending: new Pending((outcome, count) => ended.push([outcome, count]), clock) };
}

test("an entry whose answer was lost is sent again as it was, until the store may have forgotten it", () => {
  let now = 0;
  const { pending: waiting, ended } = pending(() => now);
  waiting.add(request("control", { share: 0.5 }));
  const first = waiting.next();
  waiting.add(request("candidate", { share: 0.5 }));
  now += 5 * MINUTE_MS;
  expect(waiting.next()?.id).toBe(first?.id);
  now += 1;
  expect(waiting.next()?.id).not.toBe(first?.id);
  expect(ended).toEqual([["dropped", 1]]);
  waiting.logged();
  expect(ended).toEqual([
    ["dropped", 1],
    ["logged", 1],
  ]);
  expect(waiting.isEmpty).toBe(true);
});

test("what shadowing cost counts until it is logged, and for its day where it is dropped", () => {
  const { pending: waiting } = pending();
  waiting.add(pair(7, 0.25));
  expect(waiting.spentUsd(7)).toBe(0.25);
  waiting.next();
  expect(waiting.spentUsd(7)).toBe(0.25);
  waiting.logged();
  expect(waiting.spentUsd(7)).toBe(0);
  waiting.add(pair(7, 0.5));
  for (let i = 0; i < 20_000; i++) waiting.add(request("control", { share: 0.5 }));
  expect(waiting.spentUsd(7)).toBe(0.5);
  expect(waiting.spentUsd(8)).toBe(0);
});
