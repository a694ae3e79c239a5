import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { tableOf } from "../config/tables.ts";
import { rawPost } from "../routes/black-box.ts";
import { until } from "../support/until.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM, CANDIDATE_USD, ended, moving, STANDING, startMoving } from "./shadowed.ts";

/** An upstream that answers when it is told to. */
function held(): {
  readonly respond: Respond;
  readonly waiting: ServerResponse[];
  readonly release: () => void;
} {
  const waiting: ServerResponse[] = [];
  let isOpen = false;
  return {
    waiting,
    respond: (_received, response) => {
      if (isOpen) sendJson(response, completion("ok"));
      else waiting.push(response);
    },
    release: () => {
      isOpen = true;
      for (const response of waiting.splice(0)) sendJson(response, completion("ok"));
    },
  };
}

/** Another request, which is shadowed after all that came before it. */
const LAST = { ...ASK, messages: [{ role: "user", content: "last" }] };

const ONE_BY_ONE = { shadow: { concurrency: 1 } };

const both = async (candidate?: Respond, control?: Respond) => ({
  control: await startUpstream(control),
  candidate: await startUpstream(candidate),
});

test("the candidate hears of a request once its client has the whole answer", async () => {
  const streams: ServerResponse[] = [];
  const upstreams = await both(respondStream(["Hel", "lo"]), (_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "Hel" }));
    streams.push(response);
  });
  const gateway = await startMoving(moving(upstreams));
  const answer = await gateway.post(ASK_STREAM);
  const reader = answer.body?.getReader();
  await reader?.read();
  expect(upstreams.candidate.received).toEqual([]);
  streams[0]?.end(chunk({ content: "lo" }) + chunk({}, "stop") + DONE);
  while (!(await reader?.read())?.done);
  await until(() => gateway.watch.pairs.length === 1);
  expect(upstreams.candidate.received.map(({ body }) => [body["stream"], body["model"]])).toEqual([
    [true, "base-model-tuned"],
  ]);
  expect(gateway.watch.pairs[0]).toMatchObject({ agrees: true, similarity: 1, controlLength: 5 });
});

test("a candidate that never answers keeps no client waiting, and only so many calls and requests", async () => {
  const { respond, release, waiting } = held();
  const upstreams = await both(respond);
  const gateway = await startMoving(moving(upstreams, { shadow: { concurrency: 2 } }));
  for (let i = 0; i < 2 + 32 + 3; i++) expect((await gateway.post(ASK)).status).toBe(200);
  await until(async () => (await ended(gateway, "dropped")) === 3);
  expect(waiting.length).toBe(2);
  release();
  await until(() => gateway.watch.pairs.length === 34);
  expect(await ended(gateway, "compared")).toBe(34);
});

test("long requests wait in smaller numbers", async () => {
  const { respond, waiting } = held();
  const upstreams = await both(respond);
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE));
  const long = { ...ASK, messages: [{ role: "user", content: "x".repeat(4_500_000) }] };
  await gateway.post(ASK);
  await until(() => waiting.length === 1);
  for (let i = 0; i < 2; i++) expect((await gateway.post(long)).status).toBe(200);
  expect(await ended(gateway, "dropped")).toBe(1);
});

test("limits, budgets, metrics and captures are the clients' own", async () => {
  const upstreams = await both();
  const secret = "sk-crossover-client-secret-000001";
  const limits = { requestsPerMinute: 10, tokensPerMinute: 10_000, usdPerDay: 1 };
  const gateway = await startMoving(moving(upstreams, {}, { keys: { app: { secret, limits } } }));
  const headers = { authorization: `Bearer ${secret}` };
  const remaining = async (): Promise<(string | null)[]> => {
    const answer = await gateway.post(ASK, headers);
    return ["requests", "tokens"].map((what) => answer.headers.get(`x-ratelimit-remaining-${what}`));
  };
  const [first] = await remaining();
  await until(() => gateway.watch.pairs.length === 1);
  const [second] = await remaining();
  await until(() => gateway.watch.pairs.length === 2);
  expect([first, second]).toEqual(["9", "8"]);
  const ofCandidate = { variant: "tuned" };
  expect(await gateway.metric("crossover_requests_total")).toBe(2);
  expect(await gateway.metric("crossover_requests_total", ofCandidate)).toBe(0);
  expect(await gateway.metric("crossover_decisions_total", ofCandidate)).toBe(0);
  expect(await gateway.metric("crossover_tokens_total", ofCandidate)).toBe(0);
  expect(await gateway.metric("crossover_cost_usd_total", ofCandidate)).toBe(0);
  expect(await gateway.metric("crossover_upstream_attempts_total", ofCandidate)).toBe(2);
  expect(await gateway.metric("crossover_upstream_attempts_total", { ...ofCandidate, route: "none" })).toBe(
    2,
  );
  expect(await gateway.metric("crossover_shadow_cost_usd_total")).toBeCloseTo(2 * CANDIDATE_USD, 12);
  await gateway.gateway.flushCaptures();
  expect(gateway.captures.captures.map(({ variant }) => variant)).toEqual(["prompted", "prompted"]);
  expect(gateway.captures.requests).toBe(2);
});

