import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/domain/rollout.ts";
import { seededRandom } from "../../src/domain/statistics.ts";
import { type Alarm, Monitor, type MonitorSpec } from "../../src/rollouts/monitor.ts";
import type { Observation, RequestObservation } from "../../src/rollouts/observation.ts";
import {
  ALL_GUARDRAILS,
  type Fault,
  feedback,
  pair,
  performance,
  policyOf,
  request,
  stage,
  type Traffic,
  trafficOf,
} from "./traffic.ts";

const RAMP = [
  [0, 0.05],
  [5_000, 0.25],
  [12_000, 0.5],
] as const;
const EVERYTHING: MonitorSpec = { policy: policyOf({ guardrails: ALL_GUARDRAILS }), sticky: true };

/** Takes all in until something is crossed. */
function watch(monitor: Monitor, observations: Iterable<Observation>): Alarm | undefined {
  for (const observation of observations) {
    const alarm = monitor.observe(observation);
    if (alarm !== undefined) return alarm;
  }
  return undefined;
}

function copyOf(monitor: Monitor, spec: MonitorSpec): Monitor {
  return Monitor.from(spec, JSON.parse(JSON.stringify(monitor.state())));
}

function alphaOf(monitor: Monitor): ReadonlyMap<string, number> {
  return new Map(
    monitor.evidence().map(({ guardrail, logThreshold }) => [guardrail, Math.exp(-logThreshold)]),
  );
}

describe("alpha", () => {
  test("is split over the guardrails that are in force, and all of it is", () => {
    const alphas = alphaOf(new Monitor(EVERYTHING));
    expect([...alphas.keys()]).toEqual([
      "sample_ratio",
      "errors",
      "validity",
      "latency",
      "first_token",
      "cost",
      "feedback.stars",
      "judge",
    ]);
    const [paused, ...rolledBack] = alphas.values();
    const weights = [0.3, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1];
    rolledBack.forEach((alpha, i) => {
      expect(alpha).toBeCloseTo((0.01 * (weights[i] ?? 0)) / 0.95, 9);
    });
    expect(rolledBack.reduce((sum, alpha) => sum + alpha, 0)).toBeCloseTo(0.01, 9);
    expect(paused).toBeCloseTo(0.001, 9);
  });

  test("of guardrails that are not there is the others'", () => {
    const alphas = alphaOf(new Monitor({ policy: policyOf({ alpha: 0.02 }), sticky: false }));
    expect(alphas.get("sample_ratio")).toBeCloseTo(0.002, 12);
    expect(alphas.get("errors")).toBeCloseTo(0.02, 12);
  });

  test("may go to no guardrail: then shares alone are looked at", () => {
    const monitor = new Monitor({ policy: policyOf({ guardrails: [] }), sticky: false });
    expect([...alphaOf(monitor).keys()]).toEqual(["sample_ratio"]);
    expect(watch(monitor, [request({ error: true })])).toBeUndefined();
  });
});

