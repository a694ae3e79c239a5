import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UsageHour } from "../../src/domain/capture.ts";
import { normalDraw, seededRandom } from "../../src/domain/statistics.ts";
import { costOf, type Price } from "../../src/domain/usage.ts";
import {
  type BreakEven,
  type BreakEvenInput,
  breakEven,
  savingsSoFar,
} from "../../src/reports/break-even.ts";
import { type Bounds, boundsOf } from "../../src/reports/estimate.ts";
import { ratePerDay } from "../../src/reports/rate.ts";
import { DAY, daily, HOUR, hourOf, START, TUNED } from "./usage.ts";

// USD per million tokens, as gpt-4.1 and a fine-tuned gpt-4.1-mini cost.
const BIG: Price = { input: 2, output: 8 };
const SMALL: Price = { input: 0.8, output: 3.2 };
const prices: Readonly<Record<string, Price>> = { base: BIG, ft: SMALL };

function input(more: Partial<BreakEvenInput> = {}): BreakEvenInput {
  return {
    enriched: [hourOf(1000, { input: 1200, added: 1000, output: 300, cost: 0.0048 })],
    candidate: [],
    rate: { value: 100, error: 0 },
    price: SMALL,
    trainingCost: 36.8,
    priceOf: (model) => prices[model],
    ...more,
  };
}

function even(more: Partial<BreakEvenInput> = {}): BreakEven {
  const found = breakEven(input(more));
  if (found === undefined) throw new TypeError("there is nothing to compare");
  return found;
}

