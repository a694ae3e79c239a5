import { expect, test } from "vitest";
import { z } from "zod";
import { fixture } from "../data/inputs.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, rawPost, sendRaw } from "./black-box.ts";

const seed = z
  .array(z.strictObject({ name: z.string(), base64: z.base64() }))
  .parse(JSON.parse(fixture("smuggling.json")));

const BODY = JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Hi" }] });
const SMUGGLED = rawPost(BODY.replace("Hi", "SMUGGLED"));
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const CHUNKS = `${chunk(BODY)}0\r\n\r\n`;
const HEAD = "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.test\r\nContent-Type: application/json\r\n";

test.each(seed)(
  "a request that readers take differently is refused, and its connection closed: $name",
  async ({ base64 }) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await sendRaw(gateway.url, Buffer.from(base64, "base64"), SMUGGLED);
    expect([answer.status, answer.headers.get("connection")]).toEqual([400, "close"]);
    expect(JSON.parse(answer.body).error.code).toBe("invalid_value");
    await expectCalm(gateway, upstream);
  },
);

const CODINGS = [
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: Chunked",
  "Transfer-Encoding:chunked",
  "Transfer-Encoding:\tchunked",
  "Transfer-Encoding: chunked ",
  "Transfer-Encoding: chunked\t",
  "Transfer-Encoding: chunked;x=1",
  "Transfer-Encoding: chunked,",
  "Transfer-Encoding: ,chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: identity",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: chunke",
  "Transfer-Encoding: ch\u00fcnked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer-Encoding:\r\n chunked",
  "\tTransfer-Encoding: chunked",
  " Transfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "Transfer\u00adEncoding: chunked",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding\0: chunked",
];
/** @param whole bytes of the body and of the second request */
const lengths = (whole: number): readonly string[] => [
  "",
  "Content-Length: 0\r\n",
  `Content-Length: ${BODY.length}\r\n`,
  `Content-Length: 0${BODY.length}\r\n`,
  `content_length: ${BODY.length}\r\n`,
  `Content-Length: ${BODY.length}, ${BODY.length}\r\n`,
  `Content-Length:${BODY.length} \r\n`,
  `Content-Length: ${whole}\r\n`,
];

test.each(CODINGS)("one request on the wire is never two upstream: %j", async (coding) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const body of [CHUNKS, BODY]) {
    for (const length of lengths(body.length + SMUGGLED.length)) {
      const before = upstream.received.length;
      // The second request stands in the first one's body, for a reader who takes the length for true.
      const head = `${HEAD}Connection: close\r\n${coding}\r\n${length}\r\n`;
      await sendRaw(gateway.url, Buffer.concat([Buffer.from(head + body, "latin1"), SMUGGLED]));
      expect(upstream.received.length - before, length).toBeLessThanOrEqual(1);
    }
  }
  expect(upstream.received.filter(({ text }) => text.includes("SMUGGLED"))).toEqual([]);
  await expectCalm(gateway);
});

test.each([
  "0;a=b\r\n\r\n",
  "0\r\nContent-Length: 5\r\nHost: other.test\r\n\r\n",
  "0\r\nAuthorization: Bearer x\r\nx-crossover-variant: prompted\r\n\r\n",
])("what comes after the last chunk changes nothing: %j", async (end) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const head = `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const answer = await sendRaw(gateway.url, head + chunk(BODY) + end);
  if (answer.status === 200) expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
  else expect(answer.status).toBe(400);
  expect(upstream.received.length).toBe(answer.status === 200 ? 1 : 0);
  await expectCalm(gateway);
});

test("a good request after a good one on the same connection is a second one", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const head = `${HEAD}Content-Length: ${BODY.length}\r\n\r\n`;
  await sendRaw(gateway.url, head + BODY, SMUGGLED);
  expect(upstream.received.map(({ text }) => text.includes("SMUGGLED"))).toEqual([false, true]);
});
