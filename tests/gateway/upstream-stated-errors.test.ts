import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  event,
  sendJson,
  startStream,
  startUpstream,
  usageChunk,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM, eventsOf, expectCounted } from "./failing.ts";
import { askStream, counted, respondPieces } from "./streaming.ts";

const BEGUN = chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" });

/** Errors that upstreams state under a 200, and what the client is to get of them. */
const stated: readonly (readonly [string, object, object])[] = [
  [
    "OpenAI's shape with usage",
    { error: { message: "bad", type: "server_error", param: null, code: null }, usage: { prompt_tokens: 3 } },
    { message: "bad", type: "server_error", param: null, code: null },
  ],
  [
    "TGI's text",
    { error: "generation failed", error_type: "generation" },
    { message: "generation failed", type: "server_error", param: null, code: null },
  ],
  [
    "vLLM's object",
    { object: "error", message: "bad thing", type: "InternalServerError", param: null, code: 500 },
    { message: "bad thing", type: "InternalServerError", param: null, code: "500" },
  ],
  [
    "members that are missing or of another type",
    { error: { message: "bad", code: 500, status: 500, inner: [1] } },
    { message: "bad", type: "server_error", param: null, code: "500", status: 500, inner: [1] },
  ],
];

test.each(stated)(
  "a stated error in a stream ends it and counts as an error: %s",
  async (_name, said, told) => {
    const upstream = await startUpstream(
      respondPieces([BEGUN, event(said), chunk({}, "stop"), usageChunk(), DONE]),
    );
    const gateway = await startGateway(twoPaths(upstream.url));
    const text = await (await gateway.post(askStream())).text();
    expect(eventsOf(text).at(-1)).toMatchObject({ error: told });
    expect(text).not.toContain("[DONE]");
    expect(await counted(gateway, 502, "interrupted")).toEqual([1, 1]);
    await expectCalm(gateway);
  },
);

test.each(stated)(
  "a stated error at the head of a stream is an answer of its own: %s",
  async (_name, said, told) => {
    const upstream = await startUpstream(respondPieces([event(said), DONE]));
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK_STREAM);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await answer.json()).toEqual({ error: told });
  },
);

test.each(stated)("a stated error as a whole answer of 200 is an error: %s", async (_name, said, told) => {
  const upstream = await startUpstream((_received, response) => sendJson(response, said));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(await answer.json()).toEqual({ error: told });
  await expectCounted(gateway, { status: answer.status, outcome: "server_error" });
});

test("an error that says nothing, in an answer or an event, is none", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const error of [null, "", {}, { code: 0, message: "" }]) {
    upstream.respond((_received, response) =>
      sendJson(response, { ...JSON.parse(JSON.stringify(completion("Hello"))), error }),
    );
    expect((await gateway.post(ASK)).status).toBe(200);
  }
  const events = `data: {"error":null,"choices":[{"index":0,"delta":{"content":"say \\"error\\""},"finish_reason":"stop"}]}\n\n${DONE}`;
  upstream.respond(respondPieces([events]));
  expect(await (await gateway.post(ASK_STREAM)).text()).toBe(events);
});

test.each([ASK, ASK_STREAM])(
  "a fault of the client's that is stated under 200 goes to no other variant",
  async (ask) => {
    const said = {
      error: {
        message: "too long",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    };
    const upstream = await startUpstream((received, response) =>
      received.body["stream"] === true
        ? respondPieces([event(said)])(received, response)
        : sendJson(response, said),
    );
    const gateway = await startGateway(
      twoPaths(upstream.url, {
        variants: {
          prompted: { model: "base", prompt: "helper" },
          tuned: { model: "ft", fallback: ["prompted"] },
        },
      }),
    );
    const answer = await gateway.post(ask);
    expect([answer.status, await answer.json()]).toEqual([400, said]);
    expect(upstream.received).toHaveLength(1);
    await expectCounted(gateway, { status: 400, outcome: "client_error" });
  },
);

test.each([
  [
    { message: "bad", type: "BadRequestError", code: 400 },
    { type: "BadRequestError", param: null, code: "400" },
  ],
  [
    { message: "bad", param: 7 },
    { type: "invalid_request_error", param: null, code: null },
  ],
  [
    { message: "filtered", code: "content_filter", innererror: { code: "ResponsibleAIPolicyViolation" } },
    {
      type: "invalid_request_error",
      param: null,
      code: "content_filter",
      innererror: { code: "ResponsibleAIPolicyViolation" },
    },
  ],
])("a relayed error has all four members, each of its type: %j", async (error, told) => {
  const upstream = await startUpstream((_received, response) => sendJson(response, { error }, 400));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.json()]).toEqual([400, { error: { message: error.message, ...told } }]);
});

test("an error as the one item of a list is taken out of it", async () => {
  const error = { message: "quota", type: "tokens", param: null, code: "429" };
  const upstream = await startUpstream((_received, response) => sendJson(response, [{ error }], 429));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.json()]).toEqual([429, { error }]);
});

