import {
  brotliCompressSync,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { completion, type Respond, startUpstream, streamOf } from "../support/upstream.ts";
import { ASK, ASK_STREAM, expectCounted, expectFailure } from "./failing.ts";

const TEXT = JSON.stringify(completion("¿Por qué? 🤔".repeat(100)));
const EVENTS = streamOf(["Hello", " ", "¿qué? 🤔"], false);

const codings = [
  ["gzip", gzipSync, createGzip],
  ["br", brotliCompressSync, createBrotliCompress],
  ["deflate", deflateSync, createDeflate],
  ["zstd", zstdCompressSync, createZstdCompress],
] as const;

const sendCoded =
  (coding: string, body: Uint8Array, status = 200, more: Readonly<Record<string, string>> = {}): Respond =>
  (_received, response) => {
    const headers = { "content-type": "application/json", "content-encoding": coding, ...more };
    response.writeHead(status, headers);
    response.end(body);
  };

test("the upstream is asked for no encoding", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  await gateway.post(ASK, { "accept-encoding": "gzip, br" });
  expect(upstream.received[0]?.headers["accept-encoding"]).toBe("identity");
});

test.each(codings)("an answer that comes as %s all the same is decoded", async (coding, compress) => {
  const body = compress(TEXT);
  const upstream = await startUpstream(
    sendCoded(coding, body, 200, { "content-length": String(body.length) }),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.text()]).toEqual([200, TEXT]);
  expect(answer.headers.get("content-encoding")).toBeNull();
  expect(answer.headers.get("content-length")).toBe(String(Buffer.byteLength(TEXT)));
  await expectCounted(gateway, { status: 200, outcome: "success" });
  expect(await gateway.metric("crossover_tokens_total", { type: "output" })).toBe(5);
});

test.each(codings)("an error that comes as %s is decoded too", async (coding, compress) => {
  const text = JSON.stringify({ error: { message: "no", type: "t", param: null, code: "c" } });
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const status of [400, 429, 500]) {
    upstream.respond(sendCoded(coding, compress(text), status));
    const answer = await gateway.post(ASK);
    expect([answer.status, await answer.text()]).toEqual([status, text]);
    expect(answer.headers.get("content-encoding")).toBeNull();
  }
});

test.each(codings)(
  "a stream that comes as %s is decoded event by event",
  async (coding, _compress, createStream) => {
    const gone = Promise.withResolvers<void>();
    const upstream = await startUpstream(async (_received, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": coding });
      const encoder = createStream();
      encoder.pipe(response);
      const [role = "", first = "", ...rest] = EVENTS;
      encoder.write(role + first);
      encoder.flush();
      await gone.promise; // the rest only once the client has the first part
      encoder.end(rest.join(""));
    });
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK_STREAM);
    expect(answer.headers.get("content-encoding")).toBeNull();
    let text = "";
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString("latin1");
      if (text.includes("Hello")) gone.resolve();
    }
    expect(Buffer.from(text, "latin1").toString()).toBe(EVENTS.join(""));
    await expectCounted(gateway, { status: 200, outcome: "success" });
  },
);

test("two encodings, one on the other, are both undone", async () => {
  const upstream = await startUpstream(sendCoded("gzip, br", brotliCompressSync(gzipSync(TEXT))));
  const gateway = await startGateway(twoPaths(upstream.url));
  expect(await (await gateway.post(ASK)).text()).toBe(TEXT);
});

test.each([
  ["what is no gzip", "gzip", Buffer.from(TEXT)],
  ["half of a gzip", "gzip", gzipSync(TEXT).subarray(0, 60)],
  ["nothing", "gzip", Buffer.alloc(0)],
  ["a gzip with a bad checksum", "gzip", withBadChecksum()],
  ["an encoding that nobody knows", "rot13", Buffer.from("grkg")],
  ["a chain of twenty encodings", Array.from({ length: 20 }, () => "gzip").join(", "), gzipSync(TEXT)],
])("an encoding that does not fit becomes a 502: %s", async (_name, coding, body) => {
  const upstream = await startUpstream(sendCoded(coding, body));
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, { status: 502, code: "upstream_bad_response", outcome: "bad_response" });
});

function withBadChecksum(): Buffer {
  const bytes = gzipSync(TEXT);
  bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 8) ^ 1, bytes.length - 8);
  return bytes;
}

test("the largest size holds for what is decoded", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, " "));
  expect(bomb.length).toBeLessThan(100_000);
  const upstream = await startUpstream(sendCoded("gzip", bomb));
  const server = { port: 0, maxResponseBytes: 1_000_000 };
  const gateway = await startGateway(twoPaths(upstream.url, { server }));
  const expected = { status: 502, code: "upstream_response_too_large", outcome: "bad_response" };
  await expectFailure(gateway, expected);
});
