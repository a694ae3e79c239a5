import { describe, expect, test } from "vitest";
import type { Rollout } from "../../src/domain/rollout.ts";
import type { Table } from "../../src/domain/table.ts";
import { problemsOf, shownProblems, small, tableOf } from "./tables.ts";

type Members = Readonly<Record<string, unknown>>;

function tableWith(rollout: Members, more: Members = {}): Table {
  return tableOf(small({ rollouts: { move: { control: "a", candidate: "b", ...rollout } }, ...more }));
}

function compiled(rollout: Members, more: Members = {}): Rollout {
  const found = tableWith(rollout, more).rollouts.get("move");
  if (found === undefined) throw new TypeError("the table has no rollout move");
  return found;
}

const JUDGE = { compare: { judge: { variant: "c", rubric: "Be right." } } };

test("what is left out has its defaults", () => {
  const { sticky, policy, stage, webhook } = compiled({});
  expect({ sticky, stage, webhook }).toEqual({ sticky: { from: "user" }, stage: 0, webhook: undefined });
  expect(policy).toEqual({
    stages: [1, 5, 25, 50, 100].map((percent) => ({
      percent,
      shadowPercent: 0,
      minRequests: percent === 1 ? 100 : 500,
      minMs: 600_000,
      soakMs: 0,
      proof: percent >= 25,
    })),
    guardrails: [
      { kind: "errors", ratio: 1 },
      { kind: "validity", ratio: 1 },
      { kind: "latency", margin: 0.1 },
      { kind: "first_token", margin: 0.1 },
      { kind: "cost", margin: 0.1 },
    ],
    alpha: 0.01,
    proof: { margin: 0.02, each: "key" },
    onSuccess: "promote",
    onFailure: "rollback",
    shadow: { concurrency: 4, usdPerDay: undefined },
    adaptive: undefined,
  });
});

test("everything can be said", () => {
  const { policy, sticky, webhook, stage } = compiled(
    {
      stickyBy: "header.X-Team",
      stages: [
        { percent: 0, shadow: 20, minRequests: 50 },
        2,
        { percent: 10, shadow: 5, minTime: 0.5, soak: 30, proof: true },
        { percent: 60, proof: false },
      ],
      stage: 1,
      guardrails: {
        errors: { ratio: 1 },
        validity: false,
        latency: { margin: 0.5 },
        firstToken: false,
        cost: {},
        judge: { margin: 0.2 },
        feedback: {
          thumbs: { margin: 0.05 },
          seconds: { margin: 3, low: -10, high: 90, better: "lower" },
        },
      },
      alpha: 0.2,
      proof: { margin: 0.01, above: 2, each: "request" },
      onSuccess: "hold",
      onFailure: "pause",
      shadow: { concurrency: 1, usdPerDay: 0 },
      webhook: { url: "https://hooks.example.com/x", secret: "signs" },
    },
    JUDGE,
  );
  expect({ sticky, stage, webhook }).toEqual({
    sticky: { from: "header", name: "x-team" },
    stage: 1,
    webhook: { url: "https://hooks.example.com/x", secret: "signs" },
  });
  const usual = { shadowPercent: 0, minRequests: 500, minMs: 600_000, soakMs: 0 };
  expect(policy).toEqual({
    stages: [
      { ...usual, percent: 0, shadowPercent: 20, minRequests: 50, proof: false },
      { ...usual, percent: 2, minRequests: 200, proof: true },
      { ...usual, percent: 10, shadowPercent: 5, minMs: 500, soakMs: 30_000, proof: true },
      { ...usual, percent: 60, proof: false },
    ],
    guardrails: [
      { kind: "errors", ratio: 1 },
      { kind: "latency", margin: 0.5 },
      { kind: "cost", margin: 0.1 },
      { kind: "feedback", feedback: "thumbs", margin: 0.05, low: 0, high: 1, better: "higher" },
      { kind: "feedback", feedback: "seconds", margin: 3, low: -10, high: 90, better: "lower" },
      { kind: "judge", margin: 0.2 },
    ],
    alpha: 0.2,
    proof: { margin: 0.01, each: "request" },
    onSuccess: "hold",
    onFailure: "pause",
    shadow: { concurrency: 1, usdPerDay: 0 },
    adaptive: undefined,
  });
});

