import { connect } from "node:net";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefusal, type RawAnswer, type Refusal, rawPost, sendRaw } from "./black-box.ts";

const BODY = JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Hi" }] });
const head = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;
const POST = ["POST /v1/chat/completions HTTP/1.1", "Host: gateway.test", "Content-Type: application/json"];
const SIZE = `Content-Length: ${BODY.length}`;
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
/** A whole second request, which must not be taken from inside the first. */
const SMUGGLED = rawPost(BODY).toString();

const malformed: Refusal = { status: 400, code: "invalid_value", param: null };

/** How many answers came on one connection. */
const answers = ({ text }: RawAnswer): number => text.match(/HTTP\/1\.1 \d\d\d /g)?.length ?? 0;

test.each([
  ["both lengths", head(...POST, "Content-Length: 4", "Transfer-Encoding: chunked") + CHUNKED],
  ["both lengths, the other way round", head(...POST, "Transfer-Encoding: chunked", SIZE) + BODY],
  ["two different lengths", head(...POST, SIZE, "Content-Length: 3") + BODY],
  ["two equal lengths", head(...POST, SIZE, SIZE) + BODY],
  ["two lengths in one line", head(...POST, `${SIZE}, ${BODY.length}`) + BODY],
  ["a length with a sign", head(...POST, `Content-Length: +${BODY.length}`) + BODY],
  ["a negative length", head(...POST, "Content-Length: -1") + BODY],
  ["a length in hex", head(...POST, "Content-Length: 0x10") + BODY],
  ["a length past 64 bits", head(...POST, "Content-Length: 99999999999999999999999") + BODY],
  ["chunked, then identity", head(...POST, "Transfer-Encoding: chunked, identity") + CHUNKED],
  ["a blank before the colon", head(...POST, "Transfer-Encoding : chunked") + CHUNKED],
  ["a vertical tab before the coding", head(...POST, "Transfer-Encoding: \x0bchunked") + CHUNKED],
  ["a coding that is none", head(...POST, "Transfer-Encoding: xchunked") + CHUNKED],
  ["a coding before chunked", head(...POST, "Transfer-Encoding: gzip, chunked") + CHUNKED],
  ["a folded header", head(...POST, "X: a", " b", SIZE) + BODY],
  ["a bare line feed in a header", head(...POST, "X: a\nContent-Length: 0", SIZE) + BODY],
  [
    "a chunk size that overflows",
    `${head(...POST, "Transfer-Encoding: chunked")}10000000000000000\r\n{}\r\n0\r\n\r\n`,
  ],
  ["a chunk size that is no number", `${head(...POST, "Transfer-Encoding: chunked")}zz\r\n{}\r\n0\r\n\r\n`],
  ["a null byte in a header", head(...POST, "X: a\0b", SIZE) + BODY],
  ["a blank in a header's name", head(...POST, "X y: a", SIZE) + BODY],
  ["no host", head("GET /v1/models HTTP/1.1")],
  ["a version that is none", head("GET /v1/models HTTP/9.9", "Host: gateway.test")],
])("a malformed request is refused and its connection closed: %s", async (name, bytes) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, Buffer.from(bytes + SMUGGLED, "latin1"));
  expectRefusal(answer, malformed, name);
  expect([answers(answer), answer.headers.get("connection")]).toEqual([1, "close"]);
  await expectCalm(gateway, upstream);
});

test("what is no HTTP at all, such as TLS, is refused", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const hello = Buffer.from("16030101fc010001f8030300", "hex");
  const answer = await sendRaw(gateway.url, hello, SMUGGLED);
  expectRefusal(answer, { status: 405, code: "method_not_allowed", param: null });
  expect(answers(answer)).toBe(1);
  await expectCalm(gateway);
});

test.each(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO", "get", "CONNECT", "PROPFIND"])(
  "the chat endpoint does not take %s",
  async (method) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await sendRaw(
      gateway.url,
      head(`${method} /v1/chat/completions HTTP/1.1`, "Host: a.test", "X-Echo: echo-me", "Connection: close"),
    );
    expectRefusal(answer, { status: 405, code: "method_not_allowed", param: null }, method);
    expect(answer.headers.get("allow")).toContain("POST");
    expect(answer.text).not.toContain("echo-me");
    await expectCalm(gateway, upstream);
  },
);

test("HEAD gets the headers of the refusal and no body", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: "HEAD" });
  expect([answer.status, await answer.text()]).toEqual([405, ""]);
  expect(answer.headers.get("x-request-id")).toMatch(/^cx_/);
});

