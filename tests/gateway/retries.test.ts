import { expect, test } from "vitest";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

/** A gateway with the retries that are the default. */
function startRetrying(
  upstreamUrl: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestGateway> {
  return startGateway(twoPaths(upstreamUrl, { retries: undefined, ...more }));
}

const error =
  (status: number, headers: Record<string, string> = {}): Respond =>
  (_received, response) =>
    sendJson(response, { error: { message: "no", type: "t", param: null, code: "c" } }, status, headers);

/** Answers the calls in this order, and all later ones well. */
function inTurn(...responds: Respond[]): Respond {
  return (received, response) => (responds.shift() ?? respondWell)(received, response);
}

const respondWell: Respond = (received, response) =>
  received.body["stream"] === true
    ? respondStream(["Hello"])(received, response)
    : sendJson(response, completion("ok"));
const page: Respond = (_received, response) =>
  void response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad");
const brokenEarly: Respond = (_received, response) => {
  startStream(response);
  response.write(chunk({ role: "assistant", content: "" }), () => response.destroy());
};

test.each([
  ["500", error(500), "server_error"],
  ["502", error(502), "server_error"],
  ["503", error(503), "server_error"],
  ["529", error(529), "server_error"],
  ["408", error(408), "server_error"],
  ["429", error(429), "rate_limited"],
  ["a page of HTML with a 502", page, "bad_response"],
  ["a broken connection", ((_received, response) => void response.destroy()) as Respond, "interrupted"],
])(
  "after %s the same model is asked again, and the client sees one clean answer",
  async (_name, respond, outcome) => {
    for (const request of [ASK, ASK_STREAM]) {
      const upstream = await startUpstream(inTurn(respond));
      const gateway = await startRetrying(upstream.url);
      const answer = await gateway.post(request);
      expect([answer.status, answer.headers.get("x-crossover-attempts")]).toEqual([200, "2"]);
      expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
      await answer.text();
      const [first, second] = upstream.received;
      expect(second?.text).toBe(first?.text);
      expect(upstream.received).toHaveLength(2);
      const attempts = (more: Record<string, string>): Promise<number> =>
        gateway.metric("crossover_upstream_attempts_total", { variant: "tuned", ...more });
      expect([await attempts({ outcome }), await attempts({ outcome: "success" })]).toEqual([1, 1]);
      expect(await gateway.metric("crossover_retries_total", { model: "ft", provider: "up" })).toBe(1);
      expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(1);
      expect(await gateway.metric("crossover_fallbacks_total")).toBe(0);
      await expectCalm(gateway);
    }
  },
);

test("a stream that breaks before its first content is asked for again, and nothing of it is told", async () => {
  const upstream = await startUpstream(inTurn(brokenEarly));
  const gateway = await startRetrying(upstream.url);
  const text = await (await gateway.post(ASK_STREAM)).text();
  expect(text.match(/"role":"assistant"/g)).toHaveLength(1);
  expect(text).toContain("[DONE]");
});

test("each attempt stands in the log, with what comes next", async () => {
  const upstream = await startUpstream(inTurn(error(500), error(503)));
  const gateway = await startRetrying(upstream.url);
  await gateway.post(ASK);
  const lines = gateway.logs
    .filter(({ message }) => message === "attempt failed")
    .map(({ fields }) => fields);
  expect(lines).toMatchObject([
    { attempt: 1, variant: "tuned", model: "ft", outcome: "server_error", upstream_status: 500 },
    { attempt: 2, variant: "tuned", model: "ft", outcome: "server_error", upstream_status: 503 },
  ]);
  for (const line of lines) expect(line["retry_in_ms"]).toBeTypeOf("number");
  await until(() => gateway.logs.at(-1)?.fields["attempts"] === 3);
});

test("when the retries are spent the client hears the last error, and not to multiply them", async () => {
  const upstream = await startUpstream(error(500));
  const gateway = await startRetrying(upstream.url);
  const client = gateway.client.withOptions({ maxRetries: 2 });
  const thrown = await client.chat.completions
    .create({ model: "bare", messages: [{ role: "user", content: "Hi" }] })
    .catch((cause: unknown) => cause);
  expect(thrown).toMatchObject({ status: 500, code: "c" });
  expect(upstream.received).toHaveLength(3);
  const answer = await gateway.post(ASK);
  expect([answer.headers.get("x-should-retry"), answer.headers.get("x-crossover-attempts")]).toEqual([
    "false",
    "3",
  ]);
});

test.each([429, 503])("a %d that stays is temporary: a client may try again later", async (status) => {
  const upstream = await startUpstream(error(status));
  const gateway = await startRetrying(upstream.url);
  const answer = await gateway.post(ASK);
  expect([answer.status, answer.headers.get("x-should-retry")]).toEqual([status, null]);
  expect(upstream.received).toHaveLength(3);
});

test.each([
  ["a 401", error(401), 502],
  ["a 404", error(404), 404],
  [
    "a spent quota",
    ((_received, response) =>
      sendJson(
        response,
        {
          error: { message: "no money", type: "insufficient_quota", param: null, code: "insufficient_quota" },
        },
        429,
      )) as Respond,
    429,
  ],
  ["an answer that is no JSON", ((_received, response) => void response.end("<html>")) as Respond, 502],
  ["an upstream that says so", error(500, { "x-should-retry": "false" }), 500],
])("%s is not asked again", async (_name, respond, status) => {
  const upstream = await startUpstream(respond);
  const gateway = await startRetrying(upstream.url);
  expect((await gateway.post(ASK)).status).toBe(status);
  expect(upstream.received).toHaveLength(1);
});

test("a variant with a fallback is not asked again: the fallback is, and that is tried again itself", async () => {
  const upstream = await startUpstream((received, response) => {
    const calls = upstream.received.filter(({ body }) => body["model"] === received.body["model"]).length;
    if (received.body["model"] === "base-model" && calls > 1) return sendJson(response, completion("ok"));
    return error(500)(received, response);
  });
  const gateway = await startRetrying(upstream.url, {
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft", fallback: ["prompted"] },
    },
  });
  const answer = await gateway.post(ASK);
  expect([
    answer.status,
    answer.headers.get("x-crossover-variant"),
    answer.headers.get("x-crossover-attempts"),
  ]).toEqual([200, "prompted", "3"]);
  expect(upstream.received.map(({ body }) => body["model"])).toEqual([
    "base-model-tuned",
    "base-model",
    "base-model",
  ]);
});