test("what clients spend of a token limit is no more with a shadow than without", async () => {
  const left = async (shadowShare: number): Promise<string | null> => {
    const upstreams = await both();
    const secret = "sk-crossover-client-secret-000001";
    const keys = { app: { secret, limits: { tokensPerMinute: 10_000 } } };
    const gateway = await startMoving(moving(upstreams, {}, { keys }), { ...STANDING, shadowShare });
    const headers = { authorization: `Bearer ${secret}` };
    await gateway.post(ASK, headers);
    if (shadowShare > 0) await until(() => gateway.watch.pairs.length === 1);
    return (await gateway.post(ASK, headers)).headers.get("x-ratelimit-remaining-tokens");
  };
  expect(await left(1)).toBe(await left(0));
});

test("a budget for the day ends it, over all that others spent", async () => {
  const upstreams = await both();
  const gateway = await startMoving(moving(upstreams, { shadow: { usdPerDay: 1 } }));
  gateway.watch.spentUsd = 0.999;
  await gateway.post(ASK);
  await until(() => gateway.watch.pairs.length === 1);
  gateway.watch.spentUsd = 1;
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "over_budget")) === 1);
  expect(upstreams.candidate.received.length).toBe(1);
});

test("what calls under way may cost is held back from the budget", async () => {
  const { respond, release, waiting } = held();
  const upstreams = await both(respond);
  // A call costs at most 5 tokens at 6 USD a million, and its few tokens of input at 3: enough for one, and not for two.
  const gateway = await startMoving(moving(upstreams, { shadow: { usdPerDay: 60e-6 } }));
  await gateway.post(ASK);
  await until(() => waiting.length === 1);
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "over_budget")) === 1);
  release();
  await until(() => gateway.watch.pairs.length === 1);
  gateway.watch.spentUsd = 0;
  await gateway.post(ASK);
  await until(() => gateway.watch.pairs.length === 2);
});

test("where nobody knows the price, a budget lets nothing be shadowed", async () => {
  const upstreams = await both();
  const config = moving(upstreams, { shadow: { usdPerDay: 100 } });
  const gateway = await startMoving({
    ...config,
    models: {
      base: { provider: "up", model: "base-model" },
      ft: { provider: "tuner", model: "base-model-tuned" },
    },
  });
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "over_budget")) === 1);
});

test("a client that leaves is not shadowed", async () => {
  const streams: ServerResponse[] = [];
  const upstreams = await both(undefined, (received, response) => {
    if (received.body["stream"] !== true) return sendJson(response, completion("ok"));
    startStream(response);
    response.write(chunk({ content: "Hel" }));
    streams.push(response);
  });
  const gateway = await startMoving(moving(upstreams));
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  socket.write(rawPost(JSON.stringify(ASK_STREAM)));
  await once(socket, "data");
  socket.destroy();
  await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  await gateway.post(ASK);
  await until(() => gateway.watch.pairs.length === 1);
  expect(upstreams.candidate.received.map(({ body }) => body["stream"])).toEqual([undefined]);
});

/** Waits for the last request's shadow, before which all others have ended, and tells how many requests the candidate had. */
async function requestsUntilLast({ received }: Upstream): Promise<number> {
  await until(() => received.some(({ text }) => text.includes("last")));
  return received.length;
}