describe("a candidate that is worse", () => {
  const cases: readonly (readonly [string, string, Fault, Partial<Traffic>])[] = [
    ["fails always", "errors", { errors: 1 }, {}],
    ["fails more often", "errors", { errors: 0.05 }, {}],
    ["answers what can't be used", "validity", { invalid: 0.1 }, {}],
    ["takes twice as long", "latency", { latency: 2 }, {}],
    ["begins later", "first_token", { firstToken: 1.5 }, {}],
    ["costs twice as much", "cost", { cost: 2 }, {}],
    ["is rated one star lower", "feedback.stars", { stars: 1 }, { rated: 0.3 }],
    ["is found worse by the judge", "judge", { judged: 0.3 }, { shadowed: 0.2 }],
  ];

  test.each(cases)("and %s is found by the guardrail against that: %s", (_, guardrail, fault, given) => {
    const monitor = new Monitor(EVERYTHING);
    const traffic = { seed: 1, requests: 30_000, users: 3_000, shares: RAMP, fault, ...given };
    const alarm = watch(monitor, trafficOf(traffic));
    expect(alarm).toMatchObject({ kind: "failed", guardrail, observation: monitor.observed });
    expect(alarm?.evidence.logEvidence).toBeGreaterThanOrEqual(alarm?.evidence.logThreshold ?? Infinity);
    expect(alarm?.evidence.logPeak).toBe(alarm?.evidence.logEvidence);
    expect(monitor.alarm).toBe(alarm);
  });

  test("is found within a few requests when it fails always", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    const traffic = { seed: 3, requests: 2_000, users: 0, shares: RAMP, fault: { errors: 1 } };
    expect(watch(monitor, trafficOf(traffic))?.guardrail).toBe("errors");
    expect(monitor.counts.candidate).toBeLessThanOrEqual(8);
  });

  test("is told of once, though evidence grows on", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    const all = Array.from({ length: 200 }, () => request({ side: "candidate", error: true }));
    const alarm = watch(monitor, all);
    expect(alarm).toBeDefined();
    expect(watch(monitor, all)).toBeUndefined();
    expect(monitor.alarm).toBe(alarm);
    expect(monitor.evidence()[1]?.logPeak).toBeGreaterThan(alarm?.evidence.logPeak ?? Infinity);
  });

  test("is found soon when it turns bad late, though its record is long and good", () => {
    const sides = (spec: Partial<Traffic>): number => {
      const monitor = new Monitor({ policy: policyOf(), sticky: true });
      const traffic = { seed: 5, requests: 60_000, users: 2_000, shares: [[0, 0.5]], ...spec } as const;
      let before = 0;
      let i = 0;
      for (const observation of trafficOf(traffic)) {
        if (i++ === spec.faultFrom) before = monitor.counts.candidate;
        if (monitor.observe(observation) !== undefined) return monitor.counts.candidate - before;
      }
      return Infinity;
    };
    expect(sides({ fault: { errors: 0.1 }, faultFrom: 42_000 })).toBeLessThan(1_500);
  });
});

test("a candidate that is worse by no more than allowed is not found", () => {
  const policy = policyOf({
    guardrails: [
      { kind: "errors", ratio: 3 },
      { kind: "validity", ratio: 3 },
      { kind: "latency", margin: 0.5 },
      { kind: "first_token", margin: 0.5 },
      { kind: "cost", margin: 0.5 },
      { kind: "feedback", feedback: "stars", margin: 1.5, low: 1, high: 5, better: "higher" },
      { kind: "judge", margin: 0.4 },
    ],
  });
  const fault = {
    errors: 0.01,
    invalid: 0.02,
    latency: 1.5,
    firstToken: 1.5,
    cost: 1.5,
    stars: 1,
    judged: 0.3,
  };
  const traffic = { seed: 1, requests: 20_000, users: 3_000, shares: RAMP, fault, rated: 0.3, shadowed: 0.2 };
  expect(watch(new Monitor({ policy, sticky: true }), trafficOf(traffic))).toBeUndefined();
});

test("feedback of any size leaves a state that can be read", () => {
  const spec = { policy: policyOf({ guardrails: ALL_GUARDRAILS }), sticky: false };
  const monitor = new Monitor(spec);
  for (let i = 0; i < 3; i++) monitor.observe(feedback({ share: 0.5, value: Number.MAX_VALUE }));
  const state: unknown = JSON.parse(JSON.stringify(monitor.state()));
  const stars = Monitor.from(spec, state)
    .evidence()
    .find(({ guardrail }) => guardrail === "feedback.stars");
  expect(stars?.control).toEqual({ count: 3, events: undefined, value: 5 });
});

test("of feedback of which less is better, more is worse", () => {
  const guardrail = { kind: "feedback", feedback: "stars", margin: 0, low: 1, high: 5 } as const;
  const found = (["higher", "lower"] as const).map((better) => {
    const monitor = new Monitor({
      policy: policyOf({ guardrails: [{ ...guardrail, better }] }),
      sticky: false,
    });
    const traffic = { seed: 2, requests: 10_000, users: 0, shares: RAMP, fault: { stars: -1 }, rated: 0.5 };
    return watch(monitor, trafficOf(traffic))?.guardrail;
  });
  expect(found).toEqual([undefined, "feedback.stars"]);
});

