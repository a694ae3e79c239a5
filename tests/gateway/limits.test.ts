import { RateLimitError } from "openai";
import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

const secretOf = (name: string): string => `${name}-secret-of-the-test`;
const as = (name: string): Record<string, string> => ({ authorization: `Bearer ${secretOf(name)}` });
const key = (name: string, more: object = {}): object => ({ [name]: { secret: secretOf(name), ...more } });

/** Answers with this usage. */
const using =
  (prompt_tokens: number, completion_tokens: number): Respond =>
  (_received, response) =>
    sendJson(response, {
      ...completion("ok"),
      usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    });

async function start(
  more: Readonly<Record<string, unknown>>,
  respond: Respond = using(10, 20),
): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream(respond);
  return { upstream, gateway: await startGateway(twoPaths(upstream.url, more)) };
}

const limited = (gateway: TestGateway, by: string, limit: string): Promise<number> =>
  gateway.metric("crossover_limited_total", { by, limit });

test("a key has its requests a minute and no more; another key is not affected", async () => {
  const keys = { ...key("ada", { limits: { requestsPerMinute: 3 } }), ...key("bob") };
  const { upstream, gateway } = await start({ keys });
  for (const remaining of ["2", "1", "0"]) {
    const answer = await gateway.post(ASK, as("ada"));
    const header = (name: string): string | null => answer.headers.get(`x-ratelimit-${name}`);
    expect([answer.status, header("limit-requests"), header("remaining-requests")]).toEqual([
      200,
      "3",
      remaining,
    ]);
    expect(header("reset-requests")).toMatch(/^(1m\d(\.\d)?s|\d+(\.\d)?s)$/);
  }
  const refused = await gateway.post(ASK, as("ada"));
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(50);
  expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(refused.headers.get("x-should-retry")).toBeNull();
  await expectRefused(refused, { status: 429, type: "requests", code: "rate_limit_exceeded", param: null });
  expect((await gateway.post(ASK, as("bob"))).status).toBe(200);
  expect(upstream.received).toHaveLength(4);
  expect(await limited(gateway, "key", "requests")).toBe(1);
  expect(await gateway.metric("crossover_requests_total", { route: "bare", status: "429" })).toBe(1);
  await expectCalm(gateway);
});

test("the SDK raises a limit as its own class", async () => {
  const { gateway } = await start({ keys: key("ada", { limits: { requestsPerMinute: 1 } }) });
  const client = gateway.client.withOptions({ apiKey: secretOf("ada") });
  const ask = (): Promise<unknown> =>
    client.chat.completions.create({ model: "bare", messages: [{ role: "user", content: "Hi" }] });
  await ask();
  await expect(ask()).rejects.toBeInstanceOf(RateLimitError);
});

test("of a burst of requests at once just as many pass as the limit says", async () => {
  const { upstream, gateway } = await start({
    routes: { bare: { default: "tuned", limits: { requestsPerMinute: 60 } } },
  });
  const answers = await Promise.all(Array.from({ length: 120 }, () => gateway.post(ASK)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
  expect(upstream.received).toHaveLength(60);
});

test("keys with one tag share its limit, and a route's clients share the route's", async () => {
  const { gateway } = await start({
    keys: { ...key("ada", { tags: ["team"] }), ...key("bob", { tags: ["team", "team"] }), ...key("eve") },
    tags: { team: { limits: { requestsPerMinute: 2 } } },
    routes: { bare: { default: "tuned", limits: { requestsPerMinute: 3 } } },
  });
  const statuses: number[] = [];
  for (const name of ["ada", "bob", "ada", "eve", "eve"])
    statuses.push((await gateway.post(ASK, as(name))).status);
  expect(statuses).toEqual([200, 200, 429, 200, 429]);
  expect([await limited(gateway, "tag", "requests"), await limited(gateway, "route", "requests")]).toEqual([
    1, 1,
  ]);
});

test("tokens are reserved by an estimate, and what was not used is given back", async () => {
  const { gateway } = await start({ keys: key("ada", { limits: { tokensPerMinute: 1000 } }) }, using(10, 90));
  const ask = (): Promise<Response> => gateway.post({ ...ASK, max_tokens: 700 }, as("ada"));
  const remaining: number[] = [];
  for (let i = 0; i < 3; i++)
    remaining.push(Number((await ask()).headers.get("x-ratelimit-remaining-tokens")));
  // Of each the headers tell what is reserved, as its answer has only begun; of those before, what was used.
  const [first = 0] = remaining;
  expect(first).toBeLessThan(300);
  expect(remaining).toEqual([first, first - 100, first - 200]);
  await expectRefused(await ask(), {
    status: 429,
    type: "tokens",
    code: "rate_limit_exceeded",
    param: null,
  });
});

test("a request that wants more tokens than a minute has is let through when the minute is free", async () => {
  const { gateway } = await start({ keys: key("ada", { limits: { tokensPerMinute: 50 } }) });
  const answer = await gateway.post({ ...ASK, max_tokens: 5000 }, as("ada"));
  expect([answer.status, answer.headers.get("x-ratelimit-remaining-tokens")]).toEqual([200, "0"]);
});

test.each([
  ["leaves", "the client"],
  ["breaks off", "the upstream"],
  ["ends", "the stream"],
])("streams under way are limited; one that %s makes room (%s)", async (how) => {
  const open: (() => void)[] = [];
  const { gateway } = await start(
    { keys: key("ada", { limits: { concurrentStreams: 2 } }) },
    (received, response) => {
      if (received.body["stream"] !== true) return sendJson(response, completion("ok"));
      startStream(response);
      response.write(chunk({ role: "assistant", content: "" }) + chunk({ content: "Hi" }));
      open.push(() => (how === "ends" ? response.end(chunk({}, "stop") + DONE) : response.destroy()));
    },
  );
  const leaving = new AbortController();
  const stream = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...as("ada") },
      body: JSON.stringify(ASK_STREAM),
      ...(signal === undefined ? {} : { signal }),
    });
  const first = await stream(leaving.signal);
  await stream();
  const refused = await stream();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  expect((await gateway.post(ASK, as("ada"))).status).toBe(200);
  if (how === "leaves") leaving.abort();
  else open[0]?.();
  await until(async () => (await stream()).status === 200);
  await first.body?.cancel().catch(() => {});
});

