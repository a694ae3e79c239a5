import { expect, test } from "vitest";
import { unitIn } from "../../src/routing/choose.ts";
import { until } from "../support/until.ts";
import {
  completion,
  type Respond,
  respondStream,
  sendJson,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import type { WatchedGateway } from "../support/watched-gateway.ts";
import { ASK, ASK_STREAM, CANDIDATE_USD, ended, moving, startMoving } from "./shadowed.ts";

const says =
  (content: string): Respond =>
  (_received, response) =>
    sendJson(response, completion(content));

const message =
  (message_: Readonly<Record<string, unknown>>, finish_reason = "stop"): Respond =>
  (_received, response) => {
    const choice = { index: 0, message: { role: "assistant", content: null, ...message_ }, finish_reason };
    sendJson(response, { ...completion(""), choices: [choice] });
  };

const callsTool = (name: string, args: unknown, id: string): Respond =>
  message(
    { tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }] },
    "tool_calls",
  );

interface Compared {
  readonly gateway: WatchedGateway;
  readonly control: Upstream;
  readonly candidate: Upstream;
}

async function start(
  [ofControl, ofCandidate]: readonly [Respond, Respond],
  rollout: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<Compared> {
  const upstreams = {
    control: await startUpstream(ofControl),
    candidate: await startUpstream(ofCandidate),
  };
  return { ...upstreams, gateway: await startMoving(moving(upstreams, rollout, more)) };
}

async function pairOf({ gateway }: Compared, body: unknown = ASK) {
  const before = gateway.watch.pairs.length;
  await gateway.post(body);
  return until(() => gateway.watch.pairs[before]);
}

test("a pair tells how both did, and where the request was assigned", async () => {
  const compared = await start([says("Tomato soup"), says("Tomato stew")]);
  const pair = await pairOf(compared);
  expect(pair).toMatchObject({
    kind: "pair",
    unit: unitIn("move", "u1"),
    stage: 1,
    epoch: 3,
    agrees: false,
    controlLength: 11,
    candidateLength: 11,
    sameTools: undefined,
    judged: undefined,
    control: { error: false, invalid: false, firstTokenMs: undefined },
    candidate: { error: false, invalid: false, firstTokenMs: undefined },
  });
  expect(pair.similarity).toBeCloseTo(8 / 11, 9);
  expect(pair.control.costUsd).toBeCloseTo(20e-6, 12);
  expect(pair.candidate.costUsd).toBeCloseTo(CANDIDATE_USD, 12);
  expect(pair.spentUsd).toBeCloseTo(CANDIDATE_USD, 12);
  expect(pair.control.latencyMs).toBeGreaterThan(0);
  expect(pair.candidate.latencyMs).toBeGreaterThan(0);
  expect(compared.gateway.watch.observed.map(({ run, observation }) => [run, observation.kind])).toEqual([
    ["run-1", "request"],
    ["run-1", "pair"],
  ]);
});

test("where chance decides, there is no unit", async () => {
  const compared = await start([says("a"), says("a")]);
  const { user: _user, ...anonymous } = ASK;
  expect((await pairOf(compared, anonymous)).unit).toBeUndefined();
});

test("a stream is shadowed by a stream, with the time to its first token", async () => {
  const words = ["Tomato ", "soup"];
  const compared = await start([respondStream(words), respondStream(words)]);
  const pair = await pairOf({ ...compared }, ASK_STREAM);
  expect(pair).toMatchObject({ agrees: true, controlLength: 11, candidateLength: 11 });
  for (const side of [pair.control, pair.candidate]) {
    expect(side.firstTokenMs).toBeGreaterThan(0);
    expect(side.latencyMs).toBeGreaterThanOrEqual(side.firstTokenMs ?? 0);
  }
  expect(pair.candidate.costUsd).toBeCloseTo(CANDIDATE_USD, 12);
});

test("the time of a stream that had to wait for its client is not told", async () => {
  const compared = await start([respondStream(["Tomato ", "x".repeat(500_000)]), respondStream(["Tomato"])]);
  const pair = await pairOf(compared, ASK_STREAM);
  expect(pair.control).toMatchObject({ error: false, latencyMs: undefined });
  expect(pair.control.firstTokenMs).toBeGreaterThan(0);
  expect(pair.candidate.latencyMs).toBeGreaterThan(0);
});

test("long streams are compared, and what is too long to be kept is not", async () => {
  const long = Array.from({ length: 100 }, () => "x".repeat(1000));
  const tooLong = Array.from({ length: 1200 }, () => "x".repeat(1000));
  const compared = await start([respondStream(long), respondStream(long)]);
  expect(await pairOf(compared, ASK_STREAM)).toMatchObject({
    agrees: true,
    similarity: 1,
    controlLength: 100_000,
  });
  compared.control.respond(respondStream(tooLong));
  expect(await pairOf(compared, ASK_STREAM)).toMatchObject({
    agrees: undefined,
    controlLength: undefined,
    candidateLength: 100_000,
    control: { error: false, invalid: undefined },
    candidate: { error: false, invalid: false },
  });
});

test.each([
  ["the same tool with the same arguments", callsTool("send", { to: "a" }, "call_2"), true],
  ["other arguments", callsTool("send", { to: "b" }, "call_2"), false],
  ["another tool", callsTool("drop", { to: "a" }, "call_2"), false],
  ["words alone", says("I sent it."), false],
])("tools are compared and not called: %s", async (_name, ofCandidate, same) => {
  const compared = await start([callsTool("send", { to: "a" }, "call_1"), ofCandidate]);
  const pair = await pairOf(compared);
  expect([pair.sameTools, pair.agrees]).toEqual([same, same]);
  await pairOf(compared);
  expect(compared.candidate.received.length).toBe(2);
  expect(compared.control.received.length).toBe(2);
});

test.each([
  ["against its schema", says('{"a":"x"}')],
  ["refused", message({ refusal: "I can't." })],
  ["empty", says(" ")],
  ["cut off", message({ content: '{"a":1}' }, "length")],
])("an answer of the candidate that can't be used is found: %s", async (_name, ofCandidate) => {
  const compared = await start([says('{"a":1}'), ofCandidate]);
  const schema = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };
  const response_format = { type: "json_schema", json_schema: { name: "n", schema } };
  const pair = await pairOf(compared, { ...ASK, response_format });
  expect([pair.control.invalid, pair.candidate.invalid]).toEqual([false, true]);
});