test("a candidate like the control is found worse in hardly any run, with users who have habits and shares that grow", () => {
  let found = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const monitor = new Monitor({
      policy: policyOf({ guardrails: ALL_GUARDRAILS, alpha: 0.05 }),
      sticky: true,
    });
    const traffic = { seed, requests: 15_000, users: 500, shares: RAMP, rated: 0.1, shadowed: 0.05 };
    if (watch(monitor, trafficOf(traffic)) !== undefined) found++;
  }
  // 4 of 12 would be a chance of 1 in 700 if it were 5 %.
  expect(found).toBeLessThanOrEqual(3);
});

describe("sticky users", () => {
  test("one bad user is one event, however often it comes", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: true });
    const bad = request({ unit: 0.01, side: "candidate", error: true });
    expect(watch(monitor, new Array(1_000).fill(bad))).toBeUndefined();
    const users = Array.from({ length: 10 }, (_, i) => request({ ...bad, unit: (i + 0.5) / 1_000 }));
    expect(watch(monitor, users)?.guardrail).toBe("errors");
  });

  test("the same requests without a key are as many events", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    const bad = request({ unit: 0.01, side: "candidate", error: true });
    expect(watch(monitor, new Array(1_000).fill(bad))).toMatchObject({ guardrail: "errors", observation: 3 });
  });

  test("one unhappy user is one rating, however often it rates", () => {
    const found = [true, false].map((sticky) => {
      const guardrail = {
        kind: "feedback",
        feedback: "stars",
        margin: 0,
        low: 1,
        high: 5,
        better: "higher",
      } as const;
      const monitor = new Monitor({ policy: policyOf({ guardrails: [guardrail] }), sticky });
      return watch(
        monitor,
        Array.from({ length: 1_000 }, (_, i) =>
          i % 2 === 0
            ? feedback({ unit: 0.6 + i / 10_000, share: 0.5, value: 5 })
            : feedback({ unit: 0.1, share: 0.5, side: "candidate", value: 1 }),
        ),
      )?.guardrail;
    });
    expect(found).toEqual([undefined, "feedback.stars"]);
  });

  test("keys are counted by stage", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: true });
    for (const unit of [0.1, 0.2, 0.1]) monitor.observe(request({ unit }));
    expect(monitor.stageCounts).toEqual({ stage: 0, control: 3, candidate: 0, pairs: 0, keys: 2 });
    monitor.observe(request({ unit: 0.1, side: "candidate", stage: 1, epoch: 1, share: 0.25 }));
    monitor.observe(request({ unit: 0.3 }));
    expect(monitor.stageCounts).toEqual({ stage: 1, control: 0, candidate: 1, pairs: 0, keys: 1 });
    expect(monitor.counts).toEqual({ control: 4, candidate: 1 });
  });
});

