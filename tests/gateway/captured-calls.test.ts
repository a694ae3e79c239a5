import { expect, test } from "vitest";
import { CaptureSink } from "../support/capture-sink.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { completion, type Respond, sendJson, startUpstream } from "../support/upstream.ts";

const silent: Respond = () => {};
const cut: Respond = (_received, response) => void response.destroy();
const fail: Respond = (_received, response) => sendJson(response, { error: { message: "no" } }, 500);
const good: Respond = (_received, response) => sendJson(response, completion("Good."));

const ASK = { model: "help", messages: [{ role: "user", content: "Why?" }] };

/** A tuned variant that falls back to a prompted one, each on an upstream that answers its calls one by one. */
async function started(
  tuned: readonly Respond[],
  prompted: readonly Respond[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly gateway: TestGateway; readonly sink: CaptureSink }> {
  const upstream = async (answers: readonly Respond[]) => {
    const left = [...answers];
    return startUpstream((received, response) => (left.shift() ?? good)(received, response));
  };
  const [one, two] = await Promise.all([upstream(tuned), upstream(prompted)]);
  const sink = new CaptureSink();
  const gateway = await startGateway(
    {
      server: { port: 0 },
      retries: { most: 1, beforeFallback: 1 },
      providers: {
        one: { kind: "openai-compatible", baseURL: `${one.url}/v1` },
        two: { kind: "openai-compatible", baseURL: `${two.url}/v1` },
      },
      models: { ft: { provider: "one", model: "ft" }, base: { provider: "two", model: "base" } },
      variants: {
        tuned: { model: "ft", fallback: ["prompted"], ...more },
        prompted: { model: "base" },
      },
      routes: { help: { default: "tuned" } },
    },
    { captureSink: sink },
  );
  return { gateway, sink };
}

async function callsOf(gateway: TestGateway, sink: CaptureSink) {
  const answer = await gateway.post(ASK);
  await answer.text();
  const { calls, attempts } = await sink.of(answer.headers.get("x-request-id"));
  return { status: answer.status, attempts, calls };
}

test("a capture tells its calls: the retries and the fallback, how each ended and when", async () => {
  const { gateway, sink } = await started([fail, cut], [good]);
  const { status, attempts, calls } = await callsOf(gateway, sink);
  expect([status, attempts]).toEqual([200, 3]);
  expect(calls).toEqual([
    {
      variant: "tuned",
      model: "ft",
      outcome: "server_error",
      status: 500,
      startedMs: expect.any(Number),
      durationMs: expect.any(Number),
      hedge: false,
      note: undefined,
    },
    expect.objectContaining({
      variant: "tuned",
      outcome: "interrupted",
      status: undefined,
      note: expect.any(String),
    }),
    expect.objectContaining({ variant: "prompted", model: "base", outcome: "success", status: 200 }),
  ]);
  for (const [index, { startedMs, durationMs }] of calls.entries()) {
    const before = calls[index - 1];
    expect(startedMs).toBeGreaterThanOrEqual(before === undefined ? 0 : before.startedMs);
    expect(durationMs).toBeGreaterThanOrEqual(0);
  }
});

test("a second call beside a silent one is told as such, and the one that it superseded stands before it", async () => {
  const { gateway, sink } = await started([silent, good], [], { hedge: 0.02 });
  const { calls } = await callsOf(gateway, sink);
  expect(calls.map(({ outcome, hedge }) => [outcome, hedge])).toEqual([
    ["superseded", false],
    ["success", true],
  ]);
});

test("an answer from the cache took no call", async () => {
  const upstream = await startUpstream(good);
  const sink = new CaptureSink();
  const gateway = await startGateway(
    {
      server: { port: 0 },
      providers: { one: { kind: "openai-compatible", baseURL: `${upstream.url}/v1` } },
      models: { ft: { provider: "one", model: "ft" } },
      variants: { tuned: { model: "ft" } },
      routes: { help: { default: "tuned", cache: { ttl: 60 } } },
    },
    { captureSink: sink },
  );
  expect((await callsOf(gateway, sink)).calls).toHaveLength(1);
  expect((await callsOf(gateway, sink)).calls).toEqual([]);
});
