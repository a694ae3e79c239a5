import { expect, test } from "vitest";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

const silent: Respond = () => {};
const failing: Respond = (_received, response) => sendJson(response, { error: { message: "no" } }, 500);
const answering =
  (text: string): Respond =>
  (received, response) =>
    received.body["stream"] === true
      ? respondStream([text])(received, response)
      : sendJson(response, completion(text));

/** A gateway that calls a second time almost at once, and an upstream that answers its calls one by one. */
async function startHedged(...responds: Respond[]): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream((received, response) =>
    (responds.shift() ?? silent)(received, response),
  );
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      variants: { prompted: { model: "base" }, tuned: { model: "ft", hedge: 0.05 } },
    }),
  );
  return { upstream, gateway };
}

const attempts = (gateway: TestGateway, outcome: string): Promise<number> =>
  gateway.metric("crossover_upstream_attempts_total", { outcome });

test.each([
  ["whole", ASK],
  ["streamed", ASK_STREAM],
])(
  "when the first call stays silent the second one answers, and the first is ended: %s",
  async (_how, request) => {
    const { upstream, gateway } = await startHedged(silent, answering("second"));
    const answer = await gateway.post(request);
    expect([answer.status, answer.headers.get("x-crossover-attempts")]).toEqual([200, "2"]);
    expect(await answer.text()).toContain("second");
    await until(() => upstream.received[0]?.aborted());
    expect([await attempts(gateway, "superseded"), await attempts(gateway, "success")]).toEqual([1, 1]);
    expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(1);
    await expectCalm(gateway);
  },
);

test("the first call may still win: the second is ended, and nothing of it reaches the client", async () => {
  let goOn = (): void => {};
  const late: Respond = (_received, response) => {
    startStream(response);
    goOn = () => {
      response.write(chunk({ role: "assistant", content: "" }) + chunk({ content: "first" }));
      response.end(chunk({}, "stop") + DONE);
    };
  };
  const { upstream, gateway } = await startHedged(late, silent);
  const asked = gateway.post(ASK_STREAM);
  await until(() => upstream.received.length === 2);
  goOn();
  const answer = await asked;
  expect(await answer.text()).toContain("first");
  await until(() => upstream.received[1]?.aborted());
  expect([await attempts(gateway, "superseded"), await attempts(gateway, "success")]).toEqual([1, 1]);
  await expectCalm(gateway);
});

test("when the first call fails after the second began, the second answers", async () => {
  let fail = (): void => {};
  const failsLate: Respond = (received, response) => {
    fail = () => void failing(received, response);
  };
  let answer = (): void => {};
  const { upstream, gateway } = await startHedged(failsLate, (received, response) => {
    answer = () => void answering("second")(received, response);
  });
  const asked = gateway.post(ASK);
  await until(() => upstream.received.length === 2);
  fail();
  await until(async () => (await attempts(gateway, "server_error")) === 1);
  answer();
  expect([(await asked).status, await attempts(gateway, "success")]).toEqual([200, 1]);
});

test("when both fail the client hears of it once", async () => {
  const fails: (() => void)[] = [];
  const failsLate: Respond = (received, response) => {
    fails.push(() => void failing(received, response));
  };
  const { gateway } = await startHedged(failsLate, failsLate);
  const asked = gateway.post(ASK);
  await until(() => fails.length === 2);
  for (const fail of fails) fail();
  expect((await asked).status).toBe(500);
  expect(await attempts(gateway, "server_error")).toBe(2);
  await expectCalm(gateway);
});

test("a fast answer is asked for once", async () => {
  const { upstream, gateway } = await startHedged(answering("first"));
  expect((await gateway.post(ASK)).status).toBe(200);
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
  expect(upstream.received).toHaveLength(1);
});

test("a client that leaves ends both calls", async () => {
  const { upstream, gateway } = await startHedged(silent, silent);
  const leaving = new AbortController();
  const asked = fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ASK),
    signal: leaving.signal,
  }).catch(() => "left");
  await until(() => upstream.received.length === 2);
  leaving.abort();
  expect(await asked).toBe("left");
  await until(() => upstream.received.every(({ aborted }) => aborted()));
  await until(async () => (await gateway.metric("crossover_requests_total", { status: "499" })) === 1);
  await expectCalm(gateway);
});

test("the time to drain ends both calls", async () => {
  const { upstream, gateway } = await startHedged(silent, silent);
  const asked = gateway.post(ASK);
  await until(() => upstream.received.length === 2);
  await gateway.close(0);
  expect((await (await asked).json()).error.code).toBe("gateway_draining");
  await until(() => upstream.received.every(({ aborted }) => aborted()));
});
