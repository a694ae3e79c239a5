import { describe, expect, test } from "vitest";
import {
  advise,
  ERROR_MARGIN,
  type Facts,
  HORIZON_DAYS,
  LEAST_AGREEMENT,
  LEAST_CANDIDATE_REQUESTS,
  LEAST_EXAMPLES,
  LEAST_PROMPT_SHARE,
  LEAST_REQUESTS_PER_DAY,
  MOST_VERSIONS,
  STABLE_DAYS,
  type Topic,
} from "../../src/reports/advise.ts";

const days = (value: number) => ({ value, low: value * 0.9, high: value * 1.1 });
const net = (value: number) => ({ value, low: value - 1, high: value + 1 });
const feedbackPair = (enriched: number, candidate: number, fewest = 30) => ({
  name: "thumbs",
  fewest,
  enriched: { value: enriched, error: 0.01 },
  candidate: { value: candidate, error: 0.01 },
});

/** All that speaks for fine-tuning, at its threshold exactly; no candidate answers yet. */
const READY: Facts = {
  observedDays: 30,
  requestsPerDay: LEAST_REQUESTS_PER_DAY,
  promptDays: STABLE_DAYS,
  promptVersions: MOST_VERSIONS,
  promptShare: LEAST_PROMPT_SHARE,
  examples: { clean: LEAST_EXAMPLES, lookedAt: 150, withFeedback: 7 },
  agreement: { share: LEAST_AGREEMENT, by: "judge", queries: 50 },
  breakEvenDays: days(HORIZON_DAYS),
  netPerDay: net(5),
  horizonDays: HORIZON_DAYS,
  promptProviders: 1,
  errors: { enriched: { successes: 10, trials: 1000 }, candidate: { successes: 0, trials: 0 } },
  feedback: [],
};

/** A candidate with traffic that does as well as the prompt. */
const MOVED: Facts = {
  ...READY,
  errors: { enriched: { successes: 10, trials: 1000 }, candidate: { successes: 10, trials: 1000 } },
};

test("all at its threshold is enough: tune", () => {
  const { advice, reasons } = advise(READY);
  expect(advice).toBe("tune");
  expect(reasons.map(({ topic, speaks }) => [topic, speaks])).toEqual([
    ["volume", "for"],
    ["stability", "for"],
    ["prompt_share", "for"],
    ["break_even", "for"],
    ["examples", "for"],
    ["agreement", "for"],
    ["portability", "open"],
  ]);
});

type Case = readonly [what: string, more: Partial<Facts>, advice: string, topic: Topic, words: RegExp];

describe("before the move", () => {
  const cases: readonly Case[] = [
    ["few requests", { requestsPerDay: 99.9 }, "stay", "volume", /^99\.9 requests a day; from 100 on/],
    [
      "a prompt that changed",
      { promptDays: 13.5 },
      "stay",
      "stability",
      /as it is for 13\.5 days; .* 14 days are wanted/,
    ],
    [
      "many versions",
      { promptVersions: 4, promptDays: 20 },
      "stay",
      "stability",
      /4 versions .* more than 3/,
    ],
    [
      "no enriched traffic",
      { promptDays: undefined, promptVersions: 0 },
      "stay",
      "stability",
      /No request took/,
    ],
    [
      "a short prompt",
      { promptShare: 0.29 },
      "stay",
      "prompt_share",
      /is 29% of the input tokens; from 30% on/,
    ],
    ["a late break-even", { breakEvenDays: days(91) }, "stay", "break_even", /in 91 days; at most 90/],
    ["a horizon of one's own", { horizonDays: 60 }, "stay", "break_even", /in 90 days; at most 60/],
    ["none", { breakEvenDays: days(Number.POSITIVE_INFINITY) }, "stay", "break_even", /never pays back/],
    [
      "few examples",
      { examples: { clean: 99, lookedAt: 120, withFeedback: 3 } },
      "capture",
      "examples",
      /At most 99 of the newest 120 .*\(3 with feedback\); 100 are/,
    ],
    [
      "little agreement",
      { agreement: { share: 0.79, by: "edit", queries: 1 } },
      "capture",
      "agreement",
      /letters .* 79% over 1 query of .* 80%/,
    ],
  ];
  test.each(cases)("%s", (_what, more, advice, topic, words) => {
    const found = advise({ ...READY, ...more });
    expect(found.advice).toBe(advice);
    // It alone speaks against, and so comes first.
    expect(found.reasons.filter(({ speaks }) => speaks === "against").map((one) => one.topic)).toEqual([
      topic,
    ]);
    expect(found.reasons[0]?.topic).toBe(topic);
    expect(found.reasons[0]?.text).toMatch(words);
  });

  test.each<Case>([
    [
      "break-even",
      { breakEvenDays: undefined, netPerDay: undefined },
      "stay",
      "break_even",
      /not known: it takes prices/,
    ],
    ["training", { breakEvenDays: undefined }, "stay", "break_even", /not known: give --training-cost\.$/],
    [
      "the prompt's share",
      { promptShare: undefined },
      "stay",
      "prompt_share",
      /not known: no enriched request/,
    ],
    ["agreement", { agreement: undefined }, "tune", "agreement", /crossover compare/],
  ])("what is not known is open: %s", (_what, more, advice, topic, words) => {
    const found = advise({ ...READY, ...more });
    const reason = found.reasons.find((one) => one.topic === topic);
    expect([found.advice, reason?.speaks, reason?.value]).toEqual([advice, "open", undefined]);
    expect(reason?.text).toMatch(words);
  });

  test("a volume of less than a day is an open question, whether it looks large or small", () => {
    for (const requestsPerDay of [1, 1440]) {
      const { advice, reasons } = advise({ ...READY, requestsPerDay, observedDays: 1 / 24 });
      expect([advice, reasons[0]?.topic, reasons[0]?.speaks]).toEqual(["stay", "volume", "open"]);
      expect(reasons[0]?.text).toMatch(/^About 1(,440)? requests a day, from 1 hour of traffic/);
    }
  });

  test("several providers are a loss, told but not decisive", () => {
    const { advice, reasons } = advise({ ...READY, promptProviders: 2 });
    expect(advice).toBe("tune");
    expect(reasons.at(-1)).toMatchObject({ topic: "portability", speaks: "against", value: 2 });
  });
});

