import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { expectRefusal, rawPost, sendRaw } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { chunk, completion, sendJson, startStream, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";
import { drained } from "./streaming.ts";

/** A connection whose answer stays in the system's buffers. */
function open(gateway: TestGateway): Socket {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  return socket.pause();
}

async function connectionsOf({ server }: TestGateway): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

test("a client that takes nothing of a stream is let go, and its upstream call ends", async () => {
  const flood = chunk({ content: "x".repeat(16_000) });
  const upstream = await startUpstream(async (_received, response) => {
    startStream(response);
    while (!response.destroyed) if (!response.write(flood)) await drained(response);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, clientTimeout: 0.5 } }));
  open(gateway).write(rawPost(JSON.stringify(ASK_STREAM)));
  await until(() => upstream.received[0]?.aborted());
  await until(() => gateway.logs.some(({ fields }) => fields["note"] === "client too slow"));
  expect(await gateway.metric("crossover_requests_total", { status: "499" })).toBe(1);
  expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
});

test("a client that takes nothing of a whole answer is let go", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, completion("x".repeat(40 * 1024 * 1024))),
  );
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, clientTimeout: 0.5 } }));
  open(gateway).write(rawPost(JSON.stringify(ASK)));
  await until(() => gateway.logs.some(({ fields }) => fields["status"] === 200));
  await until(async () => (await connectionsOf(gateway)) === 0, 20_000);
});

test("a client whose answer is long in the making is not let go", async () => {
  const upstream = await startUpstream((_received, response) => {
    setTimeout(() => sendJson(response, completion("late")), 800);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, clientTimeout: 0.1 } }));
  const answer = await sendRaw(gateway.url, rawPost(JSON.stringify(ASK)));
  expect([answer.status, answer.body.includes("late")]).toEqual([200, true]);
});

test.each([
  ["headers", "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow: "],
  ["body", String(rawPost(JSON.stringify(ASK))).slice(0, -10)],
])("a request whose %s do not end in time gets 408", async (_name, start) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, requestTimeout: 0.5 } }));
  const answer = await sendRaw(gateway.url, start);
  expectRefusal(answer, { status: 408, code: "request_timeout" });
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
  expect(upstream.received).toEqual([]);
});

test("connections beyond the most are closed, and others go on", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, maxConnections: 2 } }));
  const first = open(gateway);
  await until(async () => (await connectionsOf(gateway)) === 1);
  const second = open(gateway);
  await until(async () => (await connectionsOf(gateway)) === 2);
  const third = open(gateway).resume();
  await once(third, "close");
  second.destroy();
  await until(async () => (await connectionsOf(gateway)) === 1);
  first.write(rawPost(JSON.stringify(ASK)));
  first.resume();
  expect(String(await once(first, "data"))).toMatch(/^HTTP\/1\.1 200 /);
});

test("bodies that together take more than there is room for get 503, and the room is given back", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(
    twoPaths(upstream.url, { server: { port: 0, maxBufferedBytes: 200_000 } }),
  );
  const body = JSON.stringify({ ...ASK, messages: [{ role: "user", content: "x".repeat(120_000) }] });
  const held = open(gateway);
  held.write(rawPost(body).subarray(0, -10));
  // Bytes that were read are no longer in the system's buffers, nor is there another sign of them.
  await until(async () => (await sendRaw(gateway.url, rawPost(body))).status === 503);
  expectRefusal(await sendRaw(gateway.url, rawPost(body)), {
    status: 503,
    code: "gateway_overloaded",
    type: "server_error",
  });
  expect((await gateway.post(ASK)).status).toBe(200);
  held.destroy();
  await until(async () => (await sendRaw(gateway.url, rawPost(body))).status === 200);
  for (let round = 0; round < 5; round++)
    expect((await sendRaw(gateway.url, rawPost(body))).status).toBe(200);
});

test("a body in chunks of one byte takes room for what they cost", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(
    twoPaths(upstream.url, { server: { port: 0, maxBufferedBytes: 200_000 } }),
  );
  const head = String(rawPost("", ["Transfer-Encoding: chunked"])).replace("Content-Length: 0\r\n", "");
  const answer = await sendRaw(gateway.url, head, "1\r\n \r\n".repeat(10_000), "0\r\n\r\n");
  expectRefusal(answer, { status: 503, code: "gateway_overloaded", type: "server_error" });
});