describe("shares that are not as they should be", () => {
  test("are found before anything else is believed", () => {
    const monitor = new Monitor(EVERYTHING);
    const traffic = {
      seed: 1,
      requests: 40_000,
      users: 5_000,
      shares: [[0, 0.5]],
      fault: { lost: 0.4 },
    } as const;
    expect(watch(monitor, trafficOf(traffic))).toMatchObject({
      kind: "sample_ratio",
      guardrail: "sample_ratio",
    });
  });

  test("are not found where one side only takes longer to answer", () => {
    const monitor = new Monitor({ policy: policyOf({ guardrails: [] }), sticky: false });
    const random = seededRandom(3);
    const waiting: { readonly at: number; readonly observation: Observation }[] = [];
    for (let i = 0; i < 3_000; i++) {
      const epoch = i < 1_500 ? 0 : 1;
      const share = epoch === 0 ? 0.2 : 0.5;
      const side = random() < share ? "candidate" : "control";
      const at = i + (side === "candidate" ? 300 : 20) * Math.exp(random());
      waiting.push({ at, observation: request({ side, share, epoch, stage: epoch }) });
    }
    const inOrder = waiting
      .filter(({ at }) => at < 3_000)
      .sort((a, b) => a.at - b.at)
      .map(({ observation }) => observation);
    expect(watch(monitor, inOrder)).toBeUndefined();
    expect(monitor.evidence()[0]?.candidate.count).toBeGreaterThan(300);
  });

  test("are found where nothing comes of the candidate at all", () => {
    const monitor = new Monitor({ policy: policyOf({ guardrails: [] }), sticky: false });
    const alarm = watch(monitor, new Array(3_000).fill(request({ share: 0.5 })));
    expect(alarm).toMatchObject({ kind: "sample_ratio" });
  });

  test("a share that grows is one that is right", () => {
    const monitor = new Monitor({ policy: policyOf({ guardrails: [] }), sticky: true });
    expect(
      watch(monitor, trafficOf({ seed: 2, requests: 30_000, users: 5_000, shares: RAMP })),
    ).toBeUndefined();
  });
});

describe("fresh epochs", () => {
  /** Numbers of the fresh epochs in which requests were, one after another. */
  function epochs(
    sticky: boolean,
    all: readonly { readonly stage: number; readonly epoch: number }[],
  ): number[] {
    const monitor = new Monitor({ policy: policyOf(), sticky });
    return all.map((given) => {
      monitor.observe(request(given));
      return monitor.state().freshNumber;
    });
  }

  test("begin with each higher stage, and with each other share where users would meet it", () => {
    const all = [
      { stage: 0, epoch: 0 },
      { stage: 0, epoch: 1 },
      { stage: 1, epoch: 2 },
      { stage: 0, epoch: 0 },
      { stage: 1, epoch: 3 },
    ];
    expect(epochs(true, all)).toEqual([1, 2, 3, 3, 4]);
    expect(epochs(false, all)).toEqual([1, 1, 2, 2, 2]);
  });

  test("begin each 10,000 requests, but one is kept for each stage to come", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    const epochAfter = (requests: number, given = {}): number => {
      for (let i = 0; i < requests; i++) monitor.observe(request(given));
      return monitor.state().freshNumber;
    };
    expect([10_000, 1, 9_999, 1, 79_999].map((requests) => epochAfter(requests))).toEqual([1, 2, 2, 3, 8]);
    expect([epochAfter(1, { stage: 1, epoch: 1 }), epochAfter(1, { stage: 2, epoch: 2 })]).toEqual([9, 10]);
  });

  test("begin with evidence of 1, and a tenth of a fifth of alpha", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    for (let i = 0; i < 200; i++) monitor.observe(request({ error: true, share: 0.5 }));
    expect(monitor.evidence()[1]?.logEvidence).toBeLessThan(-10);
    monitor.observe(request({ stage: 1, epoch: 1, share: 0.5 }));
    expect(monitor.evidence()[1]?.logEvidence).toBeCloseTo(Math.log(1 / 50), 12);
  });

  test("are ten at most", () => {
    const all = Array.from({ length: 20 }, (_, i) => ({ stage: 2, epoch: i }));
    expect(epochs(true, all).at(-1)).toBe(10);
  });
});

