import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { CaptureSink } from "../support/capture-sink.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  event,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";
import { askStream, StreamReader } from "./streaming.ts";

interface Captured {
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
  readonly sink: CaptureSink;
}

async function startCaptured(
  respond?: Respond,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Captured> {
  const upstream = await startUpstream(respond);
  const sink = new CaptureSink();
  const gateway = await startGateway(twoPaths(upstream.url, more), { captureSink: sink });
  return { upstream, gateway, sink };
}

const idOf = (answer: Response): string | null => answer.headers.get("x-request-id");

const fail: Respond = (_received, response) =>
  sendJson(response, { error: { message: "No", type: "server_error", code: "own_code" } }, 500);

test("a whole answer is captured with its decision, its usage and what it cost", async () => {
  const { gateway, sink, upstream } = await startCaptured();
  const body = `{ "model": "enriched", "messages": [{"role":"user","content":"Hi"}],
    "user":"u1", "metadata":{"tenant":"acme"}, "top_p":1.0 }`;
  const before = Date.now();
  const answer = await gateway.post(body);
  const text = await answer.text();
  const { at, durationMs, promptVersion, recipe, tableVersion, calls, ...capture } = await sink.of(
    idOf(answer),
  );
  expect(calls).toHaveLength(1);
  expect(capture).toEqual({
    id: idOf(answer),
    route: "enriched",
    rule: "all",
    variant: "prompted",
    decided: "prompted",
    path: "enriched",
    model: "base",
    provider: "up",
    propensity: 1,
    stickyBy: undefined,
    stickyKey: undefined,
    rollout: undefined,
    stage: undefined,
    run: undefined,
    epoch: undefined,
    share: undefined,
    key: undefined,
    user: "u1",
    metadata: { tenant: "acme" },
    status: 200,
    outcome: "success",
    errorCode: undefined,
    attempts: 1,
    stream: false,
    cached: false,
    simulated: false,
    inputTokens: 10,
    cachedInputTokens: 0,
    outputTokens: 5,
    addedTokens: expect.any(Number),
    costUsd: (10 * 1 + 5 * 2) / 1e6,
    firstTokenMs: undefined,
    prompt: "helper",
    content: {
      request: body,
      query: "Hi",
      answer: text,
      answerText: "ok",
      finishReason: "stop",
      truncated: false,
    },
  });
  expect(capture.addedTokens).toBeGreaterThan(0);
  expect(at).toBeGreaterThanOrEqual(before - 1);
  expect(at + durationMs).toBeLessThanOrEqual(Date.now() + 1);
  expect(promptVersion).toMatch(/^[0-9a-f]{12}$/);
  expect(tableVersion).toMatch(/^[0-9a-f]{12}$/);
  expect(sink.recipes.map(({ version }) => version)).toEqual([recipe]);
  expect(upstream.received).toHaveLength(1);
  expect(await gateway.metric("crossover_captures_total", { outcome: "stored" })).toBe(1);
});

test("a capture tells by which table and at which share of a rollout it was decided", async () => {
  const { gateway, sink } = await startCaptured(undefined, {
    rollouts: { move: { control: "prompted", candidate: "tuned", stages: [1, 25], stage: 1 } },
    routes: { moving: { default: { rollout: "move" } }, still: { default: "tuned" } },
  });
  const captured = async (model: string) => {
    const answer = await gateway.post({ model, messages: [{ role: "user", content: "Hi" }] });
    await answer.text();
    return sink.of(idOf(answer));
  };
  const moving = await captured("moving");
  expect(moving).toMatchObject({ rollout: "move", stage: 1, share: 0.25 });
  // Nobody has started it.
  expect([moving.run, moving.epoch]).toEqual([undefined, undefined]);
  const still = await captured("still");
  expect([still.rollout, still.share]).toEqual([undefined, undefined]);
  expect(still.tableVersion).toBe(moving.tableVersion);
});

test("each variant has its own recipe, which comes with its captures", async () => {
  const { gateway, sink } = await startCaptured();
  for (const model of ["enriched", "bare", "enriched", "bare"]) await gateway.post({ ...ASK, model });
  await sink.all(4);
  expect(new Set(sink.recipes.map(({ version }) => version)).size).toBe(2);
  expect(new Set(sink.captures.map(({ recipe }) => recipe)).size).toBe(2);
});

test("a stream is captured as the answer that it would have been whole, with its usage, which the client did not see", async () => {
  const { gateway, sink } = await startCaptured(respondStream(["Good ", "morning"]));
  const answer = await gateway.post(ASK_STREAM);
  expect(await answer.text()).not.toContain("usage");
  const capture = await sink.of(idOf(answer));
  expect(capture).toMatchObject({ stream: true, inputTokens: 10, outputTokens: 5, status: 200 });
  expect(capture.firstTokenMs).toBeGreaterThan(0);
  expect(capture.content).toMatchObject({
    answerText: "Good morning",
    finishReason: "stop",
    truncated: false,
  });
  expect(JSON.parse(capture.content?.answer ?? "")).toMatchObject({
    object: "chat.completion",
    choices: [{ message: { role: "assistant", content: "Good morning" }, finish_reason: "stop" }],
  });
});

test("a long stream is put together on its way", async () => {
  const word = "é".repeat(1000);
  const { gateway, sink } = await startCaptured(respondStream(new Array(300).fill(word)));
  const answer = await gateway.post(ASK_STREAM);
  await answer.text();
  const { content } = await sink.of(idOf(answer));
  expect(content?.answerText === word.repeat(300)).toBe(true);
  expect(content).toMatchObject({ truncated: false, finishReason: "stop" });
});

test.each([
  ["streamed", true],
  ["whole", false],
])("an answer without end is cut, %s", async (_how, stream) => {
  const word = "x".repeat(10_000);
  const respond: Respond = (received, response) =>
    stream
      ? respondStream(new Array(150).fill(word))(received, response)
      : sendJson(response, completion(word.repeat(150)));
  const { gateway, sink } = await startCaptured(respond);
  const answer = await gateway.post(stream ? ASK_STREAM : ASK);
  expect((await answer.text()).length).toBeGreaterThan(1_500_000);
  const { content } = await sink.of(idOf(answer));
  expect(content?.truncated).toBe(true);
  expect(content?.answerText.length).toBeLessThanOrEqual(1024 * 1024);
});

test("tool calls and several choices of a stream are captured", async () => {
  const many = (index: number, delta: unknown, finish: string | null = null): string =>
    event({ id: "c", choices: [{ index, delta, finish_reason: finish }] });
  const { gateway, sink } = await startCaptured((_received, response) => {
    startStream(response);
    const call = (args: string, more = {}): unknown => ({
      tool_calls: [{ index: 0, ...more, function: { name: "look", arguments: args } }],
    });
    response.write(many(1, { role: "assistant", content: "second" }));
    response.write(many(0, { role: "assistant", content: null }));
    response.write(many(0, call('{"q":', { id: "call_1", type: "function" })));
    response.write(many(0, call('"soup"}')));
    response.end(many(0, {}, "tool_calls") + many(1, {}, "stop") + DONE);
  });
  const answer = await gateway.post({ ...ASK_STREAM, n: 2 });
  await answer.text();
  const { content } = await sink.of(idOf(answer));
  expect(JSON.parse(content?.answer ?? "").choices).toEqual([
    {
      index: 0,
      message: {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "look", arguments: '{"q":"soup"}' } },
        ],
      },
      finish_reason: "tool_calls",
    },
    { index: 1, message: { role: "assistant", content: "second" }, finish_reason: "stop" },
  ]);
  expect(content).toMatchObject({ answerText: "", finishReason: "tool_calls" });
});

