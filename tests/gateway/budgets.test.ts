import { expect, test } from "vitest";
import { problemsOf } from "../config/tables.ts";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

/** A thousand tokens of an answer cost 0.10 USD, a prompt nothing. */
const PRICE = { input: 0, output: 100 };
const MODELS = {
  base: { provider: "up", model: "base-model", price: PRICE },
  ft: { provider: "up", model: "base-model-tuned", fineTuned: true, price: PRICE },
};
const DEAR = { ...ASK, max_tokens: 1000 };

const answering =
  (completion_tokens: number): Respond =>
  (_received, response) =>
    sendJson(response, {
      ...completion("ok"),
      usage: { prompt_tokens: 0, completion_tokens, total_tokens: completion_tokens },
    });

/** A gateway whose route `bare` may spend so much a day. */
async function start(
  usdPerDay: number,
  respond: Respond,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream(respond);
  const routes = { bare: { default: "tuned", limits: { usdPerDay } }, free: { default: "tuned" } };
  return {
    upstream,
    gateway: await startGateway(twoPaths(upstream.url, { models: MODELS, routes, ...more })),
  };
}

const spent = (gateway: TestGateway): Promise<number> => gateway.metric("crossover_cost_usd_total");

async function outcomes(
  gateway: TestGateway,
  count: number,
  body: unknown = DEAR,
): Promise<Record<string, number>> {
  const answers = await Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await gateway.post(body);
      const { error } = await answer.json();
      return error === undefined ? "ok" : String(error.code);
    }),
  );
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

test("of 200 requests at once that cost what they may, those are served that the budget pays, and it is not overspent", async () => {
  const { upstream, gateway } = await start(1, answering(1000));
  expect(await outcomes(gateway, 200)).toEqual({ ok: 10, insufficient_quota: 190 });
  expect(upstream.received).toHaveLength(10);
  expect(await spent(gateway)).toBeCloseTo(1, 9);
  await expectCalm(gateway);
});

test("requests that cost less than they may are not refused while money is left: those who come too early wait", async () => {
  const { upstream, gateway } = await start(1, answering(100));
  const counts = await outcomes(gateway, 200);
  expect(counts).toEqual({ ok: 100, insufficient_quota: 100 });
  expect(upstream.received).toHaveLength(100);
  expect(await spent(gateway)).toBeCloseTo(1, 9);
});

test("of 200 requests for the last cent one passes at a time: the budget is overspent by less than one of them", async () => {
  const { upstream, gateway } = await start(1, answering(990));
  for (let i = 0; i < 10; i++) await (await gateway.post(DEAR)).text(); // 0.99 USD
  const most = Math.max(...(await underWayAtOnce(gateway, upstream)));
  expect(most).toBe(1);
  expect(upstream.received).toHaveLength(11);
  expect(await spent(gateway)).toBeCloseTo(1.089, 9);
});

/** Asks 200 times at once. @returns how many calls were under way whenever one came */
async function underWayAtOnce(gateway: TestGateway, upstream: Upstream): Promise<readonly number[]> {
  let underWay = 0;
  const seen: number[] = [];
  upstream.respond(async (received, response) => {
    seen.push(++underWay);
    await new Promise(setImmediate);
    underWay--;
    return answering(990)(received, response);
  });
  await outcomes(gateway, 200);
  return seen;
}

test("a spent budget is told in OpenAI's words, and that trying again does not help", async () => {
  const { gateway } = await start(0.1, answering(1000));
  expect((await gateway.post(DEAR)).status).toBe(200);
  const refused = await gateway.post(DEAR);
  expect(refused.headers.get("x-should-retry")).toBe("false");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const { error } = await refused.clone().json();
  expect(error.message).toContain("0.1 USD a day");
  await expectRefused(refused, {
    status: 429,
    type: "insufficient_quota",
    code: "insufficient_quota",
    param: null,
  });
  expect((await gateway.post({ ...DEAR, model: "free" })).status).toBe(200);
  expect(await gateway.metric("crossover_limited_total", { by: "route", limit: "usd-day" })).toBe(1);
});

test.each<[string, Respond]>([
  [
    "an error of the upstream",
    (_received, response) => sendJson(response, { error: { message: "no" } }, 500),
  ],
  [
    "the client's own mistake",
    (_received, response) => sendJson(response, { error: { message: "no" } }, 400),
  ],
  ["a broken connection", (_received, response) => void response.destroy()],
])("%s costs nothing", async (_name, respond) => {
  const { gateway } = await start(0.15, respond);
  for (let i = 0; i < 4; i++) expect((await gateway.post(DEAR)).status).not.toBe(429);
});

test("an answer from the cache costs nothing", async () => {
  const { upstream, gateway } = await start(0.15, answering(1000), {
    routes: { bare: { default: "tuned", limits: { usdPerDay: 0.15 }, cache: { ttl: 60 } } },
  });
  for (let i = 0; i < 5; i++) expect((await gateway.post(DEAR)).status).toBe(200);
  expect(upstream.received).toHaveLength(1);
});

test("a client that leaves in the middle of a stream pays for what came, by an estimate", async () => {
  const { upstream, gateway } = await start(1, (_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "" }));
    for (let i = 0; i < 499; i++) response.write(chunk({ content: "a " }));
  });
  const leaving = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...ASK_STREAM, max_tokens: 1000 }),
    signal: leaving.signal,
  });
  let read = 0;
  for await (const part of answer.body ?? []) {
    read += String(Buffer.from(part)).split("data:").length - 1;
    if (read >= 500) break;
  }
  leaving.abort();
  await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  upstream.respond(answering(1000));
  // 500 of 1,000 tokens were 0.05 USD: nine further requests fit, and the tenth is the last call.
  expect(await outcomes(gateway, 20)).toEqual({ ok: 10, insufficient_quota: 10 });
});

test("a client that leaves before anybody was reached pays nothing", async () => {
  const { upstream, gateway } = await start(
    0.15,
    (_received, response) => sendJson(response, { error: { message: "no" } }, 429, { "retry-after": "3" }),
    {
      retries: undefined,
      models: { ...MODELS, ft: { ...MODELS.ft, price: { input: 10_000, output: 100 } } },
    },
  );
  const leaving = new AbortController();
  const asked = fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...ASK, max_tokens: 1 }),
    signal: leaving.signal,
  }).catch(() => "left");
  await until(() => gateway.logs.some(({ message }) => message === "attempt failed"));
  leaving.abort();
  await asked;
  await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  upstream.respond(answering(1));
  const { status } = await gateway.post(DEAR);
  expect(status).toBe(200);
});

test("what was spent outlives a restart", async () => {
  const upstream = await startUpstream(answering(1000));
  const config = twoPaths(upstream.url, {
    models: MODELS,
    routes: { bare: { default: "tuned", limits: { usdPerMonth: 0.1 } } },
  });
  const first = await startGateway(config);
  expect((await first.post(DEAR)).status).toBe(200);
  await first.close(0);
  const second = await startGateway(config, { env: { CROSSOVER_DATA_DIR: first.dataDir } });
  expect((await second.post(DEAR)).status).toBe(429);
});

test("a budget needs a price for each model", () => {
  const config = twoPaths("http://127.0.0.1:1", {
    models: { base: MODELS.base, ft: { provider: "up", model: "nobody-knows" } },
    tags: { team: { limits: { usdPerDay: 1 } } },
  });
  expect(problemsOf(config)).toMatchObject([
    { key: "models.ft", message: expect.stringContaining("nobody knows what this model costs") },
  ]);
});