test("a client that leaves while the gateway waits ends the request: nobody is called any more", async () => {
  const upstream = await startUpstream(error(429, { "retry-after": "3" }));
  const gateway = await startRetrying(upstream.url);
  const leaving = new AbortController();
  const asked = fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ASK),
    signal: leaving.signal,
  }).catch(() => "left");
  await until(() => gateway.logs.some(({ message }) => message === "attempt failed"));
  leaving.abort();
  expect(await asked).toBe("left");
  await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  expect(upstream.received).toHaveLength(1);
  await expectCalm(gateway);
});

test("a request that waits for a retry when the time to drain is over hears that the gateway stops", async () => {
  const upstream = await startUpstream(error(429, { "retry-after": "3" }));
  const gateway = await startRetrying(upstream.url);
  const asked = gateway.post(ASK);
  await until(() => gateway.logs.some(({ message }) => message === "attempt failed"));
  await gateway.close(0);
  expect((await (await asked).json()).error.code).toBe("gateway_draining");
  expect(upstream.received).toHaveLength(1);
});

test("a model that asked to be left alone is: others wait for it, and none hears of it", async () => {
  const upstream = await startUpstream(inTurn(error(429, { "retry-after": "1" })));
  const gateway = await startRetrying(upstream.url);
  const first = gateway.post(ASK);
  await until(() => gateway.logs.some(({ message }) => message === "attempt failed"));
  const others = Array.from({ length: 20 }, () => gateway.post(ASK));
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 21);
  expect(upstream.received).toHaveLength(1);
  const answers = await Promise.all([first, ...others]);
  expect(answers.map(({ status }) => status)).toEqual(new Array(21).fill(200));
  expect(answers[1]?.headers.get("x-crossover-attempts")).toBeNull();
  expect(await gateway.metric("crossover_upstream_attempts_total")).toBe(22);
});

test("a wait longer than the deadline is told at once, to all who come meanwhile", async () => {
  const upstream = await startUpstream(error(429, { "retry-after": "40" }));
  const gateway = await startRetrying(upstream.url);
  const first = await gateway.post(ASK);
  expect([first.status, first.headers.get("retry-after"), (await first.json()).error.code]).toEqual([
    429,
    "40",
    "c",
  ]);
  const second = await gateway.post(ASK);
  const { error: refused } = await second.json();
  expect([second.status, refused.type, refused.code]).toEqual([429, "requests", "rate_limit_exceeded"]);
  expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(35);
  expect(upstream.received).toHaveLength(1);
});

test("of many requests to a model that fails, retries are at most ten or a fifth", async () => {
  const upstream = await startUpstream(error(500));
  const gateway = await startRetrying(upstream.url, { breaker: false });
  await Promise.all(Array.from({ length: 100 }, () => gateway.post(ASK).then((answer) => answer.text())));
  expect(upstream.received.length).toBeLessThanOrEqual(120);
  expect(await gateway.metric("crossover_retries_total")).toBe(upstream.received.length - 100);
});

test("what is left of a wait is told to the millisecond", async () => {
  const upstream = await startUpstream(error(429, { "retry-after-ms": "30000" }));
  const gateway = await startRetrying(upstream.url);
  await (await gateway.post(ASK)).text();
  const second = await gateway.post(ASK);
  const [ms, seconds] = ["retry-after-ms", "retry-after"].map((name) => Number(second.headers.get(name)));
  expect(ms).toBeLessThanOrEqual(30_000);
  expect(seconds).toBe(Math.ceil((ms ?? 0) / 1000));
});
