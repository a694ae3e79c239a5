import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { sendJson, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM, expectCounted, expectFailure } from "./failing.ts";

const SECRET = "sk-upstream-secret-0001";
const openaiError = (
  message = "no",
  type = "some_type",
  code: string | null = "some_code",
  param: string | null = "x",
) => ({
  error: { message, type, param, code },
});

test.each([400, 404, 405, 413, 415, 418, 422, 424, 451, 499])(
  "an upstream's %d is the client's to hear: body and status as they came, and no second call",
  async (status) => {
    const body = JSON.stringify({ ...openaiError(), more: [1.0, "ü"] }, null, 2);
    const upstream = await startUpstream((_received, response) =>
      sendJson(response, body, status, { "x-request-id": "req_up_1", server: "secret-host/1.0" }),
    );
    const gateway = await startGateway(twoPaths(upstream.url));
    for (const request of [ASK, ASK_STREAM]) {
      const answer = await gateway.post(request);
      expect([answer.status, await answer.text()]).toEqual([status, body]);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("x-request-id")).toMatch(/^cx_/);
      expect(answer.headers.get("x-crossover-upstream-request-id")).toBe("req_up_1");
      expect(answer.headers.get("server")).toBeNull();
      expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
    }
    expect(upstream.received.length).toBe(2);
    expect(await gateway.metric("crossover_requests_total", { status: String(status) })).toBe(2);
    expect(await gateway.metric("crossover_upstream_attempts_total", { outcome: "client_error" })).toBe(2);
    await expectCalm(gateway);
  },
);

test.each([401, 403])("an upstream's %d is about our key, which the client never sees", async (status) => {
  const upstream = await startUpstream((received, response) =>
    sendJson(response, openaiError(`Bad key: ${received.headers.authorization}`), status, {
      "www-authenticate": `Bearer ${SECRET}`,
    }),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  const text = await answer.clone().text();
  await expectRefused(answer, {
    status: 502,
    type: "server_error",
    code: "upstream_auth_failed",
    param: null,
  });
  expect(upstream.received[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
  expect(`${text}${JSON.stringify([...answer.headers, gateway.logs])}`).not.toMatch(/secret-0001|Bad key/);
  expect(answer.headers.get("www-authenticate")).toBeNull();
  await expectCounted(gateway, { status: 502, outcome: "auth_failed" });
  await expectCalm(gateway);
});

test.each([
  [408, "server_error"],
  [409, "server_error"],
  [429, "rate_limited"],
  [500, "server_error"],
  [502, "server_error"],
  [503, "server_error"],
  [529, "server_error"],
])("an upstream's %d is relayed with its error and its hints about trying again", async (status, outcome) => {
  const hints = {
    "retry-after": "7",
    "retry-after-ms": "7000",
    "x-should-retry": "true",
    "x-ratelimit-remaining-tokens": "0",
    "set-cookie": "a=b",
    "x-internal": "hidden",
  };
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, openaiError(), status, hints),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.json()]).toEqual([status, openaiError()]);
  expect(Object.keys(hints).map((name) => answer.headers.get(name))).toEqual([
    "7",
    "7000",
    "true",
    "0",
    null,
    null,
  ]);
  expect(upstream.received.length).toBe(1);
  await expectCounted(gateway, { status, outcome });
  await expectCalm(gateway);
});

test.each([500, 502, 503, 504, 529])(
  "a %d with a page of HTML becomes a 502 that says nothing of it but when to try again",
  async (status) => {
    const upstream = await startUpstream((_received, response) => {
      response.writeHead(status, { "content-type": "text/html", "retry-after": "3" });
      response.end("<html><h1>nginx/1.22.1 at 10.1.2.3</h1></html>");
    });
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK);
    expect(answer.headers.get("retry-after")).toBe("3");
    const text = await answer.text();
    expect(text).not.toMatch(/html|nginx|10\.1/);
    expect(JSON.parse(text).error.code).toBe("upstream_bad_response");
    await expectCounted(gateway, { status: 502, outcome: "bad_response" });
  },
);

test.each([
  [400, "<html>Bad Request at 10.1.2.3</html>", "invalid_request_error", null],
  [429, "<html>slow down</html>", "requests", "rate_limit_exceeded"],
  [404, "", "invalid_request_error", null],
])(
  "a %d without a readable error keeps its status and gets an error of ours",
  async (status, body, type, code) => {
    const upstream = await startUpstream((_received, response) => {
      response.writeHead(status, { "content-type": "text/html" });
      response.end(body);
    });
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { error: { message: expect.stringContaining(String(status)), type, param: null, code } },
    ]);
    await expectCalm(gateway);
  },
);