test("an upstream's error is captured with what the client got", async () => {
  const { gateway, sink } = await startCaptured(fail);
  const answer = await gateway.post(ASK);
  const told = await answer.text();
  const capture = await sink.of(idOf(answer));
  expect(capture).toMatchObject({ status: 500, outcome: "server_error", errorCode: "own_code", attempts: 1 });
  expect(capture.content).toMatchObject({ answer: told, answerText: "", finishReason: undefined });
  expect(capture.costUsd).toBeUndefined();
});

test.each([
  [400, "client_error"],
  [429, "rate_limited"],
])("an upstream's %i is captured as %s", async (status, outcome) => {
  const { gateway, sink } = await startCaptured((_received, response) =>
    sendJson(response, { error: { message: "No", type: "x", code: "their_code" } }, status),
  );
  const answer = await gateway.post(ASK);
  expect(await sink.of(idOf(answer))).toMatchObject({ status, outcome, errorCode: "their_code" });
});

test("after a fallback the variant that answered is told beside the one that was decided on", async () => {
  const variants = {
    prompted: { model: "base", prompt: "helper" },
    tuned: { model: "ft", fallback: ["prompted"] },
  };
  const { gateway, sink } = await startCaptured(
    (received, response) =>
      received.body["model"] === "base-model-tuned"
        ? fail(received, response)
        : sendJson(response, completion("from the fallback")),
    { variants },
  );
  const answer = await gateway.post({ ...ASK, model: "bare" });
  expect(await sink.of(idOf(answer))).toMatchObject({
    decided: "tuned",
    variant: "prompted",
    path: "enriched",
    prompt: "helper",
    attempts: 2,
    content: { answerText: "from the fallback" },
  });
});