test("an answer from the cache is not shadowed", async () => {
  const upstreams = await both();
  const routes = { moved: { cache: { ttl: 60 }, rules: [{ name: "all", use: { rollout: "move" } }] } };
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE, { routes }));
  await gateway.post(ASK);
  expect((await gateway.post(ASK)).headers.get("x-crossover-cache")).toBe("hit");
  await gateway.post(LAST);
  expect(await requestsUntilLast(upstreams.candidate)).toBe(2);
});

test.each([
  ["no request where the share is 0", { ...STANDING, shadowShare: 0 }, 1],
  ["none of the candidate's own requests", { ...STANDING, share: 1 }, 2],
  ["nothing before somebody starts the rollout", undefined, 1],
])("%s is shadowed", async (_name, standing, requests) => {
  const upstreams = await both();
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE));
  if (standing === undefined) gateway.watch.standings.clear();
  else gateway.watch.standings.set("move", standing);
  await gateway.post(ASK);
  gateway.watch.standings.set("move", STANDING);
  await gateway.post(LAST);
  expect(await requestsUntilLast(upstreams.candidate)).toBe(requests);
});

test("a request that a limit refused is not shadowed", async () => {
  const upstreams = await both();
  const secret = "sk-crossover-client-secret-000001";
  const keys = { app: { secret, limits: { requestsPerMinute: 1 } }, other: { secret: `${secret}2` } };
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE, { keys }));
  const as = (key: string) => ({ authorization: `Bearer ${key}` });
  expect((await gateway.post(ASK, as(secret))).status).toBe(200);
  expect((await gateway.post(ASK, as(secret))).status).toBe(429);
  await gateway.post(LAST, as(`${secret}2`));
  expect(await requestsUntilLast(upstreams.candidate)).toBe(2);
});

test("of many requests about the share is shadowed", async () => {
  const upstreams = await both();
  const gateway = await startMoving(moving(upstreams), { ...STANDING, shadowShare: 0.5 });
  for (let i = 0; i < 60; i++) await gateway.post(ASK);
  gateway.watch.standings.set("move", STANDING);
  await gateway.post(LAST);
  await until(() => upstreams.candidate.received.some(({ text }) => text.includes("last")));
  expect(upstreams.candidate.received.length).toBeGreaterThan(10);
  expect(upstreams.candidate.received.length).toBeLessThan(51);
});

test("a control that failed is half of a pair too", async () => {
  const upstreams = await both(undefined, (_received, response) => sendJson(response, { error: {} }, 500));
  const gateway = await startMoving(moving(upstreams));
  expect((await gateway.post(ASK)).status).toBe(502);
  await until(() => gateway.watch.pairs.length === 1);
  const [pair] = gateway.watch.pairs;
  expect(pair?.control).toMatchObject({ error: true, latencyMs: undefined, invalid: undefined });
  expect(pair?.candidate).toMatchObject({ error: false, invalid: false });
  expect([pair?.agrees, pair?.similarity, pair?.controlLength]).toEqual([undefined, undefined, undefined]);
});

test("so is one in whose place another had to answer", async () => {
  const upstreams = await both(undefined, (received, response) =>
    received.text.includes("helper")
      ? sendJson(response, { error: {} }, 500)
      : sendJson(response, completion("ok")),
  );
  const variants = {
    prompted: { model: "base", prompt: "helper", fallback: ["plain"] },
    plain: { model: "base" },
    tuned: { model: "ft" },
  };
  const gateway = await startMoving(moving(upstreams, {}, { variants }));
  expect((await gateway.post(ASK)).headers.get("x-crossover-variant")).toBe("plain");
  await until(() => gateway.watch.pairs.length === 1);
  expect(gateway.watch.pairs[0]?.control.error).toBe(true);
  expect(gateway.watch.pairs[0]?.agrees).toBeUndefined();
});

test("a stop of the gateway ends what is under way at once, and drops what waits", async () => {
  const { respond, waiting } = held();
  const upstreams = await both(respond);
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE));
  await gateway.post(ASK);
  await gateway.post(ASK);
  await until(() => waiting.length === 1);
  const stopped = gateway.stop(60_000);
  await until(() => upstreams.candidate.received[0]?.aborted());
  await until(async () => (await ended(gateway, "failed")) === 1);
  expect(await ended(gateway, "dropped")).toBe(1);
  expect(upstreams.candidate.received.length).toBe(1);
  expect(gateway.watch.pairs).toEqual([]);
  expect(gateway.logs.filter(({ level }) => level === "error")).toEqual([]);
  await stopped;
});