test.each([
  ["text", { error: "model overloaded" }, "model overloaded"],
  ["detail", { detail: "model overloaded" }, "model overloaded"],
  ["message", { message: "model overloaded", code: 7 }, "model overloaded"],
  ["TGI", { error: "Input validation error", error_type: "validation" }, "Input validation error"],
])("an error of another shape is put into OpenAI's: %s", async (_name, body, message) => {
  for (const [status, type, code] of [
    [400, "invalid_request_error", null],
    [422, "invalid_request_error", null],
    [429, "requests", "rate_limit_exceeded"],
    [503, "server_error", null],
  ] as const) {
    const upstream = await startUpstream((_received, response) => sendJson(response, body, status));
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK);
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { error: { message, type, param: null, code } },
    ]);
    await expectCalm(gateway);
  }
});

test("FastAPI's list of details is told in words", async () => {
  const body = {
    detail: [{ loc: ["body", "messages"], msg: "field required", type: "value_error.missing" }],
  };
  const upstream = await startUpstream((_received, response) => sendJson(response, body, 422));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect(answer.status).toBe(422);
  expect((await answer.json()).error).toMatchObject({
    type: "invalid_request_error",
    message: "body.messages: field required",
  });
});

test.each([400, 429, 500])("secrets in a relayed %d are blacked out", async (status) => {
  const said = `key ${SECRET}, Bearer ${SECRET}, url ?key=${SECRET}, and sk-other-Secret_123456`;
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, openaiError(said), status),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  const text = await answer.text();
  expect(answer.status).toBe(status);
  expect(JSON.parse(text).error.message).toBe(
    "key [redacted:secret], Bearer [redacted:secret], url ?key=[redacted:secret], and [redacted:api-key]",
  );
  expect(JSON.stringify(gateway.logs)).not.toContain(SECRET);
});

test("the address of the model's server is blacked out of its errors", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, openaiError(`no model at ${upstream.url}/v1/chat`), 404),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const { error } = await (await gateway.post(ASK)).json();
  expect(error.message).toBe("no model at http://[redacted:secret]/v1/chat");
});

test.each([300, 301, 302, 303, 307, 308])("a %d is not followed", async (status) => {
  const target = await startUpstream();
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(status, { location: `${target.url}/v1/chat/completions` });
    response.end();
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, { status: 502, code: "upstream_bad_response", outcome: "bad_response" });
  expect([upstream.received.length, target.received.length]).toEqual([1, 0]);
});

test.each([
  ["nothing", "application/json", ""],
  ["garbage", "application/json", "\u0000\u0001garbage"],
  ["a page", "text/html", "<html>Sign in</html>"],
  ["half of an object", "application/json", '{"id":"chatcmpl-1","choices":['],
  ["a list", "application/json", "[]"],
  ["text", "application/json", '"ok"'],
  ["null", "application/json", "null"],
  ["a stream under another name", "text/plain", 'data: {"choices":[]}\n\n'],
])("a 200 with %s becomes a 502", async (_name, contentType, body) => {
  for (const request of [ASK, ASK_STREAM]) {
    const upstream = await startUpstream((_received, response) => {
      response.writeHead(200, { "content-type": contentType });
      response.end(body);
    });
    const gateway = await startGateway(twoPaths(upstream.url));
    await expectFailure(
      gateway,
      { status: 502, code: "upstream_bad_response", outcome: "bad_response" },
      request,
    );
  }
});

test("a 204 becomes a 502", async () => {
  const upstream = await startUpstream((_received, response) => void response.writeHead(204).end());
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, { status: 502, code: "upstream_bad_response", outcome: "bad_response" });
});

test("an answer of exactly the largest size passes, a larger one becomes a 502 and is not read to its end", async () => {
  const limit = 20_000;
  const answerOf = (bytes: number): string => `{"pad":"${"a".repeat(bytes - 10)}"}`;
  const upstream = await startUpstream((_received, response) => sendJson(response, answerOf(limit)));
  const gateway = await startGateway(
    twoPaths(upstream.url, { server: { port: 0, maxResponseBytes: limit } }),
  );
  expect((await gateway.post({ ...ASK, model: "enriched" })).status).toBe(200);
  upstream.respond((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(answerOf(limit + 1)); // and never ends
  });
  await expectFailure(gateway, { status: 502, code: "upstream_response_too_large", outcome: "bad_response" });
  await until(() => upstream.received[1]?.aborted());
});
