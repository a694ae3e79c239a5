import { expect, test } from "vitest";
import { whyDocument } from "../../src/backtest/why-document.ts";
import type { Capture } from "../../src/domain/capture.ts";
import { type Change, NOTHING_KNOWN, type Point, type Verdict } from "../../src/rollouts/run.ts";
import { storedChange, storedRun } from "../../src/rollouts/stored-run.ts";
import type { StoredChange } from "../../src/store/rollout-store.ts";
import { evidence, run } from "../rollouts/runs.ts";
import { capture, contentOf } from "../store/samples.ts";
import { until } from "../support/gateway.ts";
import { type StoredGateway, startStored } from "../support/stored-gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";

const ADMIN = { authorization: "Bearer admin-token-for-tests" };

const RULES = [
  { name: "beta", when: 'headers["x-beta"] == "1"', use: "tuned" },
  { name: "vip", when: 'metadata.tier == "vip" && "gold" in key.tags', use: "tuned" },
  { name: "rest", use: { split: { prompted: 50, tuned: 50 }, stickyBy: "user" } },
];

function change(id: string, at: number, more: Partial<Change>): StoredChange {
  return storedChange({
    id,
    run: "run_1",
    rollout: "ramp",
    at,
    action: "advance",
    by: "crossover",
    reason: undefined,
    from: { state: "running", stage: 0, percent: 0 },
    to: { state: "running", stage: 0, percent: 0 },
    ground: undefined,
    verdict: undefined,
    ...NOTHING_KNOWN,
    ...more,
  });
}

function crossed(guardrail: string): Verdict {
  return { guardrail, seq: 1, observation: 1, evidence: evidence({ guardrail }), candidateRequests: 1 };
}

async function started(more: Readonly<Record<string, unknown>> = {}): Promise<StoredGateway> {
  let failing = true;
  const upstream = await startUpstream((_received, response) => {
    if (!failing) return sendJson(response, completion("Good."));
    failing = false;
    return sendJson(response, { error: { message: "no" } }, 500);
  });
  return startStored({
    server: { port: 0, adminToken: "admin-token-for-tests" },
    keys: { app: { secret: "a-key-for-tests-of-why", tags: ["silver"] } },
    retries: { most: 1 },
    providers: {
      up: {
        kind: "openai-compatible",
        baseURL: `${upstream.url}/v1`,
        apiKey: "upstream-key-for-tests-of-why",
      },
    },
    models: { base: { provider: "up", model: "base" }, ft: { provider: "up", model: "ft" } },
    variants: { prompted: { model: "base" }, tuned: { model: "ft" } },
    routes: { help: { rules: RULES } },
    ...more,
  });
}

async function why({ gateway }: StoredGateway, id: string) {
  const answer = await fetch(`${gateway.url}/admin/api/requests/${id}/why`, { headers: ADMIN });
  return { status: answer.status, body: await answer.json() };
}

async function asked(world: StoredGateway, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const body = {
    model: "help",
    messages: [{ role: "user", content: "Why?" }],
    user: "ada",
    metadata: { tier: "vip" },
  };
  const answer = await world.gateway.post(body, {
    authorization: "Bearer a-key-for-tests-of-why",
    ...headers,
  });
  await answer.text();
  const id = answer.headers.get("x-request-id") ?? "";
  await until(async () => (await world.store.find(id)) !== undefined);
  return id;
}

