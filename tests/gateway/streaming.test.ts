import fc from "fast-check";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  event,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
  streamOf,
} from "../support/upstream.ts";
import { cut, transcript } from "../transport/transcripts.ts";
import { askStream, bytesOf, counted, respondPieces, StreamReader } from "./streaming.ts";

test("any stream reaches the client with the bytes that the upstream sent, however they were cut", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(transcript, sizes, fc.constantFrom("bare", "enriched"), async (text, pieces, model) => {
      // The data of an unfinished event may not swallow the end mark.
      const sent = Buffer.from(`${text}\n\n${DONE}`);
      for (const size of [pieces, [1], [sent.length]]) {
        upstream.respond(respondPieces(cut(sent, size)));
        const answer = await gateway.post(askStream(model));
        expect(answer.status).toBe(200);
        expect((await bytesOf(answer)).equals(sent)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
  expect((await counted(gateway, 200, "success")).every((count) => count >= 180)).toBe(true);
});

test("any real stream, cut in two at every byte, reaches the client as it was", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const sent = Buffer.from(streamOf(["é", "👩‍👩‍👧‍👦", "שלום"], false).join(""));
  for (let at = 0; at <= sent.length; at++) {
    upstream.respond(
      respondPieces([sent.subarray(0, at), sent.subarray(at)].filter((part) => part.length > 0)),
    );
    const answer = await gateway.post(askStream("bare", { stream_options: { include_usage: true } }));
    expect((await bytesOf(answer)).equals(sent), `cut at ${at}`).toBe(true);
  }
});

test("an event longer than what is held passes as it is, in any pieces", async () => {
  const long = chunk({ content: "é".repeat(150_000) });
  const sent = Buffer.from(chunk({ role: "assistant" }) + long + chunk({}, "stop") + DONE);
  const upstream = await startUpstream(respondPieces(cut(sent, [7919])));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect((await bytesOf(await gateway.post(askStream()))).equals(sent)).toBe(true);
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

test("each event reaches the client before the upstream sends the next one", async () => {
  const words = Array.from({ length: 40 }, (_unused, index) => `word ${index} `);
  const received: (() => void)[] = [];
  const upstream = await startUpstream(async (_request, response) => {
    startStream(response);
    for (const one of [...words.map((content) => chunk({ content })), chunk({}, "stop")]) {
      const clientHasIt = new Promise<void>((resolve) => received.push(resolve));
      response.write(one);
      await clientHasIt;
    }
    response.end(DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const reader = new StreamReader(await gateway.post(askStream()));
  for (const one of [...words.map((content) => chunk({ content })), chunk({}, "stop")]) {
    await reader.untilHas(one);
    received.shift()?.();
  }
  expect(await reader.rest()).toBe(streamOf(words, false).slice(1).join(""));
});

test("a comment alone reaches the client without waiting for an event", async () => {
  let goOn: (() => void) | undefined;
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(chunk({ content: "a" }));
    response.write(": ping\n");
    goOn = () => response.end(`\n${chunk({}, "stop")}${DONE}`);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const reader = new StreamReader(await gateway.post(askStream()));
  await reader.untilHas(": ping\n");
  goOn?.();
  expect((await reader.rest()).endsWith(DONE)).toBe(true);
});

test("a stream's headers tell what was decided and keep proxies from holding it back", async () => {
  const upstream = await startUpstream(respondStream(["ok"]));
  const gateway = await startGateway(twoPaths(upstream.url));
  const { headers } = await gateway.post(askStream("enriched"));
  expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(headers.get("x-accel-buffering")).toBe("no");
  expect(headers.get("cache-control")).toMatch(/\bno-cache\b/);
  expect(headers.get("content-length")).toBeNull();
  expect(headers.get("content-encoding")).toBeNull();
  expect(headers.get("x-crossover-path")).toBe("enriched");
  expect(headers.get("x-request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
});

test("a JSON answer to a request for a stream stays JSON, under its own name", async () => {
  const body = JSON.stringify(completion("whole"), null, 1);
  const upstream = await startUpstream((_received, response) => sendJson(response, body));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(askStream());
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect((await bytesOf(answer)).toString()).toBe(body);
  expect(await gateway.metric("crossover_tokens_total", { type: "output" })).toBe(5);
});

test("deltas of tool calls keep their indexes, their pieces and their order", async () => {
  const call = (index: number, more: Readonly<Record<string, unknown>>): string =>
    chunk({ tool_calls: [{ index, ...more }] });
  const start = (index: number): string =>
    call(index, { id: `call_${index}`, type: "function", function: { name: "find", arguments: "" } });
  const sent = [
    chunk({ role: "assistant", content: null }),
    start(0),
    start(1),
    call(1, { function: { arguments: '{"error":{"' } }),
    call(0, { function: { arguments: '{"usage":{' } }),
    call(1, { function: { arguments: 'a":1}}' } }),
    call(0, { function: { arguments: "}}" } }),
    chunk({}, "tool_calls"),
    DONE,
  ].join("");
  const upstream = await startUpstream(respondPieces(cut(Buffer.from(sent), [11])));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream())).text()).toBe(sent);
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

test("a model that writes the words of the protocol changes nothing", async () => {
  const said = [
    "data: [DONE]\n\n",
    '"finish_reason":"stop"',
    '{"error":{"message":"no"}}',
    '"usage":{"prompt_tokens":9}',
  ];
  const sent = streamOf(said, false).join("");
  const upstream = await startUpstream(respondPieces([sent]));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream())).text()).toBe(sent);
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
  expect(await gateway.metric("crossover_tokens_total")).toBe(0);
});

test("a stream with every finish reason is whole without [DONE]", async () => {
  const sent = chunk({ role: "assistant", content: "" }) + chunk({ content: "ok" }) + chunk({}, "length");
  const upstream = await startUpstream(respondPieces([sent]));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(askStream())).text()).toBe(sent);
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

const choice = (index: number, finish_reason: string | null): Record<string, unknown> => ({
  index,
  delta: finish_reason === null ? { content: `answer ${index}` } : {},
  finish_reason,
});

test.each([
  ["each in its own event", [[choice(0, "stop")], [choice(1, "stop")]], true],
  ["both in one event", [[choice(0, "stop"), choice(1, "stop")]], true],
  ["one of two", [[choice(1, "stop")]], false],
  ["one of two, told twice", [[choice(0, "stop")], [choice(0, "stop")]], false],
])("of two answers both must finish: %s", async (_name, ends, whole) => {
  const sent = [[choice(0, null)], [choice(1, null)], ...ends].map((choices) => event({ choices })).join("");
  const upstream = await startUpstream(respondPieces([sent]));
  const gateway = await startGateway(twoPaths(upstream.url));
  const text = await (await gateway.post(askStream("bare", { n: 2 }))).text();
  expect(text.startsWith(sent)).toBe(true);
  expect(text.includes("upstream_stream_interrupted")).toBe(!whole);
  expect(await counted(gateway, whole ? 200 : 502, whole ? "success" : "interrupted")).toEqual([1, 1]);
});

test("a first chunk with the role alone is held, but not for long", async () => {
  let goOn: (() => void) | undefined;
  const role = chunk({ role: "assistant", content: "" });
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(role);
    goOn = () => response.end(chunk({ content: "ok" }) + chunk({}, "stop") + DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const before = performance.now();
  const reader = new StreamReader(await gateway.post(askStream()));
  await reader.untilHas(role);
  const waited = performance.now() - before;
  // Timers count from a clock of whole milliseconds.
  expect(waited).toBeGreaterThan(240);
  expect(waited).toBeLessThan(5000);
  goOn?.();
  expect((await reader.rest()).endsWith(DONE)).toBe(true);
});

test("the time to the first token is that of the first content, not of the role", async () => {
  const upstream = await startUpstream(respondStream(["ok"]));
  const gateway = await startGateway(twoPaths(upstream.url));
  await (await gateway.post(askStream())).text();
  expect(await gateway.metric("crossover_time_to_first_token_seconds_count", { path: "bare" })).toBe(1);
  upstream.respond(respondPieces([chunk({ role: "assistant", content: "" }), chunk({}, "stop"), DONE]));
  await (await gateway.post(askStream())).text();
  expect(await gateway.metric("crossover_time_to_first_token_seconds_count", { path: "bare" })).toBe(1);
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
});
