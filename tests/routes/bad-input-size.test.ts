import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import {
  expectCalm,
  expectRefusal,
  expectRefused,
  type Refusal,
  rawPost,
  refused400,
  sendRaw,
} from "./black-box.ts";

const MIB = 1024 * 1024;
const LIMIT = 64 * 1024;
const tooLarge: Refusal = { status: 413, code: "request_body_too_large", param: null };
const tooDeep = refused400(null, "invalid_json");

/** A good request of exactly so many bytes. */
function chatOf(bytes: number): string {
  const [before = "", after = ""] = '{"model":"bare","messages":[{"role":"user","content":"@"}]}'.split("@");
  return `${before}${"a".repeat(bytes - before.length - after.length)}${after}`;
}

/** The same body in chunks of 16 KiB. */
function chunked(body: string, connection: "close" | "keep-alive"): Buffer {
  const chunks = body.match(/.{1,16384}/g) ?? [];
  const coded = chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join("");
  return Buffer.from(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\nConnection: ${connection}\r\nTransfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`,
  );
}

const server = (more: Readonly<Record<string, unknown>>) => ({ server: { port: 0, ...more } });

test("a body of exactly the limit is served, one byte more is refused, with and without its length told", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, server({ maxBodyBytes: LIMIT })));
  expect((await sendRaw(gateway.url, rawPost(chatOf(LIMIT)))).status).toBe(200);
  expect((await sendRaw(gateway.url, chunked(chatOf(LIMIT), "close"))).status).toBe(200);
  expect(upstream.received.length).toBe(2);
  expectRefusal(await sendRaw(gateway.url, rawPost(chatOf(LIMIT + 1))), tooLarge, "told");
  expectRefusal(await sendRaw(gateway.url, chunked(chatOf(LIMIT + 1), "close")), tooLarge, "chunked");
  expect(upstream.received.length).toBe(2);
  expect(await gateway.metric("crossover_requests_total", { status: "413", route: "none" })).toBe(2);
  await expectCalm(gateway);
});

test("the limit is told in the message, and the connection is closed", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", server({ maxBodyBytes: LIMIT })));
  const request = rawPost(chatOf(LIMIT + 1))
    .toString()
    .replace("Connection: close", "Connection: keep-alive");
  const answer = await sendRaw(gateway.url, request);
  expectRefusal(answer, tooLarge);
  expect(JSON.parse(answer.body).error.message).toContain(String(LIMIT));
  expect(answer.headers.get("connection")).toBe("close");
});

test.each([
  ["its length told", (body: string) => rawPost(body)],
  ["in chunks", (body: string) => chunked(body, "close")],
  ["in chunks, kept alive", (body: string) => chunked(body, "keep-alive")],
])(
  "a client that goes on sending 8 MiB past the limit reads the refusal whole: %s",
  async (name, request) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url, server({ maxBodyBytes: LIMIT })));
    const bytes = request(chatOf(8 * MIB));
    for (let round = 0; round < 5; round++) {
      expectRefusal(await sendRaw(gateway.url, bytes), tooLarge, `${name}, round ${round}`);
    }
    await expectCalm(gateway, upstream);
  },
);

test("fetch and the SDK see the 413, not a broken connection", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, server({ maxBodyBytes: LIMIT })));
  for (let round = 0; round < 5; round++) await expectRefused(await gateway.post(chatOf(8 * MIB)), tooLarge);
  const content = "a".repeat(8 * MIB);
  await expect(
    gateway.client.chat.completions.create({ model: "bare", messages: [{ role: "user", content }] }),
  ).rejects.toMatchObject({ status: 413, code: "request_body_too_large" });
  await expectCalm(gateway, upstream);
});

test("a length that is told to be endless is refused before the body comes", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const head = rawPost("").toString().replace("Content-Length: 0", "Content-Length: 9007199254740991");
  expectRefusal(await sendRaw(gateway.url, head, "{"), tooLarge);
  await expectCalm(gateway, upstream);
});

test.each([
  ["a malformed request", "no HTTP\r\n\r\n"],
  ["a body that does not come", rawPost("").toString().replace("Length: 0", "Length: 99999999999")],
])("a refused client that keeps its side open is cut off: %s", async (_name, bytes) => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const socket = connect({ port: Number(new URL(gateway.url).port), host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}).resume();
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  const connections = (): Promise<number> =>
    new Promise((resolve) => gateway.server.getConnections((_error, count) => resolve(count)));
  await until(async () => (await connections()) === 1);
  await until(async () => (await connections()) === 0);
  await expectCalm(gateway);
});

test("other refusals of a large body reach the client too", async () => {
  const upstream = await startUpstream();
  const keys = { app: { secret: "client-secret-number-one" } };
  const gateway = await startGateway(twoPaths(upstream.url, { keys }));
  const body = chatOf(8 * MIB);
  const unauthorized: Refusal = { status: 401, code: "missing_api_key", param: null };
  for (let round = 0; round < 5; round++) {
    expectRefusal(await sendRaw(gateway.url, rawPost(body)), unauthorized, `401, round ${round}`);
    const elsewhere = await fetch(`${gateway.url}/v1/unknown`, { method: "POST", body });
    await expectRefused(elsewhere, { status: 404, code: "unknown_url" }, `404, round ${round}`);
    const expecting = rawPost(body, ["Expect: 200-ok"]);
    expectRefusal(await sendRaw(gateway.url, expecting), { status: 417, code: "expectation_failed" }, "417");
    const manyHeaders = rawPost(
      body,
      Array.from({ length: 300 }, () => "X:"),
    );
    expectRefusal(await sendRaw(gateway.url, manyHeaders), { status: 431, code: "headers_too_large" }, "431");
    const malformed = Buffer.concat([
      Buffer.from("POST /v1/chat/completions HTTP/1.1\r\nX y: z\r\n\r\n"),
      rawPost(body),
    ]);
    expectRefusal(await sendRaw(gateway.url, malformed), { status: 400, code: "invalid_value" }, "400");
  }
  await expectCalm(gateway, upstream);
});

const nested = (depth: number, open: string, close: string): string =>
  `{"model":"bare","messages":[{"role":"user","content":"Hi"}],"x":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`;

test("nesting of 64 levels is relayed as it is", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const body of [nested(64, "[", "]"), nested(64, '{"a":', "}")]) {
    expect((await gateway.post(body)).status).toBe(200);
    expect(upstream.received.at(-1)?.text).toBe(body.replace('"bare"', '"base-model-tuned"'));
  }
  await expectCalm(gateway);
});

test.each([65, 10_000, 200_000])("nesting of %d levels is refused", async (depth) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const deep = [
    nested(depth, "[", "]"),
    nested(depth, '{"a":', "}"),
    "[".repeat(depth),
    `{"model":"bare","messages":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    `{"model":"bare","messages":[{"role":"user","content":${'[{"a":'.repeat(depth / 2)}`,
  ];
  for (const body of deep) {
    const answer = await gateway.post(body);
    expect((await answer.clone().json()).error.message).toContain("nesting");
    await expectRefused(answer, tooDeep, body.slice(0, 70));
  }
  await expectCalm(gateway, upstream);
});

test("brackets inside strings are no nesting", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const content = `\\"${"[{".repeat(1000)}\\\\`;
  const body = `{"model":"bare","messages":[{"role":"user","content":"${content}"}]}`;
  expect((await gateway.post(body)).status).toBe(200);
  expect(upstream.received[0]?.text).toContain(content);
});

