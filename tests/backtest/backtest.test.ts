import { expect, test } from "vitest";
import { backtest } from "../../src/backtest/backtest.ts";
import { backtestDocument, type RouteDocument } from "../../src/backtest/document.ts";
import type { Reward } from "../../src/backtest/reward.ts";
import { backtestText } from "../../src/cli/backtest-text.ts";
import type { Table } from "../../src/domain/table.ts";
import { parseCaptured } from "../../src/gateway/rebuild.ts";
import { storedRun } from "../../src/rollouts/stored-run.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { run } from "../rollouts/runs.ts";
import { feedback } from "../store/samples.ts";
import { helpTable, START, SUCCESS, storeOf, traffic } from "./traffic.ts";

const CANARY = [{ name: "rest", use: { split: { prompted: 90, tuned: 10 } } }];
const EASY = { name: "easy", when: 'metadata.kind == "easy"', use: "tuned" };
const REST = { name: "rest", use: "prompted" };

interface Asked {
  readonly current: Table;
  readonly next: Table;
  readonly captures: readonly StoredCapture[];
  readonly more?: Parameters<typeof storeOf>[1];
  readonly reward?: Reward;
  readonly limit?: number;
}

async function asked({
  current,
  next,
  captures,
  more,
  reward = { kind: "success" },
  limit = 100_000,
}: Asked) {
  const options = {
    current,
    next,
    filter: { from: START, to: START + 1e9 },
    reward,
    limit,
    parse: parseCaptured,
  };
  return backtestDocument.parse(await backtest(storeOf(captures, more), options));
}

async function help(question: Asked): Promise<RouteDocument> {
  const { routes } = await asked(question);
  const [route] = routes;
  if (route === undefined) throw new Error("no route");
  return route;
}

test("the same configuration changes nothing", async () => {
  const current = helpTable(CANARY);
  const route = await help({
    current,
    next: helpTable(CANARY),
    captures: traffic(current, { requests: 600 }),
  });
  expect(route).toMatchObject({ captured: 600, compared: 600, moved: 0, moves: [], bill: null });
  expect(route.quality.snips?.change).toEqual({ value: 0, interval: { low: 0, high: 0 } });
});

test("which requests would go elsewhere is told by variant, rule and example", async () => {
  const current = helpTable([REST]);
  const captures = traffic(current, { requests: 400 });
  const easy = captures.filter(({ metadata }) => metadata["kind"] === "easy");
  const route = await help({ current, next: helpTable([EASY, REST]), captures });
  expect(route.moved).toBe(easy.length);
  expect(route.moves).toEqual([
    {
      from: "prompted",
      to: "tuned",
      same_variant: false,
      requests: easy.length,
      share: easy.length / 400,
      rules: [{ from: "rest", to: "easy", requests: easy.length }],
      examples: easy
        .slice(-3)
        .toReversed()
        .map(({ id, content }) => ({ id, query: content?.query })),
    },
  ]);
});

test("a growing rollout moves users to the candidate alone, by the hash that decides", async () => {
  const rollouts = (percent: number) => ({
    rollouts: {
      ramp: { control: "prompted", candidate: "tuned", stickyBy: "user", stages: [percent] },
    },
  });
  const rules = [{ name: "all", use: { rollout: "ramp" } }];
  const current = helpTable(rules, rollouts(10));
  const captures = traffic(current, { requests: 800, users: 200 });
  const route = await help({ current, next: helpTable(rules, rollouts(30)), captures });
  expect(route.moves).toMatchObject([{ from: "prompted", to: "tuned" }]);
  expect(route.by_chance).toBe(0);
  expect(route.moved / 800).toBeGreaterThan(0.12);
  expect(route.moved / 800).toBeLessThan(0.28);
  // Where a run stands counts, not what is configured.
  const stands = storedRun(run({ id: "run_1", rollout: "ramp", percent: 30 }));
  const stood = await asked({
    current,
    next: helpTable(rules, rollouts(30)),
    captures,
    more: { runs: [stands] },
  });
  expect(stood.routes[0]?.moved).toBe(0);
  expect(stood.rollouts).toEqual([{ name: "ramp", percent: 30 }]);
  expect(backtestText(stood)).toContain("\nRollouts stand where they stand now: ramp at 30%.\n");
});