test("a request tells the rules that were tried, how its variant was chosen and which calls were made", async () => {
  const world = await started();
  const id = await asked(world);
  await until(async () => whyDocument.parse((await why(world, id)).body).rules !== null);
  const document = whyDocument.parse((await why(world, id)).body);
  expect(document).toMatchObject({
    id,
    route: "help",
    query: "Why?",
    key: "app",
    user: "ada",
    rollout: null,
    notes: [],
  });
  expect(document.rules).toEqual([
    {
      rule: "beta",
      when: 'headers["x-beta"] == "1"',
      matched: false,
      values: {},
      not_kept: ["headers.x-beta"],
      why: "it did not match, by what was not kept",
    },
    {
      rule: "vip",
      when: 'metadata.tier == "vip" && "gold" in key.tags',
      matched: false,
      values: { "metadata.tier": "vip", "key.tags": ["silver"] },
      not_kept: [],
      why: "the condition is false",
    },
    { rule: "rest", when: null, matched: true, values: {}, not_kept: [], why: "the rule has no condition" },
  ]);
  expect(document.decision).toMatchObject({
    rule: "rest",
    propensity: 0.5,
    forced: false,
    sticky_by: "user",
    sticky_key: "ada",
  });
  expect(document.calls.map(({ outcome, status }) => [outcome, status])).toEqual([
    ["server_error", 500],
    ["success", 200],
  ]);
  expect(document.outcome).toMatchObject({
    outcome: "success",
    status: 200,
    attempts: 2,
    fallback: false,
    cached: false,
  });
});

test("a rule that matched by a header is told, though the header was not kept", async () => {
  const world = await started();
  const id = await asked(world, { "x-beta": "1" });
  await until(async () => whyDocument.parse((await why(world, id)).body).rules !== null);
  const { rules, decision } = whyDocument.parse((await why(world, id)).body);
  expect(rules).toMatchObject([{ rule: "beta", matched: true, why: "it matched, by what was not kept" }]);
  expect(decision).toMatchObject({ variant: "tuned", propensity: 1 });
});

test("where the rollout stood then, what had set its share and how its run ended", async () => {
  const world = await started();
  const running = (percent: number): Point => ({ state: "running", stage: 0, percent });
  const NOWHERE: Point = { state: "none", stage: undefined, percent: 0 };
  const rolledBack: Point = { state: "rolled_back", stage: 1, percent: 0 };
  await world.store.saveRun(
    storedRun(run({ id: "run_1", rollout: "ramp", revision: 1, state: "rolled_back" })),
    [
      change("c1", 100, {
        action: "start",
        by: "ada",
        from: NOWHERE,
        to: running(1),
      }),
      change("c2", 500, { ground: "no_alarm", reason: "at last", from: running(1), to: running(5) }),
      change("c3", 2000, {
        action: "rollback",
        from: running(5),
        to: rolledBack,
        verdict: crossed("errors"),
      }),
    ],
  );
  const document = {
    routes: {
      recipes: [
        {
          name: "all",
          when: null,
          use: {
            kind: "rollout",
            rollout: "ramp",
            control: "prompted",
            candidate: "tuned",
            share: 0.01,
            sticky_by: "user",
          },
        },
      ],
    },
  };
  await world.store.saveRuleSet({ version: "t9", at: 1, document: JSON.stringify(document) });
  const one = capture("cx_r", {
    at: 1000,
    rule: "all",
    tableVersion: "t9",
    decided: "tuned",
    variant: "prompted",
    rollout: "ramp",
    run: "run_1",
    stage: 1,
    epoch: 1,
    share: 0.05,
    propensity: 0.05,
    content: contentOf("How?", "So."),
  });
  await world.store.write({ captures: [one], recipes: [], usage: [] });
  const { rollout, outcome } = whyDocument.parse((await why(world, "cx_r")).body);
  expect(rollout).toEqual({
    rollout: "ramp",
    side: "candidate",
    stage: 1,
    share: 0.05,
    run: "run_1",
    epoch: 1,
    known: true,
    set_by: {
      at: "1970-01-01T00:00:00.500Z",
      action: "advance",
      by: "crossover",
      reason: "at last",
      ground: "no_alarm",
      guardrail: null,
      from_percent: 1,
      to_percent: 5,
    },
    ended: {
      at: "1970-01-01T00:00:02.000Z",
      action: "rollback",
      by: "crossover",
      reason: null,
      ground: null,
      guardrail: "errors",
      from_percent: 5,
      to_percent: 0,
    },
    state: "rolled_back",
  });
  expect(outcome).toMatchObject({ answered_by: "prompted", fallback: true });
  const late = capture("cx_l", { at: 3000, rollout: "ramp", run: "run_1", stage: 1, epoch: 2, share: 0 });
  const begun = capture("cx_b", { at: 1000, rollout: "ramp", run: "run_0", stage: 0, epoch: 0, share: 0 });
  const start = change("c0", 900, { run: "run_0", action: "start", from: NOWHERE, to: running(0) });
  await world.store.saveRun(storedRun(run({ id: "run_0", rollout: "ramp", revision: 1 })), [start], {
    replaces: "run_1",
  });
  await world.store.write({ captures: [late, begun], recipes: [], usage: [] });
  const after = (await why(world, "cx_l")).body.rollout;
  expect(after, "it came once all had ended").toMatchObject({ set_by: { action: "rollback" }, ended: null });
  const first = (await why(world, "cx_b")).body.rollout;
  expect(first, "a stage of 0 % was set too").toMatchObject({ set_by: { action: "start" }, ended: null });
  const untold = capture("cx_u", { rollout: "ramp", run: undefined, stage: 0, epoch: 0, share: 0 });
  const unstarted = { ...untold, id: "cx_n", epoch: undefined };
  await world.store.write({ captures: [untold, unstarted], recipes: [], usage: [] });
  expect((await why(world, "cx_u")).body.rollout).toMatchObject({ run: null, known: false });
  expect((await why(world, "cx_n")).body.rollout).toMatchObject({ run: null, known: true });
});