describe("worked by hand", () => {
  // 1,000 requests of 1,200 tokens in (1,000 of them the prompt's) and 300 out.
  // With the prompt: (1,200 x $2 + 300 x $8) / 1e6 = (2,400 + 2,400) / 1e6 = $0.00480 a request.
  // Without:         (200 x $0.80 + 300 x $3.20) / 1e6 = (160 + 960) / 1e6 = $0.00112.
  // Saving:          $0.00368 a request.
  test("no hosting: $36.80 of training are 10,000 requests, at 100 a day 100 days", () => {
    const found = even();
    expect(found.basis).toBe("modelled");
    expect(found.enrichedUsd.value).toBeCloseTo(0.0048, 12);
    expect(found.candidateUsd.value).toBeCloseTo(0.00112, 12);
    expect(found.savingUsd.value).toBeCloseTo(0.00368, 12);
    expect(found.requests?.value).toBeCloseTo(10_000, 6); // 36.80 / 0.00368
    expect(found.days?.value).toBeCloseTo(100, 8); // 36.80 / (100 x 0.00368)
    expect(found.requestsPerDayNeeded).toBe(0);
  });

  // The same with a deployment at $1.70 an hour, $40.80 a day, and 20,000 requests a day:
  // 20,000 x $0.00368 = $73.60; less hosting $32.80 a day; $36.80 / $32.80 = 1.12195 days.
  // Hosting alone takes $40.80 / $0.00368 = 11,086.96 requests a day.
  test("with hosting", () => {
    const found = even({ price: { ...SMALL, hostingPerHour: 1.7 }, rate: { value: 20_000, error: 0 } });
    expect(found.hostingPerDay).toBeCloseTo(40.8, 10);
    expect(found.netPerDay.value).toBeCloseTo(32.8, 10);
    expect(found.days?.value).toBeCloseTo(1.121951, 6);
    expect(found.requests?.value).toBeCloseTo(10_000, 6);
    expect(found.requestsPerDayNeeded).toBeCloseTo(11_086.9565, 3);
    // A half: $36.80 - $40.80 = -$4.00 a day, never. Twice: $147.20 - $40.80 = $106.40 a day, 0.345865 days.
    expect(found.sensitivity.map(({ factor }) => factor)).toEqual([0.25, 0.5, 1, 2, 4]);
    expect(found.sensitivity[1]?.days).toBe(Number.POSITIVE_INFINITY);
    expect(found.sensitivity[1]?.netPerMonth).toBeCloseTo(-120, 8);
    expect(found.sensitivity[3]?.days).toBeCloseTo(0.345865, 6);
    expect(found.sensitivity[3]?.netPerMonth).toBeCloseTo(3192, 6);
  });

  // Hosting eats it: 5,000 x $0.00368 = $18.40 a day against $40.80.
  test("never at this volume, as hosting eats the saving", () => {
    const found = even({ price: { ...SMALL, hostingPerHour: 1.7 }, rate: { value: 5000, error: 0 } });
    expect(found.netPerDay.value).toBeCloseTo(-22.4, 10);
    expect(found.days?.value).toBe(Number.POSITIVE_INFINITY);
    expect(found.requestsPerDayNeeded).toBeCloseTo(11_086.9565, 3);
  });

  // gpt-4.1-mini with the prompt: (1,200 x $0.40 + 300 x $1.60) / 1e6 = $0.00096. Fine-tuned it costs twice as much
  // a token: $0.00112. Fewer tokens, and yet $0.00016 dearer.
  test("never at any volume, as the tuned model's tokens cost more than the prompt's", () => {
    const found = even({
      enriched: [hourOf(1000, { input: 1200, added: 1000, output: 300, cost: 0.00096 })],
      priceOf: () => ({ input: 0.4, output: 1.6 }),
    });
    expect(found.savingUsd.value).toBeCloseTo(-0.00016, 12);
    expect(found.requests?.value).toBe(Number.POSITIVE_INFINITY);
    expect(found.days?.value).toBe(Number.POSITIVE_INFINITY);
    expect(found.requestsPerDayNeeded).toBe(Number.POSITIVE_INFINITY);
  });

  // The candidate answers shorter than the prompt made the base model: 200 tokens out, not 300.
  // (200 x $0.80 + 200 x $3.20) / 1e6 = $0.00080; saving $0.00400; $36.80 / $0.00400 = 9,200 requests.
  test("measured against modelled: the candidate's own requests count once there are a hundred", () => {
    const own = (requests: number): readonly UsageHour[] => [
      hourOf(requests, { input: 200, output: 200, cost: 0.0008 }, TUNED),
    ];
    expect(even({ candidate: own(100) })).toMatchObject({ basis: "measured" });
    expect(even({ candidate: own(100) }).requests?.value).toBeCloseTo(9200, 6);
    expect(even({ candidate: own(99) })).toMatchObject({ basis: "modelled" });
    expect(even({ candidate: own(99) }).requests?.value).toBeCloseTo(10_000, 6);
    const few = [hourOf(99, { input: 1200, added: 1000, output: 300, cost: 0.0048 })];
    expect(even({ enriched: few, candidate: own(100) })).toMatchObject({ basis: "modelled" });
  });

  // 500 requests on the bare path for $0.00080 each, $0.40; with the prompt 500 x $0.00480 = $2.40; $2.00 saved.
  // Two days of hosting at $0.01 an hour are $0.48, training $1.00: $0.52 are left.
  test("savings so far", () => {
    const saved = savingsSoFar(
      input({
        candidate: [hourOf(500, { input: 200, output: 200, cost: 0.0008 }, TUNED)],
        price: { ...SMALL, hostingPerHour: 0.01 },
        trainingCost: 1,
      }),
      2,
    );
    expect(saved).toMatchObject({ requests: 500, trainingUsd: 1 });
    expect(saved?.gross.value).toBeCloseTo(2, 10);
    expect(saved?.hostingUsd).toBeCloseTo(0.48, 10);
    expect(saved?.net.value).toBeCloseTo(0.52, 10);
  });
});

// Half of 200 requests cost $0.003 and half $0.005: mean 0.004, variance 200 / 199 x 0.001^2, error of the mean
// 0.001 / sqrt(199) = 0.0000708881.
const uneven = [
  hourOf(100, { input: 1200, added: 1000, output: 75, cost: 0.003 }),
  hourOf(100, { input: 1200, added: 1000, output: 325, cost: 0.005 }),
];
const ERROR = 0.001 / Math.sqrt(199);

test("a modelled saving is as sure as the enriched mean, and less where the candidate's prices are far higher", () => {
  expect(even({ enriched: uneven }).savingUsd.error).toBeCloseTo(ERROR, 12);
  // Output at four times the price spreads the same tokens four times as wide; less the once, three times.
  const dear = { input: 0.8, output: 32 };
  expect(even({ enriched: uneven, price: dear }).savingUsd.error).toBeCloseTo(3 * ERROR, 12);
});