test("a variant that would ask by another prompt is told as a change", async () => {
  const current = helpTable([REST]);
  const next = helpTable([REST], { prompts: { helper: { system: "You are brief." } } });
  const route = await help({ current, next, captures: traffic(current, { requests: 300 }) });
  expect(route.moves).toMatchObject([
    { from: "prompted", to: "prompted", same_variant: true, requests: 300 },
  ]);
  expect(route.quality.refused).toMatchObject([
    { kind: "no_support", variant: "prompted", segment: "rest", share: 1 },
  ]);
  expect(route.quality.refused[0]?.text).toContain("asked by another model, prompt or parameters");
});

test("a candidate that had nothing then is not told as one that asked otherwise", async () => {
  const ramp = { control: "prompted", candidate: "tuned", stages: [10] };
  const current = helpTable([{ name: "all", use: { rollout: "ramp" } }], { rollouts: { ramp } });
  const rolledBack = traffic(current, {
    requests: 300,
    change: (capture) => ({
      ...capture,
      variant: "prompted",
      decided: "prompted",
      propensity: 1,
      share: 0,
      run: "run_1",
    }),
  });
  const next = helpTable([{ name: "all", use: { split: { prompted: 50, tuned: 50 } } }]);
  const { quality } = await help({ current, next, captures: rolledBack });
  expect(quality.refused).toMatchObject([{ kind: "no_support", variant: "tuned", segment: "all" }]);
  expect(quality.refused[0]?.text).toMatch(/^Of 300 requests .* at 0% none could go to `tuned`: /);
  const other = helpTable([{ name: "all", use: "spare" }]);
  const never = await help({ current, next: other, captures: rolledBack });
  expect(never.quality.refused[0]?.text).toContain("decides) none could go to `spare`");
});

test("a route that is no more refuses its requests", async () => {
  const current = helpTable([REST]);
  const next = helpTable([REST], { routes: { other: { rules: [REST] } } });
  const route = await help({ current, next, captures: traffic(current, { requests: 50 }) });
  expect(route.moves).toMatchObject([{ from: "prompted", to: null, requests: 50 }]);
  expect(route.bill?.after).toEqual({ input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, usd: 0 });
  expect(route.quality.left_out).toEqual({ refused: 50 });
  expect(route.quality.refused[0]?.text).toBe("The logs cannot tell: no request says anything of it.");
  expect(route.notes[0]).toMatch(
    /^50 requests would be refused: the new configuration has no route `help`, /,
  );
});

test("what the moved cost is not known without prices, and the models are named", async () => {
  const up = { provider: "up", model: "nobody-knows-it" };
  const models = { models: { base: up, ft: up } };
  const current = helpTable([REST], models);
  const next = helpTable([{ name: "rest", use: "tuned" }], models);
  const { bill } = await help({ current, next, captures: traffic(current, { requests: 50 }) });
  expect(bill).toMatchObject({ before: { usd: null }, after: { usd: null }, unpriced: ["base", "ft"] });
});

test("what the moved take is told by the upstream where they stay, and counted where they go", async () => {
  const current = helpTable(CANARY);
  const captures = traffic(current, { requests: 1000, users: 300 });
  const next = helpTable([{ name: "rest", use: "tuned" }]);
  const { bill, moved } = await help({ current, next, captures });
  if (bill === null) throw new Error("no bill");
  expect(bill.requests).toBeLessThan(moved); // failed ones took nothing
  expect(bill.counted_nearly).toBe(0);
  expect(bill.counted_exactly + bill.logged).toBe(2 * bill.requests);
  expect(bill.after.output_tokens).toBeCloseTo(40 * bill.requests);
  expect(bill.after.usd).toBeCloseTo(
    (bill.after.input_tokens * 0.5 + bill.after.output_tokens * 2) / 1e6,
    12,
  );
  expect(bill.before.usd).toBeCloseTo(
    (bill.before.input_tokens * 2 + bill.before.output_tokens * 8) / 1e6,
    12,
  );
  expect(bill.output_basis.find(({ variant }) => variant === "tuned")).toMatchObject({ mean: 40 });
});

