import { connect } from "node:net";
import { expect, test } from "vitest";
import { rawPost } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { chunk, sendJson, startStream, startUpstream, type Upstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM, expectErrorEvent } from "./failing.ts";
import { StreamReader } from "./streaming.ts";

test("a stream that outlasts the time to drain ends in an error event, and is not taken for a client that left", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(chunk({ content: "Hello" }));
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const reader = new StreamReader(await gateway.post(ASK_STREAM));
  await reader.untilHas("Hello");
  await gateway.close(0);
  expectErrorEvent(await reader.rest(), "gateway_draining");
  expect(gateway.logs.at(-1)?.fields).toMatchObject({ status: 502, note: "gateway_draining" });
  await until(() => upstream.received[0]?.aborted());
});

/**
 * Asks a variant with a fallback, stops the gateway during the call of this number, and checks the refusal.
 * @returns the headers of the answer
 */
async function headersOfDrained(upstream: Upstream, call: number): Promise<Headers> {
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      variants: {
        prompted: { model: "base", prompt: "helper" },
        tuned: { model: "ft", fallback: ["prompted"] },
      },
    }),
  );
  const asked = gateway.post(ASK);
  await until(() => upstream.received.length === call);
  await gateway.close(0);
  const answer = await asked;
  expect([answer.status, (await answer.json()).error.code]).toEqual([503, "gateway_draining"]);
  return answer.headers;
}

test("a request that outlasts the time to drain gets 503, and no other variant is tried", async () => {
  const upstream = await startUpstream(() => {});
  const headers = await headersOfDrained(upstream, 1);
  expect(headers.get("retry-after")).toBe("1");
  expect(upstream.received).toHaveLength(1);
});

test("a request whose fallback outlasts the time to drain hears that the gateway stops", async () => {
  const upstream = await startUpstream((received, response) => {
    if (received.body["model"] !== "base-model") sendJson(response, { error: { message: "no" } }, 500);
  });
  const headers = await headersOfDrained(upstream, 2);
  expect([headers.get("retry-after"), headers.get("x-should-retry")]).toEqual(["1", null]);
});

test("a request that is not whole when the time to drain is over calls nobody any more", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (bytes) => {
    text += String(bytes);
  });
  const request = String(rawPost(JSON.stringify(ASK)));
  socket.write(request.slice(0, -10));
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 1);
  const closed = gateway.close(0);
  await new Promise(setImmediate);
  socket.write(request.slice(-10));
  await closed;
  await until(() => socket.closed);
  expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"gateway_draining"/);
  expect(upstream.received).toHaveLength(0);
});

test("readiness says at once that the gateway drains", async () => {
  let goOn = (): void => {};
  const upstream = await startUpstream((_received, response) => {
    goOn = () => void response.end("{}");
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (bytes) => {
    text += String(bytes);
  });
  socket.write(String(rawPost(JSON.stringify(ASK))).replace("Connection: close", "Connection: keep-alive"));
  await until(() => upstream.received.length === 1);
  const closed = gateway.close(10_000);
  socket.write("GET /health/ready HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
  goOn();
  await closed;
  await until(() => socket.closed);
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*HTTP\/1\.1 503 [\s\S]*"code":"gateway_draining"/);
});
