import { expect, test } from "vitest";
import type { Claim } from "../../src/limits/ledger.ts";
import { MemoryLedger } from "../../src/limits/memory-ledger.ts";
import { spendingSchema } from "../../src/limits/spending.ts";
import { granted, ledgerSuite, perDay, perMinute } from "./suite.ts";

const NOON = Date.parse("2026-05-10T12:00:00Z");

/** A ledger and its two clocks, both at noon. */
function atNoon() {
  const clocks = { wall: NOON, steady: 5000.5 };
  const ledger = new MemoryLedger({ now: () => clocks.wall, steady: () => clocks.steady });
  const pass = (ms: number): void => {
    clocks.wall += ms;
    clocks.steady += ms;
  };
  return { ledger, clocks, pass };
}

ledgerSuite(
  "in memory",
  async () => {
    let time = 0;
    let ledger = new MemoryLedger();
    return {
      fresh: async (now) => {
        time = now;
        ledger = new MemoryLedger({ now: () => time, steady: () => time });
        return ledger;
      },
      setTime: async (now) => {
        time = now;
      },
      size: async () => ledger.size,
      close: async () => {},
    };
  },
  500,
);

test("a wall clock that jumps neither frees nor freezes a sliding window", () => {
  const { ledger, clocks, pass } = atNoon();
  for (const jump of [0, 86_400_000, -400 * 86_400_000]) {
    clocks.wall += jump;
    granted(ledger.reserve([perMinute(1)]));
    clocks.wall += 3_600_000;
    expect(ledger.reserve([perMinute(1)])).toMatchObject({
      kind: "refused",
      retryAfterMs: 61_000,
    });
    clocks.wall -= 7_200_000;
    expect(ledger.reserve([perMinute(1)]).kind).toBe("refused");
    clocks.wall += 3_600_000;
    pass(61_000);
  }
});

test("a wall clock that jumps forward and back finds the day's spend as it was", () => {
  const { ledger, clocks, pass } = atNoon();
  granted(ledger.reserve([perDay(100, 90)])).reservation.settle([90]);
  clocks.wall += 30 * 86_400_000;
  for (let i = 0; i < 5; i++) {
    pass(70_000);
    granted(ledger.reserve([perDay(100, 10)])).reservation.release();
  }
  clocks.wall -= 30 * 86_400_000;
  expect(ledger.reserve([perDay(100, 0)]).standings[0]?.remaining).toBe(10);
});

test("100,000 buckets over an hour do not stay", () => {
  const { ledger, pass } = atNoon();
  let largest = 0;
  for (let i = 0; i < 100_000; i++) {
    const claims: readonly Claim[] = [
      { ...perMinute(5), bucket: `key:${i}:requests` },
      { ...perDay(100, 10), bucket: `key:${i}:usd` },
      { bucket: `key:${i}:streams`, window: { kind: "open" }, limit: 3, amount: 1 },
    ];
    granted(ledger.reserve(claims)).reservation.settle([1, 0, 1]);
    largest = Math.max(largest, ledger.size);
    pass(36);
  }
  // Two minutes' worth of three buckets each.
  expect(largest).toBeLessThan(12_000);
  for (let i = 0; i < 300; i++) {
    pass(1000);
    ledger.reserve([perMinute(1000)]);
  }
  expect(ledger.size).toBeLessThan(5);
});

test("a bucket with a request under way is not forgotten, though nothing is reserved in it", () => {
  const { ledger, pass } = atNoon();
  const free = granted(ledger.reserve([perDay(100, 0)]));
  for (let i = 0; i < 3; i++) {
    pass(61_000);
    ledger.reserve([perMinute(10)]);
  }
  free.reservation.settle([30]);
  expect(ledger.reserve([perDay(100, 0)]).standings[0]?.remaining).toBe(70);
});

test("what was used survives in a snapshot, what was reserved does not", () => {
  const { ledger, clocks } = atNoon();
  const month: Claim = { ...perDay(500, 7), window: { kind: "month" } };
  granted(ledger.reserve([perDay(100, 40), month, perMinute(5)])).reservation.settle([30, 7, 1]);
  granted(ledger.reserve([perDay(100, 40)]));
  const snapshot = ledger.snapshot();
  expect(snapshot).toEqual({
    version: 1,
    budgets: [
      { bucket: "key:a:usd", window: "day", from: "2026-05-10", used: 30 },
      { bucket: "key:a:usd", window: "month", from: "2026-05-01", used: 7 },
    ],
  });
  const next = new MemoryLedger({ now: () => clocks.wall });
  next.restore(spendingSchema.parse(JSON.parse(JSON.stringify(snapshot))));
  expect(next.reserve([perDay(100, 0), month]).standings.map(({ remaining }) => remaining)).toEqual([
    70, 486,
  ]);
  const tomorrow = new MemoryLedger({ now: () => clocks.wall + 86_400_000 });
  tomorrow.restore(snapshot);
  expect(tomorrow.reserve([perDay(100, 0), month]).standings.map(({ remaining }) => remaining)).toEqual([
    100, 486,
  ]);
});

test("the revision tells when the snapshot is another one", () => {
  const { ledger } = atNoon();
  const before = ledger.revision;
  const held = granted(ledger.reserve([perDay(100, 40), perMinute(5)]));
  granted(ledger.reserve([perMinute(5)])).reservation.settle([1]);
  expect(ledger.revision).toBe(before);
  held.reservation.settle([1, 1]);
  expect(ledger.revision).toBeGreaterThan(before);
});