describe("after the move", () => {
  const failed = (successes: number, trials = 1000) => ({
    errors: { enriched: { successes: 10, trials: 1000 }, candidate: { successes, trials } },
  });

  test("as good as the prompt: keep", () => {
    expect(advise(MOVED).advice).toBe("keep");
    expect(advise(MOVED).reasons[0]).toMatchObject({ topic: "cost", speaks: "for" });
  });

  test.each<Case>([
    [
      "errors",
      failed(60),
      "go-back",
      "errors",
      /^6% of the candidate's requests failed, of the enriched path's 1%/,
    ],
    [
      "feedback",
      { feedback: [feedbackPair(0.9, 0.8)] },
      "go-back",
      "feedback",
      /`thumbs` is 0\.8 .* 0\.9 .*chance/,
    ],
    ["cost", { netPerDay: net(-2) }, "go-back", "cost", /costs \$2\.00 a day at/],
  ])("worse by %s: go back", (_what, more, advice, topic, words) => {
    const found = advise({ ...MOVED, ...more });
    expect(found.advice).toBe(advice);
    expect(found.reasons[0]).toMatchObject({ topic, speaks: "against" });
    expect(found.reasons[0]?.text).toMatch(words);
  });

  test.each<readonly [string, Partial<Facts>]>([
    ["few more errors than chance makes", failed(14)],
    [
      "certain, but fewer than matter",
      {
        errors: {
          enriched: { successes: 10_000, trials: 1e6 },
          candidate: { successes: 10_000 + 1e6 * ERROR_MARGIN * 0.9, trials: 1e6 },
        },
      },
    ],
    ["feedback within chance", { feedback: [feedbackPair(0.9, 0.88)] }],
    ["feedback of too few", { feedback: [feedbackPair(0.9, 0.1, 29)] }],
    ["a cost that may be a saving", { netPerDay: net(-0.5) }],
    ["less agreement than wanted", { agreement: { share: 0.1, by: "judge", queries: 9 } }],
    ["several providers", { promptProviders: 3 }],
  ])("%s: keep", (_what, more) => {
    expect(advise({ ...MOVED, ...more }).advice).toBe("keep");
  });

  test("the more names feedback has, the surer each must be", () => {
    const close = feedbackPair(0.9, 0.869); // 2.19 standard errors
    expect(advise({ ...MOVED, feedback: [close] }).advice).toBe("go-back");
    const others = ["a", "b", "c"].map((name) => ({ ...feedbackPair(0.9, 0.9), name }));
    expect(advise({ ...MOVED, feedback: [close, ...others] }).advice).toBe("keep");
  });

  test("a candidate is judged once it answered enough", () => {
    expect(advise({ ...MOVED, ...failed(99, LEAST_CANDIDATE_REQUESTS - 1) }).advice).toBe("tune");
    expect(advise({ ...MOVED, ...failed(99, LEAST_CANDIDATE_REQUESTS) }).advice).toBe("go-back");
  });
});