test("too many values are refused, however they are laid out", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, server({ maxNodes: 1000 })));
  const withMember = (json: string): string =>
    `{"model":"bare","messages":[{"role":"user","content":"Hi"}],${json}}`;
  const list = (count: number, json: string): string => Array.from({ length: count }, () => json).join();
  expect((await gateway.post(withMember(`"x":[${list(900, "1")}]`))).status).toBe(200);
  const many = [
    `"x":[${list(1100, "1")}]`,
    `"x":[${list(600, "[]")}]`,
    `"x":{${Array.from({ length: 1100 }, (_, index) => `"${index}":1`).join()}}`,
    Array.from({ length: 1100 }, (_, index) => `"k${index}":1`).join(),
  ];
  for (const json of many) {
    const answer = await gateway.post(withMember(json));
    expect((await answer.clone().json()).error.message).toContain("more than 1000 values");
    await expectRefused(answer, tooDeep, json.slice(0, 30));
  }
  const messages = list(600, '{"role":"user","content":"Hi"}');
  await expectRefused(await gateway.post(`{"model":"bare","messages":[${messages}]}`), tooDeep);
  expect(upstream.received.length).toBe(1);
  await expectCalm(gateway);
});

test("too many messages are refused, as many as allowed are not", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url, server({ maxMessages: 50 })));
  const ask = (count: number): Promise<Response> =>
    gateway.post({
      model: "bare",
      messages: Array.from({ length: count }, () => ({ role: "user", content: "Hi" })),
    });
  expect((await ask(50)).status).toBe(200);
  const answer = await ask(51);
  expect((await answer.clone().json()).error.message).toContain("at most 50 messages");
  await expectRefused(answer, { ...tooDeep, code: "invalid_value", param: "messages" });
  expect(upstream.received).toHaveLength(1);
});