test("TGI's word for what the client got wrong makes it a 422", async () => {
  const upstream = await startUpstream(
    respondPieces([event({ error: "inputs too long", error_type: "validation" })]),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  expect((await gateway.post(ASK_STREAM)).status).toBe(502);
  upstream.respond(
    respondPieces([
      event({ error: { message: "inputs too long", type: "validation", param: null, code: null } }),
    ]),
  );
  expect((await gateway.post(ASK_STREAM)).status).toBe(422);
});

test("an error stated under a 200 keeps the upstream's hint when to try again", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, { error: { message: "busy", type: "requests", param: null, code: "429" } }, 200, {
      "retry-after": "7",
      "x-request-id": "up-1",
    }),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const { status, headers } = await gateway.post(ASK);
  expect([status, headers.get("retry-after"), headers.get("x-crossover-upstream-request-id")]).toEqual([
    429,
    "7",
    "up-1",
  ]);
});

test("events for a client that asked for none are a bad answer", async () => {
  const upstream = await startUpstream(respondPieces([BEGUN, chunk({}, "stop"), DONE]));
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectRefused(await gateway.post(ASK), {
    status: 502,
    type: "server_error",
    code: "upstream_bad_response",
  });
  await expectCounted(gateway, { status: 502, outcome: "bad_response" });
});

test.each([
  ["JSON's escapes", (key: string) => key.replaceAll("/", "\\/")],
  ["JSON's code points", (key: string) => key.replace("B", "\\u0042")],
])("the gateway's own key is blacked out also in %s", async (_name, escaped) => {
  const key = "Basic dXNlcjpw/YXNz";
  const config = (url: string): Record<string, unknown> => ({
    ...twoPaths(url),
    providers: { up: { kind: "openai-compatible", baseURL: `${url}/v1`, headers: { authorization: key } } },
  });
  const exact = `{"error":{"message":"no such user: ${escaped(key)}","type":"t","param":null,"code":null}}`;
  for (const body of [exact, `{"error":"no such user: ${escaped(key)}"}`]) {
    const upstream = await startUpstream((_received, response) => sendJson(response, body, 400));
    const gateway = await startGateway(config(upstream.url));
    const whole = await gateway.post(ASK);
    expect((await whole.json()).error.message).toBe("no such user: [redacted:secret]");
    upstream.respond(respondPieces([BEGUN, `data: ${body}\n\n`]));
    const events = eventsOf(await (await gateway.post(ASK_STREAM)).text());
    expect(events.at(-1)).toMatchObject({ error: { message: "no such user: [redacted:secret]" } });
  }
});

test("an upstream that sends a long text of a client's back does not hold up the others", async () => {
  const message = "sk-".repeat(1_000_000);
  const body = { error: { message, type: "invalid_request_error", param: null, code: null } };
  const upstream = await startUpstream((_received, response) => sendJson(response, body, 400));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(ASK)).json()).toEqual(body);
});

test("ordinary words in a relayed error stay as they are", async () => {
  const message =
    "Model not supported by provider hf-inference, see api-inference.huggingface.co; use api-version=2024-10-21 or sk-learn-compatible-names";
  const body = { error: { message, type: "invalid_request_error", param: null, code: null } };
  const upstream = await startUpstream((_received, response) => sendJson(response, body, 400));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(ASK)).json()).toEqual(body);
});

test.each(["stop", "cut"])(
  "an event too long to hold that ends the answer is read as such: %s",
  async (how) => {
    const pad = "x".repeat(400_000);
    const long = chunk({ content: pad }, how === "stop" ? "stop" : null);
    for (const pieces of [[long], [long.slice(0, -30), long.slice(-30)]]) {
      const upstream = await startUpstream(respondPieces(pieces));
      const gateway = await startGateway(twoPaths(upstream.url));
      const text = await (await gateway.post(askStream())).text();
      expect(text === long).toBe(how === "stop");
      expect(await counted(gateway, 200, "success")).toEqual(how === "stop" ? [1, 1] : [0, 0]);
      expect(await gateway.metric("crossover_time_to_first_token_seconds_count")).toBe(1);
    }
  },
);

test("an error event too long to hold ends the stream, and nothing of it passes", async () => {
  const long = event({
    error: { message: "x".repeat(300_000), type: "server_error", param: null, code: null },
  });
  for (const pieces of [[long.slice(0, 100_000), long.slice(100_000)], [long]]) {
    const upstream = await startUpstream(respondPieces([BEGUN, ...pieces, DONE]));
    const gateway = await startGateway(twoPaths(upstream.url));
    const text = await (await gateway.post(askStream())).text();
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { type: "server_error" } });
    expect(text).not.toContain("[DONE]");
    expect(await counted(gateway, 502, "interrupted")).toEqual([1, 1]);
  }
});

test("each of several answers may finish in an event too long to hold", async () => {
  const finished = (index: number): string =>
    event({ choices: [{ index, delta: { content: "x".repeat(200_000) }, finish_reason: "stop" }] });
  const upstream = await startUpstream(respondPieces([finished(0), finished(1)]));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream("bare", { n: 2 }))).text()).toBe(finished(0) + finished(1));
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

test("the client's own mistake, stated in a stream that does not end, leaves no call open", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(event({ error: { message: "bad", type: "invalid_request_error", code: "x" } }));
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK_STREAM);
  expect([answer.status, (await answer.json()).error.code]).toEqual([400, "x"]);
  await until(() => upstream.received[0]?.aborted());
});
