import type { Socket } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { chunk, completion, startRawUpstream, startStream, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM, eventsOf, expectCounted, expectErrorEvent, expectFailure } from "./failing.ts";

const JSON_BODY = JSON.stringify(completion("ok"));
const OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const OK_STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

const unreachable = { status: 502, code: "upstream_unreachable", outcome: "unreachable" };
const interrupted = { status: 502, code: "upstream_unreachable", outcome: "interrupted" };
const badResponse = { status: 502, code: "upstream_bad_response", outcome: "bad_response" };

/** A port of this machine on which nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  return `http://127.0.0.1:${address.port}`;
}

test("an upstream that is down becomes a 502", async () => {
  for (const request of [ASK, ASK_STREAM]) {
    const gateway = await startGateway(twoPaths(await closedPort()));
    await expectFailure(gateway, unreachable, request);
  }
});

test("an upstream's name that does not exist becomes a 502", async () => {
  const gateway = await startGateway(twoPaths("http://no-such-host.invalid:1"));
  await expectFailure(gateway, unreachable);
});

test("an upstream that comes up later is served at once", async () => {
  const url = await closedPort();
  const gateway = await startGateway(twoPaths(url));
  await expectFailure(gateway, unreachable);
  const server = createServer((socket) =>
    socket.end(`${OK}Connection: close\r\nContent-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY}`),
  );
  await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), "127.0.0.1", resolve));
  try {
    expect((await gateway.post(ASK)).status).toBe(200);
  } finally {
    server.close();
  }
});

const reset = (socket: Socket): void => void socket.resetAndDestroy();
const fin = (socket: Socket): void => void socket.end();
/** Sends bytes, then ends the connection once they have left. */
const after =
  (bytes: string, end: (socket: Socket) => void) =>
  (socket: Socket): void =>
    void socket.write(bytes, "latin1", () => end(socket));

test.each([
  ["reset before an answer", reset],
  ["closed before an answer", fin],
  ["reset in the headers", after("HTTP/1.1 200 OK\r\nContent-Ty", reset)],
  ["closed in the headers", after("HTTP/1.1 200 OK\r\nContent-Ty", fin)],
  ["reset after the headers", after(`${OK}Content-Length: 500\r\n\r\n`, reset)],
  ["closed after the headers", after(`${OK}Content-Length: 500\r\n\r\n`, fin)],
  ["reset in the body", after(`${OK}Content-Length: 500\r\n\r\n{"id":`, reset)],
  ["closed in the body", after(`${OK}Content-Length: 500\r\n\r\n{"id":`, fin)],
  ["closed in a chunk", after(`${OK}Transfer-Encoding: chunked\r\n\r\nff\r\n{"id":`, fin)],
  ["closed between chunks", after(`${OK}Transfer-Encoding: chunked\r\n\r\n6\r\n{"id":\r\n`, fin)],
  [
    "longer in its header than in its body",
    after(`${OK}Content-Length: ${JSON_BODY.length + 1}\r\n\r\n${JSON_BODY}`, fin),
  ],
])("a connection that breaks before the answer is whole becomes a 502: %s", async (_name, onRequest) => {
  const upstream = await startRawUpstream(onRequest);
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, interrupted);
});

test.each([
  ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  ["no status", "HTTP/1.1 OK\r\n\r\n"],
  ["HTTP/0.9", "<html>hello</html>"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["no number as length", `${OK}Content-Length: many\r\n\r\n${JSON_BODY}`],
  ["a negative length", `${OK}Content-Length: -1\r\n\r\n${JSON_BODY}`],
  ["two lengths", `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${JSON_BODY}`],
  ["both kinds of length", `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a bad chunk size", `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
  ["a blank in a header's name", `${OK}Bad Header: x\r\nContent-Length: 2\r\n\r\n{}`],
])("an answer that is not HTTP becomes a 502: %s", async (_name, bytes) => {
  const upstream = await startRawUpstream(after(bytes, () => {}));
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, badResponse);
});

test("headers past the parser's bounds become a 502", async () => {
  const upstream = await startRawUpstream(
    after(`${OK}X: ${"v".repeat(100_000)}\r\nContent-Length: 2\r\n\r\n{}`, () => {}),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, badResponse);
});

test("a body longer than its header says is cut there, and the rest reaches nobody", async () => {
  const short = '{"id":"first"}';
  const upstream = await startRawUpstream(
    after(
      `${OK}Content-Length: ${short.length}\r\n\r\n${short}${OK}Content-Length: 15\r\n\r\n{"id":"second"}`,
      () => {},
    ),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  for (let round = 0; round < 3; round++) {
    const answer = await gateway.post(ASK);
    if (answer.status === 200) expect(await answer.text()).toBe(short);
    else expect((await answer.json()).error.code).toBe("upstream_bad_response");
  }
});

test("an answer without a length that ends with its connection is whole", async () => {
  const upstream = await startRawUpstream(after(`${OK}\r\n${JSON_BODY}`, fin));
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK);
  expect([answer.status, await answer.text()]).toEqual([200, JSON_BODY]);
  await expectCounted(gateway, { status: 200, outcome: "success" });
});

test("informational answers before the real one are passed over", async () => {
  const early = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  const upstream = await startRawUpstream(
    after(`${early}${OK}Content-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY}`, () => {}),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  expect((await gateway.post(ASK)).status).toBe(200);
});

test.each([
  ["text that is not ASCII", "X-Request-Id: r\u00e9q-\u65e5\u672c"],
  ["a tab", "X-Request-Id: a\tb"],
  ["a control character", "OpenAI-Version: a\x01b"],
  ["a delete character", "X-RateLimit-Limit-Requests: a\x7fb"],
  ["the same name twice", "Retry-After: 1\r\nRetry-After: 2"],
  ["__proto__", "__proto__: x\r\nconstructor: y\r\ntoString: z"],
])("a header with what no client may get does not break the answer: %s", async (_name, header) => {
  for (const status of ["200 OK", "429 Slow"]) {
    const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${JSON_BODY.length}\r\n`;
    const upstream = await startRawUpstream((socket) =>
      socket.write(Buffer.from(`${head}${header}\r\n\r\n${JSON_BODY}`, "utf8")),
    );
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK);
    const text = await answer.text();
    expect([Number(status.slice(0, 3)), 502], text).toContain(answer.status);
    expect(() => JSON.parse(text)).not.toThrow();
    expect(gateway.logs.filter(({ level }) => level === "error")).toEqual([]);
    expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
  }
});

test.each([
  ["reset", reset],
  ["closed", fin],
  ["closed in an event", (socket: Socket) => socket.end('data: {"choices":[')],
])("a stream that is %s after its first content ends in an error event", async (_name, end) => {
  const events = chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" });
  const upstream = await startRawUpstream(
    after(`${OK_STREAM}\r\n${events}`, (socket) => setImmediate(end, socket)),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK_STREAM);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(text.startsWith(events)).toBe(true);
  expectErrorEvent(text, "upstream_stream_interrupted");
  expect(eventsOf(text)).toHaveLength(3);
  await expectCounted(gateway, { status: 502, outcome: "interrupted" });
});

test("a stream that breaks before its first content is a plain 502", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "" }), () => response.destroy());
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectFailure(gateway, interrupted, ASK_STREAM);
});