test("a request that ends while the gateway stops is not shadowed", async () => {
  const ofControl = held();
  const upstreams = await both(undefined, ofControl.respond);
  const gateway = await startMoving(moving(upstreams));
  const answer = gateway.post(ASK);
  await until(() => ofControl.waiting.length === 1);
  const stopped = gateway.stop(60_000);
  ofControl.release();
  expect((await answer).status).toBe(200);
  await stopped;
  expect(await ended(gateway, "dropped")).toBe(1);
  expect(upstreams.candidate.received).toEqual([]);
});

test.each([
  ["the end of the run", { ...STANDING, shadowShare: 0 }],
  ["another run", { ...STANDING, run: "run-2" }],
])("another configuration drops what waits, and so does %s", async (_name, standing) => {
  const { respond, release, waiting } = held();
  const upstreams = await both(respond);
  const config = moving(upstreams, ONE_BY_ONE);
  const gateway = await startMoving(config);
  await gateway.post(ASK);
  await until(() => waiting.length === 1);
  await gateway.post(ASK);
  gateway.gateway.use(tableOf(config));
  expect(await ended(gateway, "dropped")).toBe(1);
  await gateway.post(ASK);
  gateway.watch.standings.set("move", standing);
  release();
  await until(async () => (await ended(gateway, "dropped")) === 2);
  expect(upstreams.candidate.received.length).toBe(1);
});

test("a request that began before another configuration is dropped", async () => {
  const ofControl = held();
  const upstreams = await both(undefined, ofControl.respond);
  const config = moving(upstreams);
  const gateway = await startMoving(config);
  const answer = gateway.post(ASK);
  await until(() => ofControl.waiting.length === 1);
  gateway.gateway.use(tableOf(config));
  ofControl.release();
  expect((await answer).status).toBe(200);
  await until(async () => (await ended(gateway, "dropped")) === 1);
  expect(upstreams.candidate.received).toEqual([]);
});

test("a candidate that fails is found to, and its circuit stays closed for clients", async () => {
  const upstreams = await both((_received, response) => sendJson(response, { error: {} }, 500));
  const breaker = { requests: 3, failures: 0.5, wait: 60 };
  const gateway = await startMoving(moving(upstreams, ONE_BY_ONE, { breaker }));
  for (let i = 1; i <= 10; i++) {
    await gateway.post(ASK);
    await until(async () => (await ended(gateway, "compared")) + (await ended(gateway, "failed")) === i);
  }
  expect(gateway.watch.pairs.length).toBeGreaterThanOrEqual(3);
  expect(gateway.watch.pairs.length).toBe(upstreams.candidate.received.length);
  expect(gateway.watch.pairs.every(({ candidate }) => candidate.error)).toBe(true);
  // Its own circuit has opened: the rest was not sent.
  expect(upstreams.candidate.received.length).toBeLessThan(10);
  expect(await gateway.metric("crossover_circuit_state", { model: "ft" })).toBe(0);
  upstreams.candidate.respond((_received, response) => sendJson(response, completion("ok")));
  expect((await gateway.post({ ...ASK, model: "bare" })).status).toBe(200);
});

test("a candidate whose provider takes no more is not to blame, and clients need not wait for it", async () => {
  const upstreams = await both((_received, response) =>
    sendJson(response, { error: {} }, 429, { "retry-after": "60" }),
  );
  const gateway = await startMoving(moving(upstreams));
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "failed")) === 1);
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "dropped")) === 1);
  expect(gateway.watch.pairs).toEqual([]);
  expect(upstreams.candidate.received.length).toBe(1);
  upstreams.candidate.respond((_received, response) => sendJson(response, completion("ok")));
  expect((await gateway.post({ ...ASK, model: "bare" })).status).toBe(200);
});

test("a model that clients have to leave alone is left alone", async () => {
  const upstreams = await both((_received, response) =>
    sendJson(response, { error: {} }, 429, { "retry-after": "60" }),
  );
  const gateway = await startMoving(moving(upstreams));
  expect((await gateway.post({ ...ASK, model: "bare" })).status).toBe(429);
  await gateway.post(ASK);
  await until(async () => (await ended(gateway, "dropped")) === 1);
  expect(upstreams.candidate.received.length).toBe(1);
});
