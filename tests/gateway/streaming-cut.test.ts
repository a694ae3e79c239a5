import type { Socket } from "node:net";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  DONE,
  event,
  startRawUpstream,
  startStream,
  startUpstream,
  usageChunk,
} from "../support/upstream.ts";
import { cut } from "../transport/transcripts.ts";
import { eventsOf, expectErrorEvent } from "./failing.ts";
import { askStream, counted, respondPieces, StreamReader } from "./streaming.ts";

const ROLE = chunk({ role: "assistant", content: "" });
const BEGUN = ROLE + Array.from({ length: 40 }, (_unused, index) => chunk({ content: `${index} ` })).join("");
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

const chunked = (bytes: string): string => `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`;

/** How an upstream's connection ends once the client has what was sent. */
const ends: readonly (readonly [string, (text: string) => string, (socket: Socket) => void])[] = [
  [
    "a FIN, well framed",
    (text) => `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(text)}`,
    (socket) => void socket.end("0\r\n\r\n"),
  ],
  ["a FIN, no length", (text) => `${HEAD}connection: close\r\n\r\n${text}`, (socket) => void socket.end()],
  [
    "a FIN within the length",
    (text) => `${HEAD}content-length: 999999\r\n\r\n${text}`,
    (socket) => void socket.end(),
  ],
  [
    "a reset",
    (text) => `${HEAD}transfer-encoding: chunked\r\n\r\n${chunked(text)}`,
    (socket) => void socket.resetAndDestroy(),
  ],
];

test.each(ends)(
  "a stream that is cut ends in an error event and counts as an error: %s",
  async (_name, frame, end) => {
    for (const partial of ["", 'data: {"choices":[{"delta":{"content":"ha', "data", "data: [DON", "\r"]) {
      let socket: Socket | undefined;
      const upstream = await startRawUpstream((one) => {
        socket = one;
        one.write(frame(BEGUN + partial));
      });
      const gateway = await startGateway(twoPaths(upstream.url));
      const reader = new StreamReader(await gateway.post(askStream()));
      await reader.untilHas(chunk({ content: "39 " }));
      if (socket !== undefined) end(socket);
      const text = await reader.rest();
      expect(text.startsWith(BEGUN)).toBe(true);
      expectErrorEvent(text.replace("\r", ""), "upstream_stream_interrupted");
      expect(eventsOf(text.replace("\r", ""))).toHaveLength(42);
      expect(await counted(gateway, 502, "interrupted")).toEqual([1, 1]);
      expect(await counted(gateway, 200, "success")).toEqual([0, 0]);
      await expectCalm(gateway);
    }
  },
);

test("the official SDK raises an error for a cut stream, after all that came", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(BEGUN, () => response.destroy());
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const stream = await gateway.client.chat.completions.create({
    model: "bare",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  let said = "";
  await expect(async () => {
    for await (const { choices } of stream) said += choices[0]?.delta.content ?? "";
  }).rejects.toSatisfy(
    (error) => error instanceof OpenAI.APIError && error.code === "upstream_stream_interrupted",
  );
  expect(said.trim().split(" ")).toHaveLength(40);
});

test("a cut in an event too long to hold still ends in a readable error event", async () => {
  const long = chunk({ content: "x".repeat(200_000) });
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(BEGUN + long.slice(0, -50), () => setImmediate(() => response.destroy()));
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const text = await (await gateway.post(askStream())).text();
  const last = text.split("\n\n").at(-2) ?? "";
  expect(last.slice(0, 6)).toBe("data: ");
  expect(JSON.parse(last.slice(6)).error.code).toBe("upstream_stream_interrupted");
  expect(await counted(gateway, 502, "interrupted")).toEqual([1, 1]);
});

test.each(ends.slice(2))(
  "a connection that breaks after [DONE] takes nothing from the answer: %s",
  async (_name, frame, end) => {
    const whole = `${BEGUN}${chunk({}, "stop")}${DONE}`;
    let socket: Socket | undefined;
    const upstream = await startRawUpstream((one) => {
      socket = one;
      one.write(frame(whole));
    });
    const gateway = await startGateway(twoPaths(upstream.url));
    const reader = new StreamReader(await gateway.post(askStream()));
    await reader.untilHas(DONE);
    if (socket !== undefined) end(socket);
    expect(await reader.rest()).toBe(whole);
    expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
  },
);

test("an upstream that keeps the connection open after [DONE] is let go in the end", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(BEGUN + chunk({}, "stop") + DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { idle: 0.3 } }));
  expect((await (await gateway.post(askStream())).text()).endsWith(DONE)).toBe(true);
  await until(() => upstream.received[0]?.aborted());
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