test("input tokens are those of the message that would be sent", async () => {
  const current = helpTable([REST]);
  const [first] = traffic(current, { requests: 1 });
  if (first === undefined) throw new Error("no capture");
  const capture = { ...first, status: 200, outcome: "success" as const, inputTokens: 25, outputTokens: 60 };
  const { bill } = await help({
    current,
    next: helpTable([{ name: "rest", use: "tuned" }]),
    captures: [capture],
  });
  expect(bill?.before).toMatchObject({ input_tokens: 25, output_tokens: 60 });
  // "user" 1, "Question 0 of the easy kind?" 8, the message 3, the answer's beginning 3; no answer of `tuned` is known.
  expect(bill?.after).toMatchObject({ input_tokens: 15, output_tokens: 60 });
  expect(bill).toMatchObject({ logged: 1, counted_exactly: 1, counted_nearly: 0 });
  expect(bill?.output_basis).toEqual([{ variant: "tuned", requests: 1, mean: null, answers: 0 }]);
});

test("tools, redacted texts and models of unknown tokenizers are estimates, and so said", async () => {
  const current = helpTable([REST]);
  const [first] = traffic(current, { requests: 1 });
  if (first?.content === undefined) throw new Error("no capture");
  const next = helpTable([{ name: "rest", use: "tuned" }]);
  for (const more of [
    {
      tools: [
        { type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } },
      ],
    },
    { messages: [{ role: "user", content: "I am [redacted:email]" }] },
  ]) {
    const request = JSON.stringify({ ...JSON.parse(first.content.request), ...more });
    const content = { ...first.content, request };
    const captures = [{ ...first, outcome: "success" as const, inputTokens: 9, outputTokens: 9, content }];
    const { bill } = await help({ current, next, captures });
    expect(bill).toMatchObject({ counted_exactly: 0, counted_nearly: 1 });
  }
});

test("the price of a model that has none is not made up", async () => {
  const current = helpTable([REST]);
  const next = helpTable([{ name: "rest", use: "tuned" }], {
    models: {
      base: { provider: "up", model: "gpt-4.1", price: { input: 2, output: 8 } },
      ft: { provider: "up", model: "ft:gpt-4.1-mini:acme" },
    },
  });
  const { bill } = await help({ current, next, captures: traffic(current, { requests: 20 }) });
  expect(bill?.after.usd).toBeNull();
  expect(bill?.before.usd).not.toBeNull();
});

test("the quality of the new rules is estimated from the odds that were logged, close to the truth", async () => {
  const current = helpTable(CANARY);
  const captures = traffic(current, { requests: 8000 });
  const { quality } = await help({ current, next: helpTable([EASY, REST]), captures });
  const truth = (SUCCESS.easy.tuned + SUCCESS.hard.prompted) / 2;
  for (const estimate of [quality.snips, quality.doubly_robust]) {
    if (estimate === null) throw new Error(JSON.stringify(quality.refused));
    expect(Math.abs(estimate.value - truth)).toBeLessThan(0.04);
    expect(estimate.interval.low).toBeLessThan(truth);
    expect(estimate.interval.high).toBeGreaterThan(truth);
  }
  expect(quality).toMatchObject({ rows: 8000, refused: [], fallbacks: 0 });
  expect(quality.support.largest_weight).toBeCloseTo(10);
});

