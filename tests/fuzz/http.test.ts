import { connect } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectCalm, type RawAnswer, rawPost, readAnswer } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";
import { mutated } from "./bytes.ts";
import { guardPrototype } from "./prototype.ts";
import { runs } from "./runs.ts";

guardPrototype();

const TOKEN = "admin-token-of-the-test";
const BODY = JSON.stringify({
  model: "bare",
  messages: [{ role: "user", content: "Hi é😀" }],
  metadata: { a: "b" },
});
const get = (path: string, ...lines: readonly string[]): Buffer =>
  Buffer.from(
    [`GET ${path} HTTP/1.1`, "Host: gateway.test", "Connection: close", ...lines, "", ""].join("\r\n"),
  );

const REQUESTS = [
  rawPost(BODY),
  rawPost(BODY, ["Authorization: Bearer sk-x", "X-Crossover-Dry-Run: true", "X-Crossover-Variant: tuned"]),
  Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(BODY).toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  ),
  get("/v1/models"),
  get("/v1/models/bare?x=1"),
  get("/admin/api/config"),
  get("/openapi.json", "Accept: */*"),
];

type Answer = Omit<RawAnswer, "error">;

/**
 * Sends bytes and reads until the connection is closed. A mistake may have made a request that waits for more,
 * or a connection that is kept: both are ended once two other requests have been answered.
 */
async function send(url: string, bytes: Uint8Array): Promise<Answer> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(bytes);
  const others = async (): Promise<void> => {
    for (let turn = 0; turn < 2; turn++) await (await fetch(`${url}/health/live`)).text();
    socket.end();
  };
  await Promise.all([closed, others()]);
  return readAnswer(Buffer.concat(chunks).toString("utf8"));
}

/** Statuses that the gateway answers of its own accord for what a client sends. */
const FIT: ReadonlySet<number> = new Set([200, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 431]);

function expectFit(answer: Answer, sent: Buffer): void {
  const name = JSON.stringify(sent.toString("latin1").slice(0, 600));
  expect(FIT.has(answer.status), `${answer.status} for ${name}`).toBe(true);
  // A HEAD request gets no body, and HTTP/0.9 is none of ours.
  if (answer.status === 200 || answer.body === "") return;
  expect(answer.headers.get("content-type"), name).toMatch(/^application\/json/);
  const first = Number(answer.headers.get("content-length"));
  expect(JSON.parse(Buffer.from(answer.body).subarray(0, first).toString()).error, name).toEqual({
    message: expect.stringMatching(/\S/),
    type: expect.any(String),
    param: expect.toSatisfy((value) => value === null || typeof value === "string"),
    code: expect.any(String),
  });
  expect(answer.text).not.toContain("internal_error");
}

test("good requests with mistakes in their bytes get an answer of the table, and open no door", async () => {
  const upstream = await startUpstream((_received, response) => sendJson(response, completion("ok")));
  const gateway = await startGateway(twoPaths(upstream.url, { server: { port: 0, adminToken: TOKEN } }));
  const seen = new Set<number>();
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(mutated(REQUESTS), async (bytes) => {
      sent++;
      const answer = await send(gateway.url, bytes);
      if (answer.status !== 0) expectFit(answer, bytes);
      else expect(answer.text).toBe("");
      seen.add(answer.status);
      expect(answer.text).not.toMatch(/"object":"crossover.config"/);
    }),
    runs(400),
  );
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 401, 404, 405]));
  expect(upstream.received.length).toBeLessThanOrEqual(sent);
  await expectCalm(gateway);
});