describe("what comes late", () => {
  const stages = { policy: policyOf({ guardrails: ALL_GUARDRAILS }), sticky: false };

  test("counts for the whole run and not for the fresh epoch", () => {
    const [now, late] = [0, 1].map(() => new Monitor(stages));
    for (const monitor of [now, late]) monitor?.observe(request({ stage: 1, epoch: 1, share: 0.25 }));
    const bad = { side: "candidate", error: true } as const;
    const evidence = (monitor: Monitor | undefined): number => monitor?.evidence()[1]?.logEvidence ?? 0;
    for (let i = 0; i < 3; i++) {
      now?.observe(request({ ...bad, stage: 1, epoch: 1, share: 0.25 }));
      late?.observe(request({ ...bad, stage: 0, epoch: 0, share: 0.25 }));
    }
    expect(evidence(late)).toBe(evidence(now));
    expect(late?.stageCounts.candidate).toBe(0);
    const fresh = (monitor: Monitor | undefined): string => JSON.stringify(monitor?.state().guards[1]);
    expect(fresh(late)).not.toBe(fresh(now));
  });

  test("feedback has the share with which its request was assigned", () => {
    const [small, large] = [0.05, 0.5].map((share) => {
      const monitor = new Monitor(stages);
      for (let i = 0; i < 300; i++) monitor.observe(feedback({ share, value: 1 + (i % 5) }));
      monitor.observe(request({ stage: 1, epoch: 1, share: 0.5 }));
      for (let i = 0; i < 40; i++) monitor.observe(feedback({ side: "candidate", share, value: 1 }));
      return monitor.evidence()[6]?.logEvidence ?? 0;
    });
    expect(small).toBeGreaterThan(large ?? 0);
  });
});

test("a monitor that was put down as JSON and taken up goes on as if nothing had been", () => {
  const spec = (given: Partial<Policy>, sticky: boolean): MonitorSpec => ({
    policy: policyOf({
      guardrails: ALL_GUARDRAILS,
      stages: [stage(5, 20), stage(25, 20), stage(50)],
      ...given,
    }),
    sticky,
  });
  fc.assert(
    fc.property(
      fc.record({ seed: fc.nat(), at: fc.double({ min: 0, max: 1, noNaN: true }), sticky: fc.boolean() }),
      fc.constantFrom<Fault>(
        {},
        { errors: 0.05 },
        { latency: 1.5 },
        { cost: 1.5, stars: 1 },
        { judged: 0.4 },
      ),
      fc.constantFrom<Partial<Policy>>(
        {},
        { proof: { margin: 0.05, each: "key" } },
        {
          adaptive: { reward: { kind: "success" }, floor: 0.1, confidence: 0.95 },
        },
      ),
      ({ seed, at, sticky }, fault, given) => {
        const users = sticky ? 300 : 0;
        const shares = [
          [0, 0.05],
          [800, 0.25],
          [1_600, 0.5],
        ] as const;
        const traffic = { seed, requests: 2_000, users, shares, fault, rated: 0.2, shadowed: 0.2 };
        const all = [...trafficOf(traffic)];
        const whole = new Monitor(spec(given, sticky));
        let parts = new Monitor(spec(given, sticky));
        all.forEach((observation, i) => {
          if (i === Math.floor(at * all.length)) parts = copyOf(parts, spec(given, sticky));
          expect(parts.observe(observation)).toEqual(whole.observe(observation));
        });
        expect(parts.evidence()).toEqual(whole.evidence());
        expect(parts.proof()).toEqual(whole.proof());
        expect(parts.pairs()).toEqual(whole.pairs());
        expect(parts.adaptive()).toEqual(whole.adaptive());
        expect(parts.stageCounts).toEqual(whole.stageCounts);
        expect(parts.alarm).toEqual(whole.alarm);
        expect(copyOf(parts, spec(given, sticky)).state()).toEqual(whole.state());
      },
    ),
    { numRuns: 10 },
  );
});

test("a state that can't be read, or of other guardrails, is refused", () => {
  const state = new Monitor(EVERYTHING).state();
  expect(() => Monitor.from({ policy: policyOf(), sticky: true }, state)).toThrow("other guardrails");
  expect(() => Monitor.from(EVERYTHING, { ...state, units: undefined })).toThrow();
  expect(() => Monitor.from(EVERYTHING, undefined)).toThrow();
});

