import type { Socket } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { chunk, completion, DONE, event, startRawUpstream } from "../support/upstream.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { guardPrototype } from "./prototype.ts";
import { runs } from "./runs.ts";

guardPrototype();

const http = (status: number, type: string, body: string, more = ""): string =>
  `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const JSON_TYPE = "application/json";

const ANSWERS = [
  http(
    200,
    JSON_TYPE,
    JSON.stringify(completion("é😀")),
    "x-ratelimit-remaining-tokens: 5\r\nx-request-id: r\r\n",
  ),
  http(
    200,
    "text/event-stream",
    chunk({ role: "assistant", content: "" }) + chunk({ content: "é" }) + chunk({}, "stop") + DONE,
  ),
  http(200, "text/event-stream", event({ error: { message: "no", type: "server_error", code: 429 } })),
  http(
    429,
    JSON_TYPE,
    JSON.stringify({ error: { message: "slow", type: "requests", param: null, code: null } }),
    "retry-after: 1\r\n",
  ),
  http(400, JSON_TYPE, JSON.stringify({ detail: [{ loc: ["body", 1], msg: "no" }] })),
  http(500, "text/html", "<html>"),
  http(302, JSON_TYPE, "{}", "location: http://127.0.0.1:1/\r\nset-cookie: a=b\r\n"),
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: ${JSON_TYPE}\r\n\r\n2\r\n{}\r\n0\r\nx-crossover-route: y\r\n\r\n`,
];

const TIMEOUTS = { connect: 5, firstByte: 1, idle: 1, total: 2 };

/** A gateway whose upstream answers each request with the next bytes of the test. */
async function start(): Promise<{ readonly gateway: TestGateway; answer(bytes: Uint8Array): void }> {
  let next: Uint8Array = Buffer.alloc(0);
  const upstream = await startRawUpstream((socket: Socket) => socket.end(next));
  const gateway = await startGateway(twoPaths(upstream.url, { timeouts: TIMEOUTS, breaker: false }));
  return {
    gateway,
    answer: (bytes) => {
      next = bytes;
    },
  };
}

/** What the gateway may tell of its own accord; the rest must be the upstream's own status. */
function expectFit(answer: Response, text: string, stream: boolean): void {
  expect(answer.headers.get("x-crossover-request-id")).toMatch(/^cx_/);
  expect(answer.headers.get("x-crossover-route")).toBe("bare");
  for (const name of ["set-cookie", "location", "server", "x-powered-by"])
    expect(answer.headers.get(name)).toBeNull();
  if (answer.status === 200) {
    const events = /^text\/event-stream/i.test(answer.headers.get("content-type") ?? "");
    if (!(stream && events)) expect(JSON.parse(text)).toBeTypeOf("object");
    return;
  }
  expect([answer.status >= 400 && answer.status < 600, answer.status]).toEqual([true, answer.status]);
  expect(text).not.toContain("internal_error");
  expect(JSON.parse(text).error).toMatchObject({ message: expect.any(String), type: expect.any(String) });
}

test.each([false, true])(
  "whatever an upstream sends, the client gets an answer or an error: stream %j",
  async (stream) => {
    const { gateway, answer } = await start();
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 5, arbitrary: mutated(ANSWERS) }, { weight: 1, arbitrary: anyBytes }),
        async (bytes) => {
          answer(bytes);
          const given = await gateway.post({
            model: "bare",
            stream,
            messages: [{ role: "user", content: "Hi" }],
          });
          expectFit(given, await given.text(), stream);
          statuses.set(given.status, (statuses.get(given.status) ?? 0) + 1);
        },
      ),
      runs(150),
    );
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 502]));
    await expectCalm(gateway);
  },
);
