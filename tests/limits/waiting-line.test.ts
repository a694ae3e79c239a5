import { getEventListeners } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Claim, Ledger, Outcome } from "../../src/limits/ledger.ts";
import { MemoryLedger } from "../../src/limits/memory-ledger.ts";
import { WaitingLine } from "../../src/limits/waiting-line.ts";
import { atOnce, granted, perDay, perMinute } from "./suite.ts";

const LONG = { ms: 60_000 };

beforeEach(() => vi.useFakeTimers({ now: Date.parse("2026-05-10T12:00:00Z") }));
afterEach(() => vi.useRealTimers());

/** A budget of 100 that is held, and a line for it. */
function heldBudget(most = 10) {
  const ledger = new MemoryLedger();
  const line = new WaitingLine(ledger, { most });
  const { reservation } = granted(ledger.reserve([perDay(100, 100)]));
  return { ledger, line, held: reservation };
}

/** What became of each request so far, by its name, in the order in which it was answered. */
function watch(waiting: Readonly<Record<string, Promise<Outcome | undefined>>>): string[] {
  const seen: string[] = [];
  for (const [name, promise] of Object.entries(waiting))
    void promise.then((outcome) => seen.push(`${name} ${outcome?.kind ?? "left"}`));
  return seen;
}

/** Lets everything run that needs no time. */
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test("requests wait in the order in which they came, and are woken by settlements without polling", async () => {
  const { line, held } = heldBudget();
  const seen = watch({
    large: line.reserve([perDay(100, 90)], LONG),
    small: line.reserve([perDay(100, 10)], LONG),
    next: line.reserve([perDay(100, 10)], LONG),
  });
  await settled();
  expect([seen, line.size]).toEqual([[], 3]);
  held.settle([0]);
  await settled();
  expect([seen, line.size]).toEqual([["large granted", "small granted"], 1]);
});

test("a later request does not overtake, though it would fit", async () => {
  const { line, held } = heldBudget();
  const seen = watch({ large: line.reserve([perDay(100, 100)], LONG) });
  await settled();
  held.settle([30]);
  await settled();
  expect(seen).toEqual(["large granted"]); // the last call
  const later = watch({ a: line.reserve([perDay(100, 60)], LONG), b: line.reserve([perDay(100, 0)], LONG) });
  await settled();
  expect([later, line.size]).toEqual([[], 2]);
});

test("when the budget is spent everybody who waits is told", async () => {
  const { line, held } = heldBudget();
  const waiting = [line.reserve([perDay(100, 1)], LONG), line.reserve([perDay(100, 1)], LONG)];
  await settled();
  held.settle([100]);
  for (const one of waiting) expect(await one).toMatchObject({ kind: "refused", spent: true });
  expect(line.size).toBe(0);
});

test("who has waited long enough is refused, and those behind move up", async () => {
  const { ledger, line, held } = heldBudget();
  held.release();
  granted(ledger.reserve([perDay(100, 60)]));
  const seen = watch({
    large: line.reserve([perDay(100, 50)], { ms: 500 }),
    small: line.reserve([perDay(100, 40)], LONG),
  });
  await vi.advanceTimersByTimeAsync(499);
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.sort()).toEqual(["large refused", "small granted"]);
  expect([line.size, vi.getTimerCount()]).toEqual([0, 0]);
});

test("a client that leaves leaves the line, and holds nothing", async () => {
  const { ledger, line, held } = heldBudget();
  const [client, other] = [new AbortController(), new AbortController()];
  const seen = watch({
    gone: line.reserve([perDay(100, 100)], { ...LONG, signal: client.signal }),
    next: line.reserve([perDay(100, 100)], { ...LONG, signal: other.signal }),
  });
  await settled();
  client.abort();
  held.release();
  await settled();
  expect(seen).toEqual(["gone left", "next granted"]);
  expect(getEventListeners(other.signal, "abort")).toEqual([]);
  expect(ledger.reserve([perDay(100, 0)]).standings[0]?.remaining).toBe(0);
  expect(await line.reserve([perDay(100, 1)], { ...LONG, signal: client.signal })).toBeUndefined();
});