test("what was never tried is refused, with its rule and variant, and a way to learn it", async () => {
  const current = helpTable([REST]);
  const captures = traffic(current, { requests: 3000 });
  const { quality } = await help({ current, next: helpTable([EASY, REST]), captures });
  expect(quality.snips).toBeNull();
  expect(quality.logged?.value).toBeGreaterThan(0.7);
  const easy = captures.filter(({ metadata }) => metadata["kind"] === "easy").length;
  expect(quality.refused).toEqual([
    {
      kind: "no_support",
      text: `Of ${easy.toLocaleString("en-US")} requests that the rule \`rest\` took (${((100 * easy) / 3000).toFixed(1)}% of what the new configuration decides) none could go to \`tuned\`: the logs cannot tell. Give it 5% of them by a split or a rollout until 2,000 requests of them have come.`,
      segment: "rest",
      variant: "tuned",
      share: easy / 3000,
      more_rows: null,
    },
  ]);
});

test("too few that carry what is new are refused, with how many more it takes", async () => {
  const current = helpTable(CANARY);
  const { quality } = await help({
    current,
    next: helpTable([EASY, REST]),
    captures: traffic(current, { requests: 800 }),
  });
  expect(quality.snips).toBeNull();
  expect(quality.refused.map(({ kind }) => kind)).toContain("too_few");
  expect(Math.max(...quality.refused.map(({ more_rows }) => more_rows ?? 0))).toBeGreaterThan(500);
});

test("odds of a canary that never fell are known from the rules then", async () => {
  const old = helpTable([{ name: "rest", use: { split: { prompted: 99, tuned: 1 } } }]);
  const current = helpTable(CANARY);
  const before = traffic(old, { requests: 20 }).filter(({ variant }) => variant === "prompted");
  const captures = [...before, ...traffic(current, { requests: 8000, seed: 3 })];
  const question = { current, next: helpTable([EASY, REST]), captures };
  expect((await help({ ...question, more: { tables: [old] } })).quality.refused).toEqual([]);
  expect((await help(question)).quality.refused).toMatchObject([{ kind: "no_support", variant: "tuned" }]);
});

test("a feedback may be what is to be had more of", async () => {
  const current = helpTable(CANARY);
  const rated = (capture: StoredCapture, index: number): StoredCapture =>
    index % 2 === 0
      ? capture
      : {
          ...capture,
          feedback: [
            feedback("f1", capture.id, { name: "stars", value: 1 }),
            feedback("f2", capture.id, { name: "stars", value: capture.variant === "tuned" ? 5 : 3 }),
          ],
        };
  const { quality } = await help({
    current,
    next: helpTable([{ name: "rest", use: "tuned" }]),
    captures: traffic(current, { requests: 6000, change: rated }),
    reward: { kind: "feedback", name: "stars" },
  });
  expect(quality).toMatchObject({ reward: "stars", rows: 3000, left_out: { not_rated: 3000 } });
  expect(quality.logged?.value).toBeCloseTo(3.2, 1);
  expect(quality.snips?.value).toBeCloseTo(5);
  expect(quality.doubly_robust?.value).toBeCloseTo(5, 1);
});

test("what has no odds or no outcome is left out and counted; a fallback's answer is the decided variant's failure", async () => {
  const current = helpTable(CANARY);
  const changes: readonly Partial<StoredCapture>[] = [
    { rule: "forced", propensity: 1 },
    { content: undefined },
    { cached: true },
    { outcome: "client_closed", status: 499 },
    { variant: "spare", outcome: "success", status: 200 },
    { simulated: true },
  ];
  const captures = traffic(current, {
    requests: 600,
    change: (capture, index) => ({ ...capture, ...changes[index] }),
  });
  const { left_out, quality, compared, simulated, notes } = await help({
    current,
    next: helpTable(CANARY),
    captures,
  });
  expect(left_out).toEqual({ forced: 1, without_texts: 1 });
  expect(compared).toBe(598);
  expect(quality).toMatchObject({ rows: 596, left_out: { cached: 1, client_closed: 1 }, fallbacks: 1 });
  expect(simulated).toBe(1);
  expect(notes.join("\n")).toContain("built-in simulator");
  const successes = captures.filter(
    ({ outcome, variant, cached, rule, content }) =>
      outcome === "success" && variant !== "spare" && !cached && rule !== "forced" && content !== undefined,
  );
  expect(quality.logged?.value).toBeCloseTo(successes.length / 596);
});