describe("adaptive", () => {
  test("begins in halves, by request, and needs no other proof than its own", () => {
    const { sticky, policy } = compiled({ adaptive: {} });
    expect(sticky).toBeUndefined();
    expect(policy.stages).toMatchObject([{ percent: 50, proof: false }]);
    expect(policy.proof.each).toBe("request");
    expect(policy.adaptive).toEqual({ reward: { kind: "success" }, floor: 0.1, confidence: 0.95 });
  });

  test("takes one stage, a sticky key and feedback as its reward", () => {
    const { sticky, policy } = compiled({
      stickyBy: "user",
      stages: [{ percent: 5, shadow: 10 }],
      adaptive: { reward: { feedback: "stars", low: 1, high: 5 }, floor: 0.05, confidence: 0.99 },
    });
    expect(sticky).toEqual({ from: "user" });
    expect(policy.stages).toMatchObject([{ percent: 5, shadowPercent: 10 }]);
    expect(policy.proof.each).toBe("key");
    expect(policy.adaptive).toEqual({
      reward: { kind: "feedback", feedback: "stars", low: 1, high: 5 },
      floor: 0.05,
      confidence: 0.99,
    });
  });
});

/** The lines of a rollout from line 6 on, each a key. */
function lines(text: string): string {
  return `providers: { sim: { kind: simulator } }
models: { m: { provider: sim, model: base-model } }
variants: { old: { model: m }, new: { model: m, params: { temperature: 0 } } }
rollouts:
  move:
${text.replaceAll(/^/gm, "    ")}
`;
}