test("what was not kept is said, and an unknown request is not found", async () => {
  const world = await started();
  const one = capture("cx_old", {
    tableVersion: undefined,
    content: undefined,
    cached: true,
    attempts: 0,
    calls: [],
  });
  await world.store.write({ captures: [one], recipes: [], usage: [] });
  const { rules, query, notes } = whyDocument.parse((await why(world, "cx_old")).body);
  expect([rules, query]).toEqual([null, null]);
  expect(notes.map((note) => note.split(" ", 3).join(" "))).toEqual([
    "The rules of",
    "Its texts were",
    "The response cache",
  ]);
  const missing = await why(world, "cx_nobody");
  expect(missing).toMatchObject({ status: 404, body: { error: { code: "capture_not_found" } } });
});

test("an answer that can't be used says why, where that can be told", async () => {
  const world = await started();
  const asksJson = { response_format: { type: "json_object" } };
  const given = (id: string, message: unknown, finish: string, more: Partial<Capture> = {}) =>
    capture(id, {
      content: {
        ...contentOf("Why?", ""),
        request: JSON.stringify({ model: "help", messages: [], ...asksJson }),
        answer: JSON.stringify({ choices: [{ message, finish_reason: finish }] }),
      },
      ...more,
    });
  const said = (content: string) => ({ role: "assistant", content });
  const captures = [
    given("cx_cut", said('{"a":'), "length"),
    given("cx_filtered", said("{}"), "content_filter"),
    given("cx_refused", { role: "assistant", content: null, refusal: "No." }, "stop"),
    given("cx_empty", said(" "), "stop"),
    given("cx_prose", said("Sure!"), "stop"),
    given("cx_json", said("{}"), "stop"),
    given("cx_redacted", said("[redacted:email]"), "stop"),
    given("cx_failed", said(""), "stop", { status: 502 }),
  ];
  await world.store.write({ captures, recipes: [], usage: [] });
  const reasons = [];
  for (const { id } of captures)
    reasons.push(whyDocument.parse((await why(world, id)).body).outcome.unusable);
  expect(reasons).toEqual([
    "cut off, as its finish reason `length` says",
    "filtered, as its finish reason `content_filter` says",
    "the model refused",
    "empty",
    "not the JSON that was asked for",
    null,
    null,
    null,
  ]);
});

test("a secret in a condition is in no rule that is kept", async () => {
  const world = await started({
    routes: {
      help: {
        rules: [
          { name: "pass", when: 'metadata.pass == "upstream-key-for-tests-of-why"', use: "tuned" },
          { name: "rest", use: "prompted" },
        ],
      },
    },
  });
  const id = await asked(world);
  await until(async () => whyDocument.parse((await why(world, id)).body).rules !== null);
  const text = JSON.stringify((await why(world, id)).body);
  expect(text).not.toContain("upstream-key-for-tests-of-why");
  expect(text).toContain("[redacted:");
});