test.each([
  "/v1/unknown",
  "/v1",
  "/",
  "/v1/chat/completions/",
  "/v1/chat/completions/x",
  "/V1/chat/completions",
  "//v1/chat/completions",
  "/v1//chat/completions",
  "/v1/chat%2Fcompletions",
  "/v1/../admin/api/config",
  "/v1/%2e%2e/admin/api/config",
  "/v1/..%2fadmin/api/config",
  "//admin/api/config",
  "/admin//api/config",
  "/admin%2Fapi%2Fconfig",
  "/ADMIN/api/config",
  "/admin/api/config/.",
  "/admin/./api/config",
  "/admin;x=1/api/config",
  "/admin/api/config;x=1",
  "/admin/api/config%00",
  "/admin/api/config%3f",
  "/admin/api/config/",
  "/admin/api/unknown",
  "/%c0%ae",
  "/%",
  "/v1/models/%",
  "/v1/models/%c0%ae%c0%ae",
  "/v1/models/%00",
  "\\admin\\api\\config",
  "/admin\\api\\config",
  "/v1/models\\..\\..\\admin",
  "http://other.test/admin/api/config",
  "http://[::1/admin/api/config",
  "//",
  "*",
  "?",
  "/v1/models?%",
])("the address %j shows nothing that it should not", async (path) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(
    twoPaths(upstream.url, { server: { port: 0, adminToken: "admin-token-of-the-test" } }),
  );
  const request = (method: string): string =>
    head(`${method} ${path} HTTP/1.1`, "Host: gateway.test", "Content-Length: 0", "Connection: close");
  for (const method of ["GET", "POST"]) {
    const answer = await sendRaw(gateway.url, request(method));
    const name = `${method} ${path}`;
    if (path.startsWith("/v1/models?")) {
      expect([200, 405], name).toContain(answer.status);
      continue;
    }
    expect([400, 401, 404, 405], `${name}: ${answer.text}`).toContain(answer.status);
    const { code } = JSON.parse(answer.body).error;
    expectRefusal(answer, { status: answer.status, code }, name);
    expect(answer.text).not.toMatch(/base-model|sk-upstream/);
  }
  await expectCalm(gateway, upstream);
});

test("a host header that readers could take for different hosts is refused, whoever asked before", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const ask = (host: string): ReturnType<typeof sendRaw> =>
    sendRaw(
      gateway.url,
      head("POST /v1/unknown?x HTTP/1.1", `Host: ${host}`, "Content-Length: 0", "Connection: close"),
    );
  for (const host of ["a.test:99999", "a.test/v1/models?", "[::1", "a@b", "a.test#x", ""]) {
    for (const good of ["a.test", "b.test:8787", "A.test"])
      expectRefusal(await ask(good), { status: 404, code: "unknown_url", param: null }, good);
    expectRefusal(await ask(host), { status: 400, code: "invalid_value", param: null }, host);
  }
  await expectCalm(gateway, upstream);
});

test("the address may hold a query", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  expect((await fetch(`${gateway.url}/v1/models?api-version=1`)).status).toBe(200);
  await expectCalm(gateway, upstream);
});

test.each([
  ["17 KiB in many headers", Array.from({ length: 17 }, (_, i) => `X-${i}: ${"v".repeat(1000)}`)],
  ["one header of 16 KiB", [`X: ${"v".repeat(16 * 1024)}`]],
  ["2,000 headers", Array.from({ length: 2000 }, (_, i) => `X-${i}: v`)],
  ["2,000 headers of two bytes", Array.from({ length: 2000 }, () => "X:")],
])("too much in the headers is refused: %s", async (name, lines) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(BODY, lines));
  expectRefusal(answer, { status: 431, code: "headers_too_large", param: null }, name);
  await expectCalm(gateway, upstream);
});

test("an address of 17 KiB is refused", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const answer = await sendRaw(gateway.url, head(`GET /${"a".repeat(17 * 1024)} HTTP/1.1`, "Host: a.test"));
  expectRefusal(answer, { status: answer.status, code: JSON.parse(answer.body).error.code });
  expect([414, 431]).toContain(answer.status);
  await expectCalm(gateway);
});

test("a body is asked for with 100 Continue only when somebody will read it", async () => {
  const upstream = await startUpstream();
  const keys = { app: { secret: "client-secret-number-one" } };
  const gateway = await startGateway(twoPaths(upstream.url, { keys }));
  const expecting = [...POST, SIZE, "Connection: close", "Expect: 100-continue"];
  const refused = await sendRaw(gateway.url, head(...expecting, "Authorization: Bearer not-the-key"));
  expect(refused.text).not.toContain("100 Continue");
  expectRefusal(refused, { status: 401, code: "invalid_api_key", param: null });
  await expectCalm(gateway, upstream);

  const served = await sendRaw(
    gateway.url,
    head(...expecting, "Authorization: Bearer client-secret-number-one"),
    BODY,
  );
  expect(served.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
  expect(served.status).toBe(200);
});

test("an expectation that nobody knows gets 417", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(BODY, ["Expect: 200-ok"]));
  expectRefusal(answer, { status: 417, code: "expectation_failed", param: null });
  await expectCalm(gateway, upstream);
});

test.each([
  ["a WebSocket", ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]],
  ["HTTP/2 in the clear", ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAA"]],
])("an offer to go on in %s is passed over, as Java's client makes one each time", async (_name, lines) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(BODY, [...lines]));
  expect([answer.status, answer.text.includes("101 Switching")]).toEqual([200, false]);
});

test.each(["gzip", "br", "identity, gzip"])("a body encoded as %s is refused", async (encoding) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(BODY, [`Content-Encoding: ${encoding}`]));
  expectRefusal(answer, { status: 415, code: "unsupported_media_type", param: null });
  await expectCalm(gateway, upstream);
});

test.each(["in the headers", "in the body", "in a chunk"])(
  "a client that leaves %s frees everything",
  async (where) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const parts = {
      "in the headers": "POST /v1/chat/completions HTTP/1.1\r\nHost: a.te",
      "in the body": `${head(...POST, SIZE)}${BODY.slice(0, 20)}`,
      "in a chunk": `${head(...POST, "Transfer-Encoding: chunked")}ff\r\n${BODY.slice(0, 20)}`,
    };
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(Object.entries(parts).find(([key]) => key === where)?.[1] ?? "");
    if (where !== "in the headers")
      await until(async () => (await gateway.metric("crossover_inflight_requests")) === 1);
    socket.destroy();
    await expectCalm(gateway, upstream);
    if (where !== "in the headers")
      expect(await gateway.metric("crossover_requests_total", { status: "499", route: "none" })).toBe(1);
  },
);
