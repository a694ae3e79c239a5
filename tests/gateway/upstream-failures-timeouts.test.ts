import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  startRawUpstream,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM, eventsOf, expectCounted, expectErrorEvent, expectFailure } from "./failing.ts";
import { startFullBacklog } from "./full-backlog.ts";

const timeout = { status: 504, code: "upstream_timeout", outcome: "timeout" };
const LONG = { connect: 60, firstByte: 60, idle: 60, total: 60 };
const TEXT = JSON.stringify(completion("ok"));
const ROLE = chunk({ role: "assistant", content: "" });

/** Takes the time of an act, in milliseconds. */
async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** Writes the same bytes again and again, much more often than any time that is measured here. */
function drip(response: ServerResponse, bytes: string): void {
  const timer = setInterval(() => response.write(bytes), 20);
  response.on("close", () => clearInterval(timer));
  onTestFinished(() => clearInterval(timer));
}

const closed = ({ received }: Upstream): Promise<boolean> => until(() => received.at(-1)?.aborted());

test("a connection that does not open becomes a 504 after `connect`", async () => {
  const timeouts = { ...LONG, connect: 0.2 };
  const gateway = await startGateway(twoPaths(await startFullBacklog(), { timeouts }));
  expect(await timed(() => expectFailure(gateway, timeout))).toBeGreaterThan(190);
});

test.each([
  ["unstreamed", ASK],
  ["streamed", ASK_STREAM],
])("an upstream that never answers becomes a 504 after `firstByte`: %s", async (_name, request) => {
  const upstream = await startUpstream(() => {});
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, firstByte: 0.3 } }));
  const ms = await timed(() => expectFailure(gateway, timeout, request));
  expect(ms).toBeGreaterThan(290);
  await closed(upstream);
});

test("a part of the headers is no answer: `firstByte` goes on", async () => {
  const upstream = await startRawUpstream((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Type: app"));
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, firstByte: 0.3 } }));
  await expectFailure(gateway, timeout);
});

test("a provider's own timeouts go before the shared ones", async () => {
  const upstream = await startUpstream(() => {});
  const config = twoPaths(upstream.url, { timeouts: LONG });
  const up = { kind: "openai-compatible", baseURL: `${upstream.url}/v1`, timeouts: { firstByte: 0.3 } };
  const gateway = await startGateway({ ...config, providers: { up } });
  await expectFailure(gateway, timeout);
});

test("an unstreamed answer whose headers come long before it may take longer than `idle`", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    setTimeout(() => response.end(TEXT), 400);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.1 } }));
  expect((await gateway.post(ASK)).status).toBe(200);
});

test("a stream whose headers come long before its first event may take longer than `idle`", async () => {
  const stream = chunk({ content: "Hello" }, "stop") + DONE;
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.flushHeaders();
    setTimeout(() => response.end(stream), 400);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.1 } }));
  expect(await (await gateway.post(ASK_STREAM)).text()).toBe(stream);
});

test("an unstreamed answer that stops in its middle becomes a 504 after `idle`", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(TEXT.slice(0, 40));
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.3 } }));
  const ms = await timed(() => expectFailure(gateway, timeout));
  expect(ms).toBeGreaterThan(290);
  await closed(upstream);
});

test("an error answer that stops in its middle becomes a 504 too", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.write('{"error":{"message":"Too lo');
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.3 } }));
  await expectFailure(gateway, timeout);
});

test("a stream that falls silent ends in the event `upstream_stalled`", async () => {
  const begun = ROLE + chunk({ content: "Hello" });
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(begun);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.4 } }));
  const answer = await gateway.post(ASK_STREAM);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(text.startsWith(begun)).toBe(true);
  expectErrorEvent(text, "upstream_stalled");
  expect(eventsOf(text)).toHaveLength(3);
  await closed(upstream);
  await expectCounted(gateway, { status: 504, outcome: "timeout" });
  await expectCalm(gateway);
});

test("a stream that falls silent before its first content is a plain 504", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(ROLE);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, idle: 0.1 } }));
  await expectFailure(gateway, timeout, ASK_STREAM);
});

test("comments keep a stream alive", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(ROLE + chunk({ content: "Hello" }));
    drip(response, ": ping\n\n");
  });
  const timeouts = { ...LONG, idle: 1.5, total: 2.5 };
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts }));
  expectErrorEvent(
    (await (await gateway.post(ASK_STREAM)).text()).replaceAll(": ping\n\n", ""),
    "upstream_timeout",
  );
});

test("an unstreamed answer that never ends becomes a 504 after `total`", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    drip(response, " ");
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, total: 0.5 } }));
  const ms = await timed(() => expectFailure(gateway, timeout));
  expect(ms).toBeGreaterThan(490);
  await closed(upstream);
});

test("`total` counts the wait for the first byte too", async () => {
  const upstream = await startUpstream(() => {});
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, total: 0.3 } }));
  await expectFailure(gateway, timeout);
});

test("a stream that never ends is ended after `total` by the event `upstream_timeout`", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    drip(response, chunk({ content: "again " }));
  });
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: { ...LONG, total: 0.5 } }));
  const answer = await gateway.post(ASK_STREAM);
  expect(answer.status).toBe(200);
  expectErrorEvent(await answer.text(), "upstream_timeout");
  await closed(upstream);
  await expectCounted(gateway, { status: 504, outcome: "timeout" });
});

test("no time counts against an upstream that answers within each of them", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const parts = TEXT.match(/.{1,60}/g) ?? [];
    const timer = setInterval(() => {
      const part = parts.shift();
      if (part !== undefined) return response.write(part);
      clearInterval(timer);
      return response.end();
    }, 50);
  });
  const timeouts = { connect: 30, firstByte: 30, idle: 30, total: 60 };
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts }));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.text()]).toEqual([200, TEXT]);
  await expectCounted(gateway, { status: 200, outcome: "success" });
});