test("a candidate that fails is an error without a time", async () => {
  const compared = await start([says("a"), (_received, response) => sendJson(response, { error: {} }, 400)]);
  const pair = await pairOf(compared);
  expect(pair.candidate).toMatchObject({ error: true, invalid: undefined, latencyMs: undefined });
  expect(pair).toMatchObject({
    controlLength: 1,
    candidateLength: undefined,
    agrees: undefined,
    spentUsd: 0,
  });
});

test("no provider is asked to keep the candidate's answer", async () => {
  const compared = await start([says("a"), says("a")]);
  await pairOf(compared, { ...ASK, store: true });
  expect(compared.control.received[0]?.body["store"]).toBe(true);
  expect(compared.candidate.received[0]?.body["store"]).toBe(false);
  await pairOf(compared, ASK);
  expect(compared.candidate.received[1]?.body).not.toHaveProperty("store");
});

test("a failed attempt is logged as the shadow's, without a request of a client", async () => {
  const compared = await start([says("a"), (_received, response) => sendJson(response, { error: {} }, 500)]);
  await pairOf(compared);
  const line = compared.gateway.logs.find(({ message: text }) => text === "attempt failed");
  expect(line?.fields).toMatchObject({ variant: "tuned", shadow_of: "move" });
  expect(compared.gateway.logs.filter(({ message: text }) => text === "request").length).toBe(1);
});

const JUDGED = { guardrails: { judge: { margin: 0.05 } } };