test("a cut after the finish reason but before [DONE], by a reset, is told", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(BEGUN + chunk({}, "stop"), () => setImmediate(() => response.destroy()));
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  expectErrorEvent(await (await gateway.post(askStream())).text(), "upstream_stream_interrupted");
});

const upstreamError = (more: Readonly<Record<string, unknown>>): string =>
  event({ error: { message: "Slow down", type: "some_type", param: null, code: null, ...more } });

test.each([
  ["code 429", { code: "429" }, 429, "rate_limited"],
  ["status 503", { status: 503 }, 503, "server_error"],
  ["a code as text", { code: "400" }, 400, "client_error"],
  ["type tokens", { type: "tokens", code: "rate_limit_exceeded" }, 429, "rate_limited"],
  ["type invalid_request_error", { type: "invalid_request_error" }, 400, "client_error"],
  ["neither", {}, 502, "server_error"],
])(
  "an error event at the head of a stream becomes a plain answer: %s",
  async (_name, more, status, outcome) => {
    for (const before of ["", ": ping\n\n", ROLE]) {
      const upstream = await startUpstream(
        respondPieces([before, upstreamError(more), DONE].filter(Boolean)),
      );
      const gateway = await startGateway(twoPaths(upstream.url));
      const answer = await gateway.post(askStream());
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect([answer.status, await answer.json()]).toEqual([
        status,
        { error: { message: "Slow down", type: "some_type", param: null, code: null, ...more } },
      ]);
      expect(await counted(gateway, status, outcome)).toEqual([1, 1]);
      await expectCalm(gateway);
    }
  },
);

test("an error event about the gateway's own key becomes its 502", async () => {
  const upstream = await startUpstream(respondPieces([upstreamError({ code: 401 })]));
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectRefused(await gateway.post(askStream()), {
    status: 502,
    type: "server_error",
    code: "upstream_auth_failed",
  });
});

test("a later error event is relayed, nothing comes after it, and it counts as an error", async () => {
  const error = upstreamError({ type: "server_error", code: "overloaded" });
  const sent = BEGUN + error;
  for (const size of [1, 7, 100, 1_000_000]) {
    const upstream = await startUpstream(
      respondPieces(cut(Buffer.from(sent + chunk({ content: "more" }) + usageChunk() + DONE), [size])),
    );
    const gateway = await startGateway(twoPaths(upstream.url));
    expect(await (await gateway.post(askStream())).text()).toBe(sent);
    expect(await counted(gateway, 502, "interrupted")).toEqual([1, 1]);
    await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
  }
});

test("an upstream is not read on after its error event", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(BEGUN + upstreamError({}));
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream())).text()).toBe(BEGUN + upstreamError({}));
  await until(() => upstream.received[0]?.aborted());
});

test("malformed JSON in an event passes as it is, and the stream goes on", async () => {
  const sent = `${BEGUN}data: {"choices":[\n\ndata: {"error":{"message"\n\ndata: {"usage":{\n\ndata: {"choices":7,"finish_reason":"x"}\n\n${chunk({}, "stop")}${DONE}`;
  const upstream = await startUpstream(respondPieces([sent]));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream())).text()).toBe(sent);
  await expectCalm(gateway);
});

test("what an upstream had reported of its usage is counted for a cut stream too", async () => {
  const running = event({
    choices: [{ index: 0, delta: { content: "x" } }],
    usage: { prompt_tokens: 30, completion_tokens: 4 },
  });
  const upstream = await startUpstream(respondPieces([running]));
  const gateway = await startGateway(twoPaths(upstream.url));
  expectErrorEvent(await (await gateway.post(askStream())).text(), "upstream_stream_interrupted");
  expect(await gateway.metric("crossover_tokens_total", { type: "output" })).toBe(4);
});