describe("evidence", () => {
  test("tells in words what is allowed, what would have been seen, and how many more requests it takes", () => {
    const monitor = new Monitor(EVERYTHING);
    const traffic = { seed: 4, requests: 20_000, users: 3_000, shares: RAMP, rated: 0.2, shadowed: 0.1 };
    expect(watch(monitor, trafficOf(traffic))).toBeUndefined();
    const words = new Map(monitor.evidence().map(({ guardrail, allowed }) => [guardrail, allowed]));
    expect(Object.fromEntries(words)).toEqual({
      sample_ratio: expect.stringMatching(/^[\d.]+% on average, as was set$/),
      errors: "1.25 times the control's",
      validity: "1.25 times the control's",
      latency: "10% longer than the control",
      first_token: "10% longer than the control",
      cost: "10% more than the control",
      "feedback.stars": "0.2 lower than the control's",
      judge: "0.05 worse than the control, of -1 to 1",
    });
    const sight = Object.fromEntries(monitor.evidence().map(({ guardrail, sees }) => [guardrail, sees]));
    expect(sight).toMatchObject({
      errors: expect.stringMatching(/^[\d.]+% instead of [\d.]+%$/),
      latency: expect.stringMatching(
        /^[\d.]+% of requests slower than \d+ ms, 10% above the control's 95th percentile, instead of [\d.]+%$/,
      ),
    });
    for (const { guardrail, sees, neededRequests, control, candidate } of monitor.evidence()) {
      if (guardrail === "sample_ratio") continue;
      expect([guardrail, sees]).toEqual([guardrail, expect.stringMatching(/^[\d.]+/)]);
      expect(neededRequests, guardrail).toBeGreaterThanOrEqual(0);
      expect(control.count, guardrail).toBeGreaterThan(100);
      expect(candidate.count, guardrail).toBeGreaterThan(100);
    }
  });

  test("takes none of the control's failures for about none", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    for (let i = 0; i < 4_000; i++)
      monitor.observe(request({ share: 0.5, side: i % 2 === 0 ? "candidate" : "control" }));
    expect(monitor.evidence()[1]?.sees).toMatch(/^[\d.]+% instead of about 0%$/);
  });

  test("is honest at the beginning: nothing would have been seen yet", () => {
    for (const { sees, neededRequests, logEvidence } of new Monitor(EVERYTHING).evidence()) {
      expect([sees, neededRequests]).toEqual([undefined, undefined]);
      expect(logEvidence).toBeLessThanOrEqual(0);
    }
  });
});

describe("proof", () => {
  test("is of the newest stage alone, and of failed as well as unusable answers", () => {
    const monitor = new Monitor({ policy: policyOf(), sticky: false });
    expect(monitor.proof()).toBeUndefined();
    monitor.observe(request({ error: true }));
    monitor.observe(request({ side: "candidate", invalid: true }));
    const failed = { count: 1, events: 1, value: 1 };
    expect(monitor.proof()).toMatchObject({ isProved: false, control: failed, candidate: failed });
    monitor.observe(request({ stage: 1, epoch: 1, share: 0.25, invalid: undefined }));
    expect(monitor.proof()).toBeUndefined();
    for (let i = 0; i < 3_000; i++) {
      const side = i % 4 === 0 ? "candidate" : "control";
      monitor.observe(request({ stage: 1, epoch: 1, share: 0.25, side, error: i % 200 < 2 && i > 100 }));
    }
    expect(monitor.proof()).toMatchObject({ margin: 0.02, isProved: false, each: "request" });
    expect(monitor.proof()?.moreNeeded).toBeGreaterThan(0);
    expect(monitor.proof()?.candidate.count).toBe(750);
  });

  test("counts each key once where the policy says so", () => {
    const counts = (["key", "request"] as const).map((each) => {
      const monitor = new Monitor({ policy: policyOf({ proof: { margin: 0.02, each } }), sticky: true });
      for (const unit of [0.01, 0.01, 0.02, 0.5])
        monitor.observe(request({ unit, side: unit < 0.05 ? "candidate" : "control" }));
      return monitor.proof()?.candidate.count;
    });
    expect(counts).toEqual([2, 3]);
  });
});