/** A judge that takes an answer with a word for the better one, wherever it stands, and else the first. */
async function judging(word: string) {
  const judge = await startUpstream(({ text }, response) => {
    const [first = ""] = /BEGIN \w+ the first answer.*?END/s.exec(text) ?? [];
    const [second = ""] = /BEGIN \w+ the second answer.*?END/s.exec(text) ?? [];
    const better = first.includes(word) || !second.includes(word) ? "first" : "second";
    sendJson(response, completion(JSON.stringify({ reason: "r", better })));
  });
  const more = ({ control, candidate }: { readonly control: string; readonly candidate: string }) => ({
    providers: {
      up: { kind: "openai-compatible", baseURL: `${control}/v1`, apiKey: "sk-upstream-secret-0001" },
      tuner: { kind: "openai-compatible", baseURL: `${candidate}/v1`, apiKey: "sk-upstream-secret-0002" },
      judges: { kind: "openai-compatible", baseURL: `${judge.url}/v1`, apiKey: "sk-upstream-secret-0003" },
    },
    models: {
      base: { provider: "up", model: "base-model", price: { input: 1, output: 2 } },
      ft: { provider: "tuner", model: "base-model-tuned", fineTuned: true, price: { input: 3, output: 6 } },
      wise: { provider: "judges", model: "wise-model", price: { input: 10, output: 10 } },
    },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft" },
      judge: { model: "wise" },
    },
    compare: { judge: { variant: "judge", rubric: "Correct." } },
  });
  return { judge, more };
}

async function startJudged(word: string, answers: readonly [Respond, Respond], rollout: object = JUDGED) {
  const upstreams = { control: await startUpstream(answers[0]), candidate: await startUpstream(answers[1]) };
  const { judge, more } = await judging(word);
  const config = moving(
    upstreams,
    { ...rollout },
    more({ control: upstreams.control.url, candidate: upstreams.candidate.url }),
  );
  return { ...upstreams, judge, gateway: await startMoving(config) };
}

test.each([
  ["the candidate's", "stew", 1],
  ["the control's", "soup", -1],
  ["whatever stands first", "salad", 0],
])(
  "a judge is asked in both orders, and knows neither variant: it prefers %s",
  async (_name, word, judged) => {
    const compared = await startJudged(word, [says("Tomato soup"), says("Tomato stew")]);
    const pair = await pairOf(compared);
    expect(pair.judged).toBe(judged);
    expect(compared.judge.received.length).toBe(2);
    for (const { text } of compared.judge.received)
      expect(text).not.toMatch(/prompted|tuned|control|candidate/);
    // Both calls of the judge took 10 and 5 tokens at 10 USD a million.
    expect(pair.spentUsd).toBeCloseTo(CANDIDATE_USD + 2 * 150e-6, 12);
    expect(await compared.gateway.metric("crossover_shadow_cost_usd_total")).toBeCloseTo(pair.spentUsd, 12);
  },
);

test("answers that read the same are as good as each other without a judge", async () => {
  const compared = await startJudged("x", [says("Same"), says("Same")]);
  expect((await pairOf(compared)).judged).toBe(0);
  expect(compared.judge.received).toEqual([]);
});

test("no judge is asked where no guardrail rests on it", async () => {
  const compared = await startJudged("x", [says("One"), says("Other")], {});
  expect((await pairOf(compared)).judged).toBeUndefined();
  expect(compared.judge.received).toEqual([]);
});

test("secrets of prompts and answers do not reach the judge", async () => {
  const [mine, theirs] = [
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
  ];
  const compared = await startJudged("x", [says(`It is ${theirs}`), says("I don't know")]);
  await pairOf(compared, { ...ASK, messages: [{ role: "user", content: `My key is ${mine}. What is it?` }] });
  expect(compared.candidate.received[0]?.text).toContain(mine);
  expect(compared.judge.received.length).toBe(2);
  for (const { text } of compared.judge.received) {
    expect(text).toContain("My key is");
    expect(text).not.toContain(mine);
    expect(text).not.toContain(theirs);
  }
});

test("a judge that can't be read leaves the rest of the pair", async () => {
  const compared = await startJudged("x", [says("One"), says("Other")]);
  compared.judge.respond((_received, response) => sendJson(response, completion("Who knows")));
  expect(await pairOf(compared)).toMatchObject({ judged: undefined, agrees: false });
});

test("the budget holds for the judge too", async () => {
  const compared = await startJudged("x", [says("One"), says("Other")], {
    ...JUDGED,
    shadow: { usdPerDay: 0.001 }, // far more than the candidate, and less than what the judge may write
  });
  await compared.gateway.post(ASK);
  await until(async () => (await ended(compared.gateway, "over_budget")) === 1);
  expect(compared.candidate.received).toEqual([]);
});