test("failures that were kept beside a sample do not make it look worse", async () => {
  const routes = { help: { rules: CANARY, capture: { sample: 0.25, errors: true } } };
  const current = helpTable([], { routes });
  const { isSampled } = await import("../../src/captures/sampled.ts");
  const all = traffic(current, { requests: 4000 });
  const captures = all.map((capture) =>
    isSampled(capture.id, 0.25) || capture.status >= 400 ? capture : { ...capture, content: undefined },
  );
  const { quality, left_out } = await help({ current, next: helpTable([], { routes }), captures });
  const share = all.filter(({ outcome }) => outcome === "success").length / all.length;
  expect(Math.abs((quality.logged?.value ?? 0) - share)).toBeLessThan(0.03);
  expect(left_out["outside_the_sample"]).toBeGreaterThan(300);
});

test("conditions on headers can't be told, and are named, unless the rules then tell how they fell out", async () => {
  const beta = { name: "beta", when: '"x-beta" in headers', use: "tuned" };
  const current = helpTable([REST]);
  const headers = (index: number): Record<string, string> => (index % 4 === 0 ? { "x-beta": "1" } : {});
  const fresh = await help({
    current,
    next: helpTable([beta, REST]),
    captures: traffic(current, { requests: 100, headers }),
  });
  expect(fresh.compared).toBe(0);
  expect(fresh.untold).toEqual([
    { configuration: "new", rule: "beta", values: ["headers.x-beta"], requests: 100 },
  ]);
  expect(fresh.notes.join("\n")).toContain("looks at headers.x-beta, which captures do not keep");
  const before = helpTable([beta, REST]);
  const known = await help({
    current: before,
    next: helpTable([beta, EASY, REST]),
    captures: traffic(before, { requests: 100, headers }),
  });
  expect(known).toMatchObject({ compared: 100, untold: [] });
  const easy = traffic(before, { requests: 100, headers }).filter(
    ({ metadata, rule }) => metadata["kind"] === "easy" && rule === "rest",
  );
  expect(known.moved).toBe(easy.length);
});

test("captures from before versions were kept are decided anew by both configurations: a rule may have come since", async () => {
  const change = (capture: StoredCapture) => ({ ...capture, tableVersion: undefined });
  const captures = traffic(helpTable([REST]), { requests: 200, change });
  const easy = captures.filter(({ metadata }) => metadata["kind"] === "easy").length;
  const route = await help({ current: helpTable([EASY, REST]), next: helpTable([REST]), captures });
  expect(route.moves).toMatchObject([{ from: "tuned", to: "prompted", requests: easy }]);
});

test("a condition that is false whatever a header says is told", async () => {
  const current = helpTable([REST]);
  const pro = { name: "pro", when: 'headers["x-beta"] == "1" && metadata.kind == "none"', use: "tuned" };
  const route = await help({
    current,
    next: helpTable([pro, REST]),
    captures: traffic(current, { requests: 50 }),
  });
  expect(route).toMatchObject({ compared: 50, untold: [], moved: 0 });
});

test("only the newest captures are read where there are more than the limit", async () => {
  const current = helpTable([REST]);
  const document = await asked({
    current,
    next: helpTable([EASY, REST]),
    captures: traffic(current, { requests: 700 }),
    limit: 600,
  });
  expect(document).toMatchObject({ captures: 600, complete: false });
  expect(
    document.routes[0]?.moves[0]?.examples.map(({ id }) => id <= "cx_00000699" && id >= "cx_00000690"),
  ).toEqual([true, true, true]);
});