test("a request that ended before it could fail proves nothing, is no reward, and no key's first", () => {
  const adaptive = { reward: { kind: "success" }, floor: 0.1, confidence: 0.95 } as const;
  const policy = policyOf({ adaptive, proof: { margin: 0.02, each: "key" } });
  const monitor = new Monitor({ policy, sticky: true });
  const candidate = (more: Partial<RequestObservation>): RequestObservation =>
    request({ unit: 0.01, side: "candidate", invalid: undefined, ...more });
  monitor.observe(request({ unit: 0.5 }));
  monitor.observe(candidate({ censored: true }));
  expect(monitor.counts).toEqual({ control: 1, candidate: 1 });
  expect(monitor.stageCounts).toMatchObject({ control: 1, candidate: 0, keys: 1 });
  expect(monitor.proof()).toBeUndefined();
  expect(monitor.adaptive()?.candidate.count).toBe(0);
  const errors = () => monitor.evidence().find(({ guardrail }) => guardrail === "errors");
  expect(errors()?.candidate.count).toBe(0);
  monitor.observe(candidate({ error: true }));
  expect(monitor.proof()?.candidate).toEqual({ count: 1, events: 1, value: 1 });
  expect(errors()?.candidate.count).toBe(1);
});

describe("pairs", () => {
  const shadowing = { policy: policyOf({ stages: [stage(0, 10), stage(5)] }), sticky: false };

  test("in which only the candidate fails are evidence, also where it answers nobody", () => {
    const monitor = new Monitor(shadowing);
    const bad = pair({ candidate: performance({ error: true }) });
    expect(watch(monitor, new Array(50).fill(bad))).toMatchObject({ guardrail: "errors" });
    expect(monitor.observed).toBeLessThan(30);
    expect(monitor.stageCounts).toMatchObject({ pairs: monitor.observed, candidate: 0 });
    const pairs = { count: monitor.observed, control: 0, candidate: monitor.observed };
    expect(monitor.alarm?.evidence).toMatchObject({ pairs, candidate: { count: 0, value: undefined } });
    const again = Monitor.from(shadowing, JSON.parse(JSON.stringify(monitor.state())));
    expect([again.alarm, again.evidence()]).toEqual([monitor.alarm, monitor.evidence()]);
  });

  test("that take too long or are too dear are told by guardrail, once there is something to measure them by", () => {
    const monitor = new Monitor({ ...EVERYTHING, policy: { ...EVERYTHING.policy, stages: [stage(0, 10)] } });
    const evidence = () => new Map(monitor.evidence().map(({ guardrail, pairs }) => [guardrail, pairs]));
    monitor.observe(pair());
    expect(evidence().get("latency")).toEqual({ count: 0, control: 0, candidate: 0 });
    for (let i = 0; i < 1_000; i++) monitor.observe(request({ share: 0 }));
    const bad = performance({ latencyMs: 9_000, costUsd: 0.009 });
    for (let i = 0; i < 5; i++) monitor.observe(pair({ candidate: i < 3 ? bad : performance() }));
    monitor.observe(pair({ control: bad }));
    const seen = { count: 6, control: 1, candidate: 3 };
    expect(Object.fromEntries(evidence())).toMatchObject({
      sample_ratio: undefined,
      errors: { count: 7, control: 0, candidate: 0 },
      latency: seen,
      first_token: { count: 6, control: 0, candidate: 0 },
      cost: { count: 6, candidate: 3 },
      "feedback.stars": undefined,
      judge: undefined,
    });
    expect(new Monitor({ policy: policyOf(), sticky: false }).evidence()[1]?.pairs).toBeUndefined();
  });

  test("in which both fail are none", () => {
    const monitor = new Monitor(shadowing);
    const failing = performance({ error: true });
    expect(
      watch(monitor, new Array(500).fill(pair({ control: failing, candidate: failing }))),
    ).toBeUndefined();
  });

  test("of a sticky user count once", () => {
    const monitor = new Monitor({ ...shadowing, sticky: true });
    const bad = pair({ unit: 0.5, candidate: performance({ error: true }) });
    expect(watch(monitor, new Array(500).fill(bad))).toBeUndefined();
  });

  test("that are judged are evidence by whose answer was better", () => {
    const judging = { ...shadowing, policy: policyOf({ guardrails: [{ kind: "judge", margin: 0.05 }] }) };
    const monitor = new Monitor(judging);
    expect(watch(monitor, new Array(50).fill(pair({ judged: 1 })))).toBeUndefined();
    expect(monitor.evidence()[1]?.candidate.value).toBeCloseTo(1, 12);
    const other = new Monitor(judging);
    expect(watch(other, new Array(50).fill(pair({ judged: -1 })))).toMatchObject({ guardrail: "judge" });
    expect(other.alarm?.evidence.candidate.value).toBeCloseTo(-1, 12);
    expect(other.observed).toBeLessThan(20);
  });

  test("are summed up, and what they cost is told by day", () => {
    const monitor = new Monitor(shadowing);
    expect(monitor.pairs()).toBeUndefined();
    const day = 86_400_000;
    monitor.observe(
      pair({ judged: 1, at: 5 * day, sameTools: true, candidate: performance({ costUsd: 0.003 }) }),
    );
    monitor.observe(pair({ judged: -1, at: 6 * day, agrees: false, similarity: 0.5, candidateLength: 50 }));
    monitor.observe(pair({ at: 6 * day - 1, agrees: undefined, similarity: undefined, spentUsd: 0.01 }));
    expect(monitor.pairs()).toMatchObject({
      count: 3,
      agreement: 0.5,
      similarity: 0.75,
      sameTools: 1,
      judged: { wins: 1, ties: 0, losses: 1 },
      spentTodayUsd: 0.001,
    });
    expect(monitor.pairs()?.spentUsd).toBeCloseTo(0.012, 12);
    expect(monitor.pairs()?.candidate.costUsd).toBeCloseTo(0.005 / 3, 12);
    expect(monitor.pairs()?.candidate.length).toBeCloseTo(250 / 3, 12);
    expect(Math.abs((monitor.pairs()?.control.latencyMs ?? 0) / 1_000 - 1)).toBeLessThan(0.01);
    expect([monitor.shadowSpent(6), monitor.shadowSpent(7), monitor.pairs(7)?.spentTodayUsd]).toEqual([
      0.001, 0, 0,
    ]);
  });
});