test("savings so far are unsure by the mean's error, and by chance among the requests that moved", () => {
  const candidate = [hourOf(50, { cost: 0.001 }, TUNED)];
  const saved = savingsSoFar(input({ enriched: uneven, candidate, trainingCost: undefined }), 1);
  expect(saved?.gross.value).toBeCloseTo(50 * 0.003, 12);
  // 50 x the mean's error, and sqrt(50) x the deviation, which is sqrt(200) x the mean's error
  expect(saved?.gross.error).toBeCloseTo(Math.hypot(50 * ERROR, Math.sqrt(50 * 200) * ERROR), 12);
});

test("without the training's cost there is a saving, but no break-even", () => {
  const found = even({ trainingCost: undefined });
  expect(found.savingUsd.value).toBeCloseTo(0.00368, 12);
  expect([found.requests, found.days, found.sensitivity[2]?.days]).toEqual([undefined, undefined, undefined]);
  expect(found.sensitivity[2]?.netPerMonth).toBeCloseTo(11.04, 8);
});

test("where no enriched request has a known cost there is nothing to say", () => {
  expect(breakEven(input({ enriched: [] }))).toBeUndefined();
  expect(breakEven(input({ enriched: [hourOf(10, {}, { priced: 0 })] }))).toBeUndefined();
  expect(savingsSoFar(input(), 1)).toBeUndefined();
});

const usd = fc.double({ min: 0.01, max: 50, noNaN: true });
const tokens = fc.integer({ min: 1, max: 5000 });

test("prices times k are costs and savings times k, and the requests to break even by k fewer", () => {
  fc.assert(
    fc.property(usd, usd, usd, usd, tokens, tokens, tokens, usd, (p, q, r, s, added, query, output, k) => {
      const at = (factor: number): BreakEven => {
        const base = { input: p * factor, output: q * factor };
        const cost = costOf({ input: added + query, cachedInput: 0, output }, base);
        return even({
          enriched: [hourOf(500, { input: added + query, added, output, cost })],
          price: { input: r * factor, output: s * factor },
          priceOf: () => base,
        });
      };
      const [one, scaled] = [at(1), at(k)];
      const scale = one.enrichedUsd.value;
      expect(Math.abs(scaled.savingUsd.value / k - one.savingUsd.value) / scale).toBeLessThan(1e-9);
      expect(scaled.enrichedUsd.value / k / scale).toBeCloseTo(1, 9);
      if (one.savingUsd.value > scale * 1e-6)
        expect((scaled.requests?.value ?? 0) / ((one.requests?.value ?? 0) / k)).toBeCloseTo(1, 6);
    }),
  );
});

test("more volume never breaks even later, with hosting or without", () => {
  fc.assert(
    fc.property(usd, usd, usd, fc.integer({ min: 1, max: 1e6 }), (p, hostingPerHour, trainingCost, rate) => {
      const daysAt = (factor: number): number =>
        even({
          price: { input: p, output: p, hostingPerHour },
          trainingCost,
          rate: { value: rate * factor, error: 0 },
        }).days?.value ?? Number.NaN;
      expect(daysAt(2)).toBeLessThanOrEqual(daysAt(1));
    }),
  );
});

test("the interval holds the estimate, and has no upper end once the saving may be none", () => {
  const sure = even({ rate: { value: 100, error: 5 } }).days;
  expect(sure?.low).toBeLessThan(sure?.value ?? 0);
  expect(sure?.high).toBeGreaterThan(sure?.value ?? 0);
  expect(sure?.high).toBeLessThan(1000);
  const unsure = even({ rate: { value: 100, error: 80 } }).days;
  expect(unsure?.high).toBe(Number.POSITIVE_INFINITY);
  expect(unsure?.low).toBeGreaterThan(0);
  // Even where the estimate is never, it may be that it pays.
  const hosting = { price: { ...SMALL, hostingPerHour: 1.7 }, rate: { value: 11_000, error: 500 } };
  expect(even(hosting).days?.value).toBe(Number.POSITIVE_INFINITY);
  expect(even(hosting).days?.low).toBeLessThan(100);
});