test("an answer that breaks off is captured as far as it came", async () => {
  const { gateway, sink } = await startCaptured((_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "Half an" }), () => response.destroy());
  });
  const answer = await gateway.post(ASK_STREAM);
  await answer.text();
  const capture = await sink.of(idOf(answer));
  expect(capture).toMatchObject({
    outcome: "interrupted",
    status: 502,
    errorCode: "upstream_stream_interrupted",
  });
  expect(capture.content).toMatchObject({ answerText: "Half an", finishReason: undefined });
  expect(JSON.parse(capture.content?.answer ?? "").error.code).toBe("upstream_stream_interrupted");
});

test("what a client got that left is captured", async () => {
  const { gateway, sink } = await startCaptured((_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "Part" }));
  });
  const leaving = new AbortController();
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(askStream()),
    signal: leaving.signal,
  });
  await new StreamReader(answer).untilHas("Part");
  leaving.abort();
  expect(await sink.of(idOf(answer))).toMatchObject({
    outcome: "client_closed",
    status: 499,
    content: { answerText: "Part" },
  });
});

test("an answer from the cache is captured, and nobody is paid for it", async () => {
  const rules = { rules: [{ name: "all", use: "tuned" }] };
  const { gateway, sink } = await startCaptured(undefined, {
    routes: { bare: { ...rules, cache: { ttl: 60 } } },
  });
  await gateway.post(ASK);
  const again = await gateway.post(ASK);
  expect(again.headers.get("x-crossover-cache")).toBe("hit");
  expect(await sink.of(idOf(again))).toMatchObject({
    cached: true,
    attempts: 0,
    outcome: "success",
    costUsd: undefined,
    inputTokens: undefined,
    addedTokens: 0,
    content: { answerText: "ok" },
  });
});

test("a request without a decision and a dry run are no captures", async () => {
  const { gateway, sink } = await startCaptured();
  await gateway.post({ ...ASK, model: "nobody" });
  await gateway.post({ model: "bare" });
  await gateway.post(ASK, { "x-crossover-dry-run": "true" });
  const answer = await gateway.post(ASK);
  await sink.of(idOf(answer));
  expect(sink.captures).toHaveLength(1);
  expect(sink.requests).toBe(1);
});

test("safety_identifier stands for a user, and the key's name is told", async () => {
  const { gateway, sink } = await startCaptured(undefined, {
    keys: { app: { secret: "client-key-0123456789" } },
  });
  const body = { ...ASK, safety_identifier: "person-7" };
  const answer = await gateway.post(body, { authorization: "Bearer client-key-0123456789" });
  expect(await sink.of(idOf(answer))).toMatchObject({ user: "person-7", key: "app" });
});

