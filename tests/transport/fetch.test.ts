import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Flow, Receiver, TransportFailure, UpstreamHeaders } from "../../src/domain/transport.ts";
import { FetchTransport } from "../../src/transport/fetch.ts";
import { until } from "../support/gateway.ts";
import { sendJson, startRawUpstream, startUpstream } from "../support/upstream.ts";

/** Keeps what a transport tells it, and says how to go on. */
class Recorder implements Receiver {
  readonly told: string[] = [];
  readonly chunks: Uint8Array[] = [];
  status = 0;
  headers: UpstreamHeaders = {};
  failure: TransportFailure | undefined;
  flowing = true;

  head(status: number, headers: UpstreamHeaders): void {
    this.told.push("head");
    this.status = status;
    this.headers = headers;
  }
  data(chunk: Uint8Array): boolean {
    this.told.push("data");
    this.chunks.push(chunk);
    return this.flowing;
  }
  end(): void {
    this.told.push("end");
  }
  fail(failure: TransportFailure): void {
    this.told.push("fail");
    this.failure = failure;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get finished(): boolean {
    return this.told.includes("end") || this.told.includes("fail");
  }
}

function send(url: string, receiver: Receiver, body = '{"model":"m"}'): Flow {
  return new FetchTransport().send(
    {
      url: `${url}/v1/chat/completions?api-version=1`,
      headers: { "content-type": "application/json", authorization: "Bearer sk-1" },
      connectTimeoutMs: 5000,
    },
    body,
    receiver,
  );
}

test("a call is sent as it is and its answer told in order", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, '{"né":"日本"}', 201, { "x-request-id": "r1" }),
  );
  const receiver = new Recorder();
  send(upstream.url, receiver, '{"text":"👩‍👩‍👧‍👦"}');
  await until(() => receiver.finished);
  const [received] = upstream.received;
  expect([received?.method, received?.url, received?.text]).toEqual([
    "POST",
    "/v1/chat/completions?api-version=1",
    '{"text":"👩‍👩‍👧‍👦"}',
  ]);
  expect(received?.headers).toMatchObject({
    authorization: "Bearer sk-1",
    "content-type": "application/json",
  });
  expect([receiver.status, receiver.headers["x-request-id"], receiver.bytes.toString()]).toEqual([
    201,
    "r1",
    '{"né":"日本"}',
  ]);
  expect([receiver.told[0], receiver.told.at(-1)]).toEqual(["head", "end"]);
});

test("an answer without a body has a head and an end", async () => {
  const upstream = await startUpstream((_received, response) => void response.writeHead(204).end());
  const receiver = new Recorder();
  send(upstream.url, receiver);
  await until(() => receiver.finished);
  expect([receiver.status, receiver.told]).toEqual([204, ["head", "end"]]);
});

test("bytes come as they are sent, not when the answer ends", async () => {
  let more: (() => void) | undefined;
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    more = () => response.end("data: 2\n\n");
  });
  const receiver = new Recorder();
  send(upstream.url, receiver);
  await until(() => receiver.bytes.toString() === "data: 1\n\n");
  expect(receiver.finished).toBe(false);
  more?.();
  await until(() => receiver.finished);
  expect(receiver.bytes.toString()).toBe("data: 1\n\ndata: 2\n\n");
});