test("only so many wait", async () => {
  const { line } = heldBudget(2);
  for (let i = 0; i < 2; i++) void line.reserve([perDay(100, 1)], LONG);
  expect(await line.reserve([perDay(100, 1)], LONG)).toMatchObject({ kind: "refused", spent: false });
  expect(line.size).toBe(2);
});

test("what is refused for another reason than a budget does not wait", async () => {
  const { ledger, line } = heldBudget();
  granted(ledger.reserve([perMinute(1), atOnce(1)]));
  expect(await line.reserve([perMinute(1)], LONG)).toMatchObject({ claim: perMinute(1), spent: true });
  expect(await line.reserve([atOnce(1)], LONG)).toMatchObject({ claim: atOnce(1), spent: false });
});

test("a request of two budgets waits for the one, then for the other", async () => {
  const { ledger, line, held } = heldBudget();
  const team: Claim = { ...perDay(100, 50), bucket: "tag:team:usd" };
  const other = granted(ledger.reserve([{ ...team, amount: 100 }])).reservation;
  const seen = watch({ both: line.reserve([perDay(100, 50), team], LONG) });
  await settled();
  held.release();
  await settled();
  expect([seen, line.size]).toEqual([[], 1]);
  other.release();
  await settled();
  expect([seen, line.size]).toEqual([["both granted"], 0]);
});

test("where others settle too, the first in line tries again after a while", async () => {
  const elsewhere = new MemoryLedger();
  const { reservation } = granted(elsewhere.reserve([perDay(100, 100)]));
  // Another process's settlements are not told here.
  const ledger: Ledger = { reserve: async (claims) => elsewhere.reserve(claims), onSettled: () => {} };
  const line = new WaitingLine(ledger, { most: 10, retryMs: 40, random: () => 0.5 });
  const seen = watch({ a: line.reserve([perDay(100, 100)], LONG) });
  await vi.advanceTimersByTimeAsync(100);
  reservation.release();
  await settled();
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(40);
  expect(seen).toEqual(["a granted"]);
});

test("who leaves while the answer is on its way holds nothing", async () => {
  const memory = new MemoryLedger();
  const { reservation } = granted(memory.reserve([perDay(100, 100)]));
  const ledger: Ledger = {
    reserve: async (claims) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return memory.reserve(claims);
    },
    onSettled: (listener) => memory.onSettled(listener),
  };
  const line = new WaitingLine(ledger, { most: 10 });
  const client = new AbortController();
  const seen = watch({ gone: line.reserve([perDay(100, 100)], { ...LONG, signal: client.signal }) });
  await vi.advanceTimersByTimeAsync(60);
  reservation.release();
  await vi.advanceTimersByTimeAsync(20);
  client.abort();
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen).toEqual(["gone left"]);
  expect(memory.reserve([perDay(100, 0)]).standings[0]?.remaining).toBe(100);
});

test("whoever comes and whatever it costs: all are answered, in order, and the budget is kept", async () => {
  const calls = fc.array(
    fc.record({ amount: fc.integer({ min: 1, max: 120 }), percent: fc.integer({ min: 0, max: 100 }) }),
    { minLength: 1, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(calls, async (requests) => {
      const ledger = new MemoryLedger();
      const line = new WaitingLine(ledger, { most: 100 });
      const order: number[] = [];
      let [used, largest] = [0, 0];
      const all = requests.map(async ({ amount, percent }, i) => {
        const outcome = await line.reserve([perDay(100, amount)], LONG);
        if (outcome?.kind !== "granted") return expect(used).toBeGreaterThanOrEqual(100);
        expect(used).toBeLessThan(100);
        order.push(i);
        await new Promise((resolve) => setTimeout(resolve, 1 + (i % 7)));
        const cost = Math.floor((amount * percent) / 100);
        used += cost;
        largest = Math.max(largest, cost);
        await outcome.reservation.settle([cost]);
      });
      await vi.advanceTimersByTimeAsync(10_000);
      await Promise.all(all);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(used).toBeLessThan(100 + largest);
      expect([line.size, vi.getTimerCount()]).toEqual([0, 0]);
    }),
    { numRuns: 200 },
  );
});
