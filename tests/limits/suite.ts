import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Claim, type Granted, type Ledger, type Outcome, usdToNano } from "../../src/limits/ledger.ts";
import { WaitingLine } from "../../src/limits/waiting-line.ts";
import { bare, expectedOutcome, histories, Oracle, type Step } from "./oracle.ts";

/** A ledger whose time stands still until the test moves it. */
export interface Harness {
  /** A ledger with nothing in it, at this time. */
  fresh(now: number): Promise<Ledger>;
  setTime(now: number): Promise<void>;
  /** How many buckets are remembered, those that only wait to be forgotten left out. */
  size(): Promise<number>;
  close(): Promise<void>;
}

const START = Date.parse("2026-01-31T22:00:00.250Z");

export const perMinute = (limit: number, amount = 1): Claim => ({
  bucket: "key:a:requests",
  window: { kind: "sliding", ms: 60_000 },
  limit,
  amount,
});
export const perDay = (limit: number, amount: number): Claim => ({
  bucket: "key:a:usd",
  window: { kind: "day" },
  limit,
  amount,
});
export const atOnce = (limit: number, bucket = "key:a:streams"): Claim => ({
  bucket,
  window: { kind: "open" },
  limit,
  amount: 1,
});

export function granted(outcome: Outcome | undefined): Granted {
  if (outcome?.kind !== "granted") throw new Error(`expected a grant, got ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The rules that hold wherever the limits are counted. */
export function ledgerSuite(name: string, open: () => Promise<Harness>, runs: number): void {
  describe(name, () => {
    let harness: Harness;
    let ledger: Ledger;
    let now = START;
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      now = START;
      ledger = await harness.fresh(now);
    });
    const advance = async (ms: number): Promise<void> => {
      now += ms;
      await harness.setTime(now);
    };

    test("answers what the oracle expects, for any history of reservations, settlements and time", async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          now = START;
          ledger = await harness.fresh(now);
          await follow(history);
        }),
        { numRuns: runs },
      );
    });

    async function follow(history: readonly Step[]): Promise<void> {
      const oracle = new Oracle();
      const grants: Granted[] = [];
      for (const step of history)
        switch (step.kind) {
          case "advance":
            await advance(step.ms);
            break;
          case "reserve": {
            const outcome = await ledger.reserve(step.claims);
            const expected = oracle.reserve(step.claims, now);
            expect(bare(outcome)).toEqual(expectedOutcome(step.claims, expected));
            if (outcome.kind === "granted") grants.push(outcome);
            break;
          }
          case "settle": {
            const which = step.which % Math.max(1, grants.length);
            const entry = oracle.entries[which];
            if (entry === undefined) break;
            const actual = entry.claims.map(({ amount }, i) =>
              Math.ceil((amount * (step.percent[i] ?? 0)) / 100),
            );
            await grants[which]?.reservation.settle(actual);
            entry.actual ??= actual;
          }
        }
    }

    test("M-06: 120 requests in a second, around the minute's edge: at most 60 in any 60 s", async () => {
      const grants: number[] = [];
      const burst = async (): Promise<void> => {
        for (let i = 0; i < 120; i++) {
          if ((await ledger.reserve([perMinute(60)])).kind === "granted") grants.push(now);
          if (i % 2 === 0) await advance(17);
        }
      };
      await burst();
      expect(grants.length).toBe(60);
      for (const pause of [59_900 - 1020, 900, 100, 58_000, 3000, 30_000]) {
        await advance(pause);
        await burst();
      }
      const most = Math.max(
        ...grants.map((end) => grants.filter((at) => at > end - 60_000 && at <= end).length),
      );
      expect(most).toBe(60);
      expect(grants.length).toBeGreaterThanOrEqual(180);
    });

    test("a refused request fits after the time that it was told, and not a millisecond before", async () => {
      for (let i = 0; i < 3; i++) {
        await ledger.reserve([perMinute(3)]);
        await advance(7300);
      }
      const refused = await ledger.reserve([perMinute(3)]);
      if (refused.kind !== "refused") throw new Error("expected a refusal");
      expect(refused).toMatchObject({ spent: true, standings: [{ remaining: 0 }] });
      await advance((refused.retryAfterMs ?? 0) - 1);
      expect((await ledger.reserve([perMinute(3)])).kind).toBe("refused");
      await advance(1);
      expect((await ledger.reserve([perMinute(3)])).kind).toBe("granted");
    });

    test("what is larger than its limit never fits", async () => {
      expect(await ledger.reserve([perMinute(10, 11)])).toMatchObject({
        spent: true,
        retryAfterMs: undefined,
      });
    });

    test("all claims or none: a refused request takes nothing", async () => {
      const held = granted(await ledger.reserve([atOnce(1)]));
      expect(await ledger.reserve([perMinute(2), perDay(100, 60), atOnce(1)])).toMatchObject({
        kind: "refused",
        claim: atOnce(1),
        spent: false,
        standings: [{ remaining: 2 }, { remaining: 100 }, { remaining: 0 }],
      });
      await held.reservation.release();
      expect(await ledger.reserve([perMinute(2), perDay(100, 60), atOnce(1)])).toMatchObject({
        kind: "granted",
        standings: [{ remaining: 1 }, { remaining: 40 }, { remaining: 0 }],
      });
    });

    test("a settlement counts once, and one that is no number leaves what was reserved", async () => {
      const first = granted(await ledger.reserve([perDay(100, 40), perMinute(100, 40)]));
      await first.reservation.settle([10, 10]);
      await first.reservation.settle([30, 30]);
      await first.reservation.release();
      for (const odd of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
        const next = granted(await ledger.reserve([perDay(100, 20), perMinute(100, 20)]));
        await next.reservation.settle([odd]);
      }
      const last = await ledger.reserve([perDay(100, 0), perMinute(100, 0)]);
      expect(last.standings.map(({ remaining }) => remaining)).toEqual([30, 30]);
    });

    test("M-01, M-02: a budget is served to the last unit, and only one request may go past it", async () => {
      const limit = usdToNano(1);
      for (const [real, served] of [
        [0.01, 100],
        [0.1, 10],
        [0.03, 34],
      ] as const) {
        ledger = await harness.fresh(now);
        const line = new WaitingLine(ledger, { most: 200, retryMs: 1 });
        let [count, most, under] = [0, 0, 0];
        const call = async (): Promise<void> => {
          const outcome = await line.reserve([perDay(limit, usdToNano(0.1))], { ms: 20_000 });
          if (outcome?.kind !== "granted") return expect(outcome).toMatchObject({ spent: true });
          most = Math.max(most, ++under);
          await new Promise((resolve) => setImmediate(resolve));
          under--;
          count++;
          await outcome.reservation.settle([usdToNano(real)]);
        };
        await Promise.all(Array.from({ length: 200 }, call));
        expect(count).toBe(served);
        expect(most).toBeLessThanOrEqual(10);
        expect(line.size).toBe(0);
      }
    });

    test("only the last call may go past a budget, alone, and what it really costs counts", async () => {
      await granted(await ledger.reserve([perDay(100, 90)])).reservation.settle([90]);
      const last = granted(await ledger.reserve([perDay(100, 50)]));
      expect(await ledger.reserve([perDay(100, 1)])).toMatchObject({ kind: "refused", spent: false });
      await last.reservation.settle([25]);
      expect(await ledger.reserve([perDay(100, 1)])).toMatchObject({ kind: "refused", spent: true });
      expect(await ledger.reserve([perDay(120, 5)])).toMatchObject({
        kind: "granted",
        standings: [{ remaining: 0 }],
      });
    });

    test("a budget begins anew at midnight UTC, and yesterday's request settles into yesterday", async () => {
      const month: Claim = { ...perDay(1000, 80), window: { kind: "month" } };
      const late = granted(await ledger.reserve([perDay(100, 80), month]));
      expect(late.standings.map(({ resetMs }) => resetMs)).toEqual([7_199_750, 7_199_750]);
      await advance(7_199_749);
      expect((await ledger.reserve([perDay(100, 30)])).kind).toBe("refused");
      await advance(1);
      const fresh = granted(await ledger.reserve([perDay(100, 60), { ...month, amount: 0 }]));
      expect(fresh.standings).toEqual([
        { remaining: 40, resetMs: 86_400_000 },
        { remaining: 1000, resetMs: 28 * 86_400_000 },
      ]);
      await late.reservation.settle([100, 100]);
      const after = granted(await ledger.reserve([perDay(100, 40), { ...month, amount: 0 }]));
      expect(after.standings.map(({ remaining }) => remaining)).toEqual([0, 1000]);
    });

    test("M-10: 10,000 requests leave nothing behind", async () => {
      const cycles = async (): Promise<void> => {
        for (let i = 0; i < 500; i++) {
          const outcome = await ledger.reserve([atOnce(20), perDay(10_000, 5), perMinute(1_000_000)]);
          if (i % 3 === 0) await granted(outcome).reservation.release();
          else await granted(outcome).reservation.settle([1, 1, 1]);
        }
      };
      await Promise.all(Array.from({ length: 20 }, cycles));
      const end = await ledger.reserve([atOnce(20), perDay(10_000, 0)]);
      expect(end.standings.map(({ remaining }) => remaining)).toEqual([19, 10_000 - 20 * 333]);
      await granted(end).reservation.release();
      expect(await harness.size()).toBe(3);
    });

    test("figures that are no whole numbers from 0 are the caller's mistake, as are two claims on one bucket", async () => {
      const reserve = async (...claims: readonly Claim[]): Promise<Outcome> => ledger.reserve(claims);
      for (const odd of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
        await expect(reserve(perDay(100, odd))).rejects.toThrow(RangeError);
        await expect(reserve(perDay(odd, 1))).rejects.toThrow(RangeError);
      }
      await expect(reserve(perDay(5, 1), perDay(9, 1))).rejects.toThrow("two claims on key:a:usd");
      await expect(reserve({ ...perMinute(1), window: { kind: "sliding", ms: 0 } })).rejects.toThrow(
        RangeError,
      );
    });
  });
}
