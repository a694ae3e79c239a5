import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { chunk, DONE, startStream, startUpstream } from "../support/upstream.ts";
import { askStream, counted, drained } from "./streaming.ts";

const EVENTS = 4096;
const MIB = 1024 * 1024;
/** More than the system's buffers of two connections hold, in bytes. */
const DRAWN_AT_MOST = 40 * MIB;

const eventAt = (index: number): string =>
  chunk({ content: `${index}:`.padEnd(index % 7 === 0 ? 100 : 20_000, "é") });

test("a client that does not read pauses the upstream, and then gets everything", async () => {
  const hash = createHash("sha256");
  let drawn = 0;
  let sentAll = false;
  const upstream = await startUpstream(async (_received, response) => {
    startStream(response);
    for (let index = 0; index < EVENTS; index++) {
      const bytes = Buffer.from(eventAt(index));
      hash.update(bytes);
      drawn += bytes.length;
      if (!response.write(bytes)) await drained(response);
    }
    hash.update(chunk({}, "stop") + DONE);
    sentAll = true;
    response.end(chunk({}, "stop") + DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url));

  // Like a client that reads slowly, it leaves what comes in the system's buffers.
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.pause();
  const body = JSON.stringify(askStream());
  // HTTP/1.0 has no chunks of its own: the bytes after the head are the stream's.
  socket.write(
    `POST /v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  let last = { drawn, at: performance.now() };
  await until(() => {
    if (drawn !== last.drawn) last = { drawn, at: performance.now() };
    return drawn > 0 && performance.now() - last.at > 400;
  }, 20_000);
  expect(sentAll).toBe(false);
  expect(drawn).toBeLessThan(DRAWN_AT_MOST);
  expect(await gateway.metric("crossover_inflight_requests")).toBe(1);

  const received = createHash("sha256");
  let head = "";
  let length = 0;
  socket.on("data", (data) => {
    const bytes = Buffer.from(data);
    if (head.endsWith("\r\n\r\n")) received.update(bytes);
    else {
      const text = head + bytes.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const from = end === -1 ? bytes.length : end + 4 - head.length;
      head = end === -1 ? text : text.slice(0, end + 4);
      received.update(bytes.subarray(from));
    }
    length += bytes.length;
  });
  socket.resume();
  await once(socket, "close");
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).not.toMatch(/transfer-encoding/i);
  expect(length).toBeGreaterThan(64 * MIB);
  expect(received.digest("hex")).toBe(hash.digest("hex"));
  expect(await counted(gateway, 200, "success")).toEqual([1, 1]);
});

test("a slow client does not slow down another one on the same upstream", async () => {
  const flood = chunk({ content: "x".repeat(16_000) });
  const upstream = await startUpstream(async (received, response) => {
    startStream(response);
    if (received.text.includes("flood")) {
      while (!response.destroyed) {
        if (!response.write(flood)) await drained(response);
      }
      return;
    }
    response.end(chunk({ content: "ok" }) + chunk({}, "stop") + DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const slow = await gateway.post(askStream("bare", { messages: [{ role: "user", content: "flood" }] }));
  expect(slow.status).toBe(200);
  for (let round = 0; round < 20; round++) {
    expect(await (await gateway.post(askStream())).text()).toContain(DONE);
  }
  await slow.body?.cancel();
  await until(() => upstream.received[0]?.aborted());
  expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(20);
});