test("a paused flow reads no further until it is resumed, and loses nothing", async () => {
  const piece = Buffer.alloc(64 * 1024, "abcdefgh");
  const pieces = 512;
  let drawn = 0;
  let drained = 0;
  const upstream = await startUpstream(async (_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let i = 0; i < pieces; i++) {
      drawn += piece.length;
      if (response.write(piece)) continue;
      await new Promise<void>((resolve) => response.once("drain", resolve));
      drained++;
    }
    response.end();
  });
  const receiver = new Recorder();
  receiver.flowing = false;
  const flow = send(upstream.url, receiver);
  await until(() => receiver.chunks.length === 1);
  // The upstream goes on until all buffers on the way are full; the receiver hears of none of it.
  let last = { drawn, drained, at: performance.now() };
  await until(() => {
    if (last.drawn !== drawn || last.drained !== drained) last = { drawn, drained, at: performance.now() };
    return performance.now() - last.at > 300;
  });
  expect(receiver.chunks.length).toBe(1);
  expect(drawn).toBeLessThan(pieces * piece.length);
  flow.resume();
  await until(() => receiver.chunks.length === 2);
  receiver.flowing = true;
  flow.resume();
  await until(() => receiver.finished);
  expect(receiver.bytes.equals(Buffer.concat(Array.from({ length: pieces }, () => piece)))).toBe(true);
});

test("resuming a flow that is not paused changes nothing", async () => {
  const upstream = await startUpstream();
  const receiver = new Recorder();
  const flow = send(upstream.url, receiver);
  flow.resume();
  flow.resume();
  await until(() => receiver.finished);
  expect(receiver.told.filter((what) => what !== "data")).toEqual(["head", "end"]);
});

test.each([
  ["before the answer", undefined],
  ["after its head", ""],
  ["in its body", "data: 1\n\n"],
])("an aborted flow closes the connection and tells nothing more: %s", async (_name, sent) => {
  const upstream = await startUpstream((_received, response) => {
    if (sent === undefined) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    if (sent !== "") response.write(sent);
  });
  const receiver = new Recorder();
  const flow = send(upstream.url, receiver);
  await until(() => upstream.received.length === 1 && (sent === undefined || receiver.told.includes("head")));
  await until(() => receiver.bytes.toString() === (sent ?? ""));
  const told = [...receiver.told];
  flow.abort();
  flow.abort();
  await until(() => upstream.received[0]?.aborted());
  expect(receiver.told).toEqual(told);
});

test("an abort while paused closes the connection too", async () => {
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  });
  const receiver = new Recorder();
  receiver.flowing = false;
  const flow = send(upstream.url, receiver);
  await until(() => receiver.chunks.length === 1);
  flow.abort();
  await until(() => upstream.received[0]?.aborted());
  expect(receiver.told).toEqual(["head", "data"]);
});

test("a port where nobody listens is unreachable", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  const receiver = new Recorder();
  send(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, receiver);
  await until(() => receiver.finished);
  expect([receiver.told, receiver.failure]).toEqual([["fail"], "unreachable"]);
});

test("a cut in the body is an interruption, after what came before it", async () => {
  const receiver = new Recorder();
  const upstream = await startRawUpstream((socket) => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    socket.write(`${head}9\r\ndata: 1\n\n\r\n`);
    void until(() => receiver.chunks.length === 1).then(() => socket.resetAndDestroy());
  });
  send(upstream.url, receiver);
  await until(() => receiver.finished);
  expect([receiver.told, receiver.failure]).toEqual([["head", "data", "fail"], "interrupted"]);
});

test("a compressed answer is decoded, and its headers say nothing else", async () => {
  const text = '{"answer":"é"}';
  const upstream = await startUpstream((_received, response) => {
    const zipped = gzipSync(text);
    response.writeHead(200, { "content-encoding": "gzip", "content-length": zipped.length });
    response.end(zipped);
  });
  const receiver = new Recorder();
  send(upstream.url, receiver);
  await until(() => receiver.finished);
  expect(receiver.bytes.toString()).toBe(text);
  expect(receiver.headers).not.toHaveProperty("content-encoding");
  expect(receiver.headers).not.toHaveProperty("content-length");
});

test("a redirect is told, not followed", async () => {
  const target = await startUpstream();
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(307, { location: `${target.url}/v1` }).end();
  });
  const receiver = new Recorder();
  send(upstream.url, receiver);
  await until(() => receiver.finished);
  expect([receiver.status, target.received.length]).toEqual([307, 0]);
});