describe("in a world that is known, the interval holds the truth about 95 times in 100", () => {
  const WORLDS = 400;
  // Four standard errors of a share of 0.95 among 400 are 0.044.
  const SLACK = 0.045;

  function covered(truth: number, boundsIn: (random: () => number) => Bounds | undefined): number {
    const random = seededRandom(20_260_601);
    let held = 0;
    for (let world = 0; world < WORLDS; world++) {
      const { low, high } = boundsIn(random) ?? {};
      if (low !== undefined && high !== undefined && low <= truth && truth <= high) held++;
    }
    return held / WORLDS;
  }

  /** A day's requests: their number spreads wider than chance, their costs are lopsided (exponential). */
  function day(random: () => number, at: number, mean: number, cost: number, more: Partial<UsageHour>) {
    const requests = Math.max(1, Math.round(mean + 0.2 * mean * normalDraw(random)));
    const costs = Array.from({ length: requests }, () => -cost * Math.log(1 - random()));
    return hourOf(
      requests,
      {},
      {
        ...more,
        hour: at,
        costUsd: costs.reduce((sum, one) => sum + one, 0),
        costUsdSquares: costs.reduce((sum, one) => sum + one * one, 0),
      },
    );
  }

  test("measured, with hosting", () => {
    // 60 + 60 requests a day, $0.010 against $0.004: 120 x 0.006 = $0.72, less hosting $0.24; 48 / 0.48 = 100 days.
    const coverage = covered(100, (random) => {
      const at = (i: number): number => START + i * DAY;
      const days = Array.from({ length: 30 }, (_, i) => i);
      const enriched = days.map((i) => day(random, at(i), 60, 0.01, {}));
      const candidate = days.map((i) => day(random, at(i), 60, 0.004, TUNED));
      const rate = ratePerDay(
        [...enriched, ...candidate],
        { from: START, to: START + 30 * DAY },
        ({ priced }) => priced,
      );
      return even({
        enriched,
        candidate,
        rate,
        price: { input: 1, output: 1, hostingPerHour: 0.01 },
        trainingCost: 48,
      }).days;
    });
    expect(Math.abs(coverage - 0.95)).toBeLessThan(SLACK);
  });

  test("modelled: never less than it should, as its error is taken at its widest", () => {
    // A prompt of 1,000 tokens and queries of 500 on average, the same price a token on both: $0.001 saved a request.
    // 100 a day: $0.10; 10 / 0.10 = 100 days.
    const price = { input: 1, output: 1 };
    const coverage = covered(100, (random) => {
      const enriched = Array.from({ length: 30 }, (_, i) => {
        const requests = Math.max(1, Math.round(100 + 20 * normalDraw(random)));
        const queries = Array.from({ length: requests }, () => -500 * Math.log(1 - random()));
        const costs = queries.map((query) => (1000 + query) / 1e6);
        return hourOf(
          requests,
          { added: 1000 },
          {
            hour: START + i * DAY,
            inputTokens: queries.reduce((sum, query) => sum + 1000 + query, 0),
            costUsd: costs.reduce((sum, one) => sum + one, 0),
            costUsdSquares: costs.reduce((sum, one) => sum + one * one, 0),
          },
        );
      });
      const rate = ratePerDay(enriched, { from: START, to: START + 30 * DAY }, ({ priced }) => priced);
      return even({ enriched, rate, price, trainingCost: 10, priceOf: () => price }).days;
    });
    expect(coverage).toBeGreaterThan(0.95 - SLACK);
  });

  test("the rate alone, from days and from hours", () => {
    const fromDays = covered(100, (random) => {
      const hours = Array.from({ length: 30 }, (_, i) =>
        hourOf(Math.round(100 + 25 * normalDraw(random)), {}, { hour: START + i * DAY }),
      );
      return boundsOf(ratePerDay(hours, { from: START, to: START + 30 * DAY }, ({ requests }) => requests));
    });
    const fromHours = covered(24 * 50, (random) => {
      const hours = Array.from({ length: 48 }, (_, i) =>
        hourOf(Math.round(50 + 15 * normalDraw(random)), {}, { hour: START + i * HOUR }),
      );
      return boundsOf(ratePerDay(hours, { from: START, to: START + 2 * DAY }, ({ requests }) => requests));
    });
    expect(Math.abs(fromDays - 0.95)).toBeLessThan(SLACK);
    expect(Math.abs(fromHours - 0.95)).toBeLessThan(SLACK);
  });
});

test("a rate counts from the first hour with traffic, and one whole window says nothing of the spread", () => {
  const period = { from: START, to: START + 10 * DAY };
  const rate = ratePerDay(daily(10, hourOf(240)), period, ({ requests }) => requests);
  expect(rate).toEqual({ value: 240, error: 0 });
  const short = { from: START, to: START + HOUR };
  expect(ratePerDay([hourOf(10)], short, ({ requests }) => requests)).toEqual({
    value: 240,
    error: undefined,
  });
});