test("dry runs count in no limit", async () => {
  const { gateway } = await start({ keys: key("ada", { limits: { requestsPerMinute: 1 } }) });
  for (let i = 0; i < 3; i++)
    expect((await gateway.post(ASK, { ...as("ada"), "x-crossover-dry-run": "true" })).status).toBe(200);
  expect((await gateway.post(ASK, as("ada"))).status).toBe(200);
});

test("a reload changes a limit, and forgets nothing of what was taken", async () => {
  const { upstream, gateway } = await start({ keys: key("ada", { limits: { requestsPerMinute: 2 } }) });
  const asked = async (): Promise<number> => (await gateway.post(ASK, as("ada"))).status;
  expect([await asked(), await asked(), await asked()]).toEqual([200, 200, 429]);
  gateway.write(twoPaths(upstream.url, { keys: key("ada", { limits: { requestsPerMinute: 3 } }) }));
  gateway.reload();
  expect([await asked(), await asked()]).toEqual([200, 429]);
});

test("a created key has limits of its own, and a budget without a price is told", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      server: { port: 0, adminToken: "admin-token" },
      models: { base: { provider: "up", model: "a" }, ft: { provider: "up", model: "b" } },
    }),
  );
  const create = async (name: string, limits: object): Promise<string> => {
    const answer = await fetch(`${gateway.url}/admin/api/keys`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer admin-token" },
      body: JSON.stringify({ name, limits }),
    });
    const created = await answer.json();
    expect(created.limits).toMatchObject(limits);
    return created.secret;
  };
  const ask = (secret: string): Promise<Response> => gateway.post(ASK, { authorization: `Bearer ${secret}` });
  const rated = await create("rated", { requests_per_minute: 1 });
  expect([(await ask(rated)).status, (await ask(rated)).status]).toEqual([200, 429]);
  const answer = await ask(await create("budgeted", { usd_per_month: 1 }));
  expect(answer.headers.get("x-should-retry")).toBe("false");
  await expectRefused(answer, { status: 503, type: "server_error", code: "price_missing", param: null });
  expect(upstream.received).toHaveLength(1);
});

test.each([
  ["n", -5],
  ["n", 0],
  ["n", 1_000_000],
  ["max_tokens", -1e9],
  ["max_tokens", "9"],
  ["max_tokens", []],
  ["max_completion_tokens", 0.5],
])("where a limit reckons with %s, it can't be %j", async (member, value) => {
  const { upstream, gateway } = await start({ keys: key("ada", { limits: { tokensPerMinute: 5000 } }) });
  const answer = await gateway.post({ ...ASK, [member]: value }, as("ada"));
  await expectRefused(answer, {
    status: 400,
    type: "invalid_request_error",
    code: "invalid_value",
    param: member,
  });
  expect(upstream.received).toEqual([]);
  expect((await gateway.post(ASK, as("ada"))).headers.get("x-ratelimit-remaining-tokens")).not.toBe("0");
});