test("adaptive: rewards are learned by side, and the better one is named", () => {
  const adaptive = { reward: { kind: "success" }, floor: 0.1, confidence: 0.95 } as const;
  expect(new Monitor({ policy: policyOf(), sticky: false }).adaptive()).toBeUndefined();
  const monitor = new Monitor({ policy: policyOf({ adaptive, guardrails: [] }), sticky: false });
  const random = seededRandom(1);
  for (let i = 0; i < 2_000; i++) {
    const side = random() < 0.5 ? "candidate" : "control";
    monitor.observe(request({ side, share: 0.5, invalid: random() < (side === "candidate" ? 0.1 : 0.3) }));
  }
  const summary = monitor.adaptive();
  expect(summary).toMatchObject({ best: "candidate" });
  expect(summary?.probabilityBetter).toBeGreaterThan(0.99);
  expect(summary?.candidate.mean).toBeGreaterThan(0.87);
});

test("adaptive: feedback as a reward", () => {
  const reward = { kind: "feedback", feedback: "stars", low: 1, high: 5 } as const;
  const adaptive = { reward, floor: 0.1, confidence: 0.95 };
  const monitor = new Monitor({ policy: policyOf({ adaptive }), sticky: true });
  monitor.observe(request({ unit: 0.3, share: 0.5, side: "candidate" }));
  for (const value of [3, 5]) monitor.observe(feedback({ unit: 0.3, share: 0.5, side: "candidate", value }));
  monitor.observe(feedback({ unit: 0.4, share: 0.5, side: "candidate", feedback: "other", value: 5 }));
  expect(monitor.adaptive()?.candidate).toEqual({ count: 1, mean: 0.5 });
});
