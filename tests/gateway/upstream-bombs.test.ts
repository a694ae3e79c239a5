import { connect } from "node:net";
import { createGzip, gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { rawPost, sendRaw } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { chunk, startRawUpstream, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM, expectFailure } from "./failing.ts";

const MIB = 1024 * 1024;

test("of a gzip of one GB no more is decoded than an answer may have", async () => {
  let sent = 0;
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    const encoder = createGzip();
    const zeros = Buffer.alloc(MIB);
    encoder.pipe(response);
    const go = (): void => {
      while (sent < 1024 && !response.destroyed) {
        sent++;
        if (!encoder.write(zeros)) return void encoder.once("drain", go);
      }
      encoder.end();
    };
    go();
  });
  const server = { port: 0, maxResponseBytes: 4 * MIB };
  const gateway = await startGateway(twoPaths(upstream.url, { server }));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  onTestFinished(() => clearInterval(watch));
  const expected = { status: 502, code: "upstream_response_too_large", outcome: "bad_response" };
  await expectFailure(gateway, expected);
  expect(most).toBeLessThan(128 * MIB);
});

test("a client that does not read holds back a compressed stream too", async () => {
  // 256 MiB of events in 1 MiB or so.
  const bomb = gzipSync(
    Buffer.from(chunk({ content: "x".repeat(16_000) }))
      .toString()
      .repeat(16 * 1024),
  );
  expect(bomb.length).toBeLessThan(2 * MIB);
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
    response.end(bomb);
  });
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, clientTimeout: 1 } }));
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 1);
  onTestFinished(() => clearInterval(watch));
  socket.write(rawPost(JSON.stringify(ASK_STREAM)));
  await until(() => gateway.logs.some(({ fields }) => fields["note"] === "client too slow"));
  expect(most).toBeLessThan(64 * MIB);
});

/** An answer of an upstream, byte by byte. */
const rawAnswer = (headers: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: 2\r\n\r\n{}`;

test.each([
  ["a lone CR", "x-request-id: a\rset-cookie: b=c\r\n"],
  ["a lone LF", "x-request-id: a\nset-cookie: b=c\r\n"],
  ["NUL", "x-request-id: a\0b\r\n"],
  ["too many bytes", `x-request-id: ${"a".repeat(100_000)}\r\n`],
])("a header of the upstream can't add one to the answer: %s", async (_name, headers) => {
  const upstream = await startRawUpstream((socket) => socket.end(Buffer.from(rawAnswer(headers), "latin1")));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(JSON.stringify(ASK)));
  expect([200, 502]).toContain(answer.status);
  expect(answer.headers.has("set-cookie")).toBe(false);
  expect(answer.text.split("\r\n\r\n")[0]).not.toMatch(/[^\r]\n|\r[^\n]|\0/);
  expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
});