test.each([
  ["both sides the same", "control: old\ncandidate: old", "7 candidate: it is the control too"],
  ["a percentage twice", "stages:\n  - 5\n  - { percent: 5 }", "10 stages[1]: each stage needs a larger"],
  ["a percentage that shrinks", "stages: [5, 25, 10]", "8 stages[2]: each stage needs a larger"],
  ["no stage", "stages: []", "8 stages: expected at least 1 item"],
  [
    "an unknown key of a stage",
    "stages:\n  - 1\n  - { percent: 5, soek: 3 }",
    "10 stages[1].soek: unknown key `soek`",
  ],
  ["a stage without percent", "stages:\n  - { shadow: 5 }", "9 stages[0].percent: this key is missing"],
  [
    "a stage of another type",
    "stages:\n  - many",
    "9 stages[0]: expected number, received string, or expected map",
  ],
  [
    "requests that are none",
    "stages:\n  - { percent: 5, minRequests: 0 }",
    "9 stages[0].minRequests: expected at least 1",
  ],
  ["time before now", "stages:\n  - { percent: 5, minTime: -1 }", "9 stages[0].minTime: expected at least 0"],
  [
    "a shadow of all",
    "stages:\n  - 5\n  - { percent: 100, shadow: 1 }",
    "10 stages[1].shadow: at 100% the control",
  ],
  ["nothing to learn from", "stages:\n  - 0\n  - 100", "9 stages[0]: at 0% nothing is learned"],
  [
    "a proof of what answers nobody",
    "stages:\n  - { percent: 0, shadow: 10, proof: true }\n  - 50",
    "9 stages[0].proof: at 0% the candidate answers nobody",
  ],
  ["a stage that is not there", "stage: 5", "8 stage: there are only 5 stages, counted from 0"],
  [
    "an unknown guardrail",
    "guardrails:\n  speed: {}",
    "9 guardrails.speed: unknown key `speed` (allowed: errors, validity, latency, firstToken, cost, judge, feedback)",
  ],
  ["a guardrail that is true", "guardrails:\n  errors: true", "9 guardrails.errors: expected false"],
  [
    "a ratio below 1",
    "guardrails:\n  errors: { ratio: 0.9 }",
    "9 guardrails.errors.ratio: expected at least 1",
  ],
  [
    "a ratio for what has a margin",
    "guardrails:\n  cost: { ratio: 2 }",
    "9 guardrails.cost.ratio: unknown key `ratio` (allowed: margin)",
  ],
  [
    "a margin below 0",
    "guardrails:\n  latency: { margin: -0.1 }",
    "9 guardrails.latency.margin: expected at least 0",
  ],
  [
    "a judge without a judge",
    "guardrails:\n  judge: { margin: 0.1 }",
    "9 guardrails.judge: nobody judges: this guardrail needs `compare.judge`",
  ],
  [
    "feedback without a margin",
    "guardrails:\n  feedback:\n    stars: { low: 1, high: 5 }",
    "10 guardrails.feedback.stars.margin: this key is missing",
  ],
  [
    "feedback upside down",
    "guardrails:\n  feedback:\n    stars: { margin: 1, low: 5, high: 1 }",
    "10 guardrails.feedback.stars: its `low`, 5, has to be below its `high`, 1",
  ],
  [
    "low above the default of high",
    "guardrails:\n  feedback:\n    stars: { margin: 1, low: 3 }",
    "10 guardrails.feedback.stars: its `low`, 3, has to be below its `high`, 1",
  ],
  [
    "a margin that can't be reached",
    "guardrails:\n  feedback:\n    thumbs: { margin: 1 }",
    "10 guardrails.feedback.thumbs.margin: no mean can be worse by so much",
  ],
  [
    "a name that no feedback has",
    "guardrails:\n  feedback:\n    a:b: { margin: 1 }",
    "10 guardrails.feedback.a:b: a name has 1 to 64 letters, digits or . _ / -",
  ],
  ["an alpha of 0", "alpha: 0", "8 alpha: expected more than 0"],
  ["an alpha above a fifth", "alpha: 0.21", "8 alpha: expected at most 0.2"],
  ["a margin of proof of 0", "proof: { margin: 0 }", "8 proof.margin: expected more than 0"],
  [
    "keys to count that are none",
    "adaptive: {}\nproof: { each: key }",
    "9 proof.each: without `stickyBy` there are no keys to count",
  ],
  ["an unknown end", "onSuccess: celebrate", "8 onSuccess: expected one of"],
  ["a floor of a half", "adaptive: { floor: 0.5 }", "8 adaptive.floor: expected less than 0.5"],
  ["a confidence of all", "adaptive: { confidence: 1 }", "8 adaptive.confidence: expected less than 1"],
  [
    "stages of what adapts",
    "adaptive: {}\nstages: [1, 5]",
    "9 stages: with `adaptive` shares follow what is learned",
  ],
  [
    "a beginning below the floor",
    "adaptive: { floor: 0.2 }\nstages:\n  - 5",
    "10 stages[0]: with `adaptive` it has to lie within what the floor leaves, 20 to 80",
  ],
  [
    "a beginning that leaves the control less than the floor",
    "adaptive: {}\nstages: [95]",
    "9 stages[0]: with `adaptive` it has to lie within what the floor leaves, 10 to 90",
  ],
  [
    "a reward upside down",
    "adaptive:\n  reward: { feedback: stars, low: 2, high: 2 }",
    "9 adaptive.reward: its `low`, 2, has to be below its `high`, 2",
  ],
  ["shadowing without a call", "shadow: { concurrency: 0 }", "8 shadow.concurrency: expected at least 1"],
  ["money below 0", "shadow: { usdPerDay: -1 }", "8 shadow.usdPerDay: expected at least 0"],
  [
    "a sticky secret",
    "stickyBy: header.Authorization",
    "8 stickyBy: the header `authorization` holds a secret",
  ],
])("%s: line and key are named", (_what, text, problem) => {
  const both = text.startsWith("control") ? text : `control: old\ncandidate: new\n${text}`;
  const [line, key = ""] = problem.split(/ (.*)/s);
  const shown = shownProblems(lines(both));
  expect(shown).toEqual([expect.stringContaining(`crossover.yaml:${line} rollouts.move.${key}`)]);
});