test("hours count what requests took", async () => {
  const { gateway, sink, upstream } = await startCaptured();
  for (let i = 0; i < 3; i++) await gateway.post(ASK);
  upstream.respond(fail);
  await gateway.post(ASK);
  await until(() => sink.requests === 4);
  const sum = (name: "errors" | "priced" | "inputTokens" | "costUsd"): number =>
    sink.usage.reduce((total, hour) => total + hour[name], 0);
  expect([sum("errors"), sum("priced"), sum("inputTokens")]).toEqual([1, 3, 30]);
  expect(sum("costUsd")).toBeCloseTo((3 * (10 * 3 + 5 * 6)) / 1e6);
  expect(sink.usage[0]).toMatchObject({ route: "bare", variant: "tuned", path: "bare", model: "ft" });
});

test("what was captured is stored before the gateway has stopped", async () => {
  const { gateway, sink } = await startCaptured();
  await Promise.all(Array.from({ length: 20 }, () => gateway.post(ASK)));
  await gateway.close(1000);
  expect(sink.captures).toHaveLength(20);
});

test("a bug in capturing is logged and changes no answer", async () => {
  const { gateway } = await startCaptured();
  const { captures } = gateway.gateway;
  if (captures === undefined) throw new TypeError("nothing is captured");
  captures.take = () => {
    throw new TypeError("a bug");
  };
  const answer = await gateway.post(ASK);
  expect([answer.status, (await answer.json()).choices[0].message.content]).toEqual([200, "ok"]);
  await until(() => gateway.logs.some(({ message }) => message === "internal error"));
  expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
});

test("a store that hangs or fails changes no answer", async () => {
  const upstream = await startUpstream();
  let writes = 0;
  const captureSink = {
    write: (): Promise<void> =>
      writes++ === 0 ? Promise.reject(new Error("broken")) : new Promise(() => {}),
  };
  const gateway = await startGateway(twoPaths(upstream.url), { captureSink });
  for (let i = 0; i < 5; i++) {
    expect((await gateway.post(ASK)).status).toBe(200);
    await until(() => writes > Math.min(i, 1));
  }
  expect(await gateway.metric("crossover_captures_total", { outcome: "stored" })).toBe(0);
  expect(await gateway.metric("crossover_capture_queue_requests")).toBeGreaterThan(0);
  expect(await gateway.metric("crossover_capture_queue_bytes")).toBeGreaterThan(1000);
});

test("a client that leaves before its answer has begun is captured without one", async () => {
  const { gateway, sink, upstream } = await startCaptured(() => {});
  const { hostname, port } = new URL(gateway.url);
  const sent = httpRequest({
    hostname,
    port,
    path: "/v1/chat/completions",
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  sent.on("error", () => {});
  sent.end(JSON.stringify(ASK));
  await until(() => upstream.received.length === 1);
  sent.destroy();
  const [capture] = await sink.all(1);
  expect(capture).toMatchObject({ outcome: "client_closed", content: { answer: undefined, answerText: "" } });
});

test("an answer of the simulator in a provider's place is captured as one", async () => {
  const sink = new CaptureSink();
  const gateway = await startGateway(
    {
      providers: {
        openai: { kind: "openai", apiKey: "", withoutKey: "simulator" },
        real: { kind: "openai", apiKey: "a-key-of-nobody", withoutKey: "simulator" },
      },
      models: { played: { provider: "openai", model: "gpt" }, real: { provider: "real", model: "gpt" } },
      variants: { played: { model: "played" }, real: { model: "real" } },
      routes: { route: { rules: [{ use: "played" }] } },
    },
    { captureSink: sink },
  );
  const answer = await gateway.post({ ...ASK, model: "route" });
  expect(answer.headers.get("x-simulated")).toBe("true");
  expect(await sink.of(idOf(answer))).toMatchObject({ provider: "openai", simulated: true });
  expect([...gateway.gateway.table.models.values()].map(({ simulated }) => simulated)).toEqual([true, false]);
});