test("every problem of a rollout is told at once", () => {
  const text = lines(`control: old
candidate: newer
stages: [0, 5, 5]
stage: 3
guardrails: { judge: { margin: 0.1 } }`);
  expect(problemsOf(text).map(({ key }) => key)).toEqual([
    "rollouts.move.candidate",
    "rollouts.move.stages[0]",
    "rollouts.move.stages[2]",
    "rollouts.move.stage",
    "rollouts.move.guardrails.judge",
  ]);
});

test.each([
  "ftp://user:s3cret-word@hooks.example.com/s3cret-word",
  "hooks.example.com/s3cret-word",
  "javascript:s3cret-word",
  "s3cret-word",
])("a webhook that is no address of the web is refused and not shown: %s", (url) => {
  const [problem, ...others] = shownProblems(
    lines(`control: old\ncandidate: new\nwebhook:\n  url: "${url}"\n  secret: s3cret-word`),
  );
  expect(others).toEqual([]);
  expect(problem).toBe(
    "crossover.yaml:9 rollouts.move.webhook.url: expected an address that begins with http:// or https://",
  );
});

test("what would let others send a webhook's messages is redacted; the rest of its address is not", () => {
  const webhook = {
    url: "https://hooks.example.com/services/T0001/abcdefghijklmnopqrstuvwx?key=0123456789abcdef01",
    secret: "the-signing-secret",
  };
  const { redaction } = tableWith({ webhook });
  for (const redactor of [redaction.secrets, redaction.stored]) {
    expect(redactor.redact(`POST ${webhook.url} signed with ${webhook.secret}`)).toBe(
      "POST https://hooks.example.com/services/T0001/[redacted:secret]?key=[redacted:secret] signed with [redacted:secret]",
    );
  }
});

test("what never comes to anything is told, and taken", () => {
  const judge = { guardrails: { judge: { margin: 0.1 } } };
  expect(tableWith({ ...judge, shadow: { usdPerDay: 1 } }, JUDGE).notices).toEqual(
    expect.arrayContaining([
      "rollout move: its guardrail `judge` sees nothing, as no stage has a `shadow`",
      "rollout move: its `shadow` changes nothing, as no stage has a `shadow`",
    ]),
  );
  const shadowed = tableWith({ ...judge, shadow: {}, stages: [{ percent: 1, shadow: 1 }] }, JUDGE);
  expect(shadowed.notices.filter((notice) => notice.startsWith("rollout"))).toEqual([]);
});

test("a budget that can't be kept, as a price is missing, is told", () => {
  const models = {
    first: { provider: "up", model: "custom-1" },
    second: { provider: "up", model: "custom-2" },
  };
  const providers = { up: { kind: "openai-compatible", baseURL: "http://127.0.0.1:1/v1" } };
  const variants = { a: { model: "first" }, b: { model: "first" }, c: { model: "second" } };
  const unpriced = (rollout: Members, prices: Members = {}): readonly string[] => {
    const first = { ...models.first, ...prices };
    const table = tableWith(
      { stages: [{ percent: 1, shadow: 1 }], ...rollout },
      { ...JUDGE, providers, models: { ...models, first }, variants },
    );
    return table.notices.filter((notice) => notice.startsWith("rollout"));
  };
  const told = (model: string): string =>
    `rollout move: its \`shadow.usdPerDay\` lets nothing be shadowed, as the model \`${model}\` has no price`;
  const price = { price: { input: 1, output: 1 } };
  const judge = { guardrails: { judge: { margin: 0.1 } } };
  const shadow = { usdPerDay: 1 };
  expect(unpriced({ shadow })).toEqual([told("first")]);
  expect(unpriced({ shadow }, price)).toEqual([]);
  expect(unpriced({ shadow, ...judge }, price)).toEqual([told("second")]);
  expect(unpriced({ shadow: {} })).toEqual([]);
});

test("without a store it is told that nobody judges it", () => {
  const told = { store: false };
  expect(tableWith({}).notices).toEqual([]);
  expect(tableWith({ stages: [1, 20], stage: 1 }, told).notices).toEqual([
    "rollout move: without a store it can't be started, and nobody judges it: its candidate gets 20%, as its `stage` says, until you change that",
  ]);
});
