import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK } from "./failing.ts";

const failing: Respond = (_received, response) => sendJson(response, { error: { message: "no" } }, 500);
const well: Respond = (_received, response) => sendJson(response, completion("ok"));
const ENRICHED = { ...ASK, model: "enriched" };

const circuit = (gateway: TestGateway, model = "ft"): Promise<number> =>
  gateway.metric("crossover_circuit_state", { model, provider: "up" });

/** A gateway whose circuit for the fine-tuned model has just opened. */
async function startOpen(
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream((received, response) =>
    (received.body["model"] === "base-model" ? well : failing)(received, response),
  );
  const gateway = await startGateway(twoPaths(upstream.url, { breaker: { wait: 0.5 }, ...more }));
  expect([await circuit(gateway), await circuit(gateway, "base")]).toEqual([0, 0]);
  for (let i = 0; i < 20; i++) await (await gateway.post(ASK)).text();
  expect(await circuit(gateway)).toBe(2);
  return { upstream, gateway };
}

test("a model that fails too often is called no more, and the client hears when to come back", async () => {
  const { upstream, gateway } = await startOpen({ breaker: { wait: 30 } });
  const answer = await gateway.post(ASK);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(25);
  await expectRefused(answer, { status: 503, type: "server_error", code: "circuit_open", param: null });
  expect(upstream.received).toHaveLength(20);
  expect(await gateway.metric("crossover_upstream_attempts_total", { model: "ft" })).toBe(20);
  expect(gateway.logs.find(({ message }) => message === "circuit changed")?.fields).toEqual({
    model: "ft",
    provider: "up",
    circuit: "open",
  });
  expect([(await gateway.post(ENRICHED)).status, await circuit(gateway, "base")]).toEqual([200, 0]);
  await expectCalm(gateway);
});

test("while the circuit is open the fallback answers, with the prompt built for it", async () => {
  const { upstream, gateway } = await startOpen({
    breaker: { wait: 30 },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft", fallback: ["prompted"] },
    },
  });
  const calls = upstream.received.length;
  const answer = await gateway.post(ASK);
  expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
  expect(answer.headers.get("x-crossover-attempts")).toBeNull();
  expect(upstream.received.slice(calls).map(({ body }) => body["model"])).toEqual(["base-model"]);
  expect(upstream.received.at(-1)?.text).toContain("Question: Hi");
});

test("where the circuits of a whole chain are open, the client hears when the first may be asked again", async () => {
  const upstream = await startUpstream(failing);
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      breaker: { requests: 2, wait: 30 },
      variants: { prompted: { model: "base" }, tuned: { model: "ft", fallback: ["prompted"] } },
    }),
  );
  for (let i = 0; i < 2; i++) await (await gateway.post(ASK)).text();
  const answer = await gateway.post(ASK);
  expect([answer.status, (await answer.json()).error.code]).toEqual([502, "all_targets_failed"]);
  expect(answer.headers.get("x-should-retry")).toBeNull();
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(25);
  expect(upstream.received).toHaveLength(4);
});

test("five failures in a row that the fallback answers are enough; as many without a fallback are not", async () => {
  const upstream = await startUpstream((received, response) =>
    (received.body["model"] === "base-model" ? well : failing)(received, response),
  );
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      models: {
        base: { provider: "up", model: "base-model" },
        ft: { provider: "up", model: "tuned-one" },
        alone: { provider: "up", model: "tuned-two" },
      },
      variants: {
        prompted: { model: "base", prompt: "helper" },
        tuned: { model: "ft", fallback: ["prompted"] },
        alone: { model: "alone" },
      },
      routes: { bare: { default: "tuned" }, alone: { default: "alone" } },
    }),
  );
  for (let i = 0; i < 8; i++) {
    expect((await gateway.post(ASK)).status).toBe(200);
    expect((await gateway.post({ ...ASK, model: "alone" })).status).toBe(500);
  }
  const calls = (model: string): number =>
    upstream.received.filter(({ body }) => body["model"] === model).length;
  expect([calls("tuned-one"), calls("tuned-two"), calls("base-model")]).toEqual([5, 8, 8]);
  expect([await circuit(gateway), await circuit(gateway, "alone")]).toEqual([2, 0]);
});

test("of a hundred clients at a time one probes the model; when it answers, all are served again", async () => {
  const { upstream, gateway } = await startOpen();
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  upstream.respond(async (received, response) => {
    await held;
    return well(received, response);
  });
  const statuses = async (): Promise<number[]> => {
    const answers = await Promise.all(Array.from({ length: 99 }, () => gateway.post(ASK)));
    return answers.map(({ status }) => status);
  };
  // Refused at once while the circuit is open; the first that is not is held by the upstream.
  let probe = gateway.post(ASK);
  const arrived = until(() => upstream.received.length > 20);
  while (!(await Promise.race([probe.then(() => false), arrived]))) probe = gateway.post(ASK);
  expect(await circuit(gateway)).toBe(1);
  expect(await statuses()).toEqual(new Array(99).fill(503));
  expect(upstream.received).toHaveLength(21);
  goOn();
  expect((await probe).status).toBe(200);
  expect(await circuit(gateway)).toBe(0);
  expect(await statuses()).toEqual(new Array(99).fill(200));
});

test("a probe has shown enough when its stream begins: others need not wait for its end", async () => {
  const { upstream, gateway } = await startOpen();
  upstream.respond((received, response) => {
    if (received.body["stream"] !== true) return well(received, response);
    startStream(response);
    response.write(chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" }));
  });
  const stream = await until(async () => {
    const answer = await gateway.post({ ...ASK, stream: true });
    return answer.status === 200 ? answer : undefined;
  });
  expect(await circuit(gateway)).toBe(0);
  expect((await gateway.post(ASK)).status).toBe(200);
  await stream.body?.cancel();
});

test.each([
  ["a fallback's 400", (_received, response) => sendJson(response, { error: { message: "no" } }, 400)],
  ["a fallback's copy from the cache", undefined],
] satisfies [string, Respond | undefined][])(
  "%s does not show that the model is to blame",
  async (_name, fallback) => {
    const upstream = await startUpstream((received, response) =>
      (received.body["model"] === "base-model" ? (fallback ?? well) : failing)(received, response),
    );
    const gateway = await startGateway(
      twoPaths(upstream.url, {
        variants: { prompted: { model: "base" }, tuned: { model: "ft", fallback: ["prompted"] } },
        routes: { bare: { default: "tuned", cache: { ttl: 60 } } },
      }),
    );
    for (let i = 0; i < 8; i++) await (await gateway.post(ASK)).text();
    expect(upstream.received.filter(({ body }) => body["model"] !== "base-model")).toHaveLength(8);
    expect(await circuit(gateway)).toBe(0);
  },
);

test("a reload keeps what is known of a model, and forgets it with another address or key", async () => {
  const { upstream, gateway } = await startOpen({ breaker: { wait: 30 } });
  const config = twoPaths(upstream.url, { breaker: { wait: 30 } });
  gateway.write({ ...config, server: { port: 0, maxDepth: 63 } });
  gateway.reload();
  expect([await circuit(gateway), (await gateway.post(ASK)).status]).toEqual([2, 503]);
  const up = { kind: "openai-compatible", baseURL: `${upstream.url}/v1`, apiKey: "another-key" };
  gateway.write({ ...config, providers: { up } });
  gateway.reload();
  upstream.respond(well);
  expect([await circuit(gateway), (await gateway.post(ASK)).status]).toEqual([0, 200]);
});

test("the client's own mistakes, rate limits and clients that leave open no circuit", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const status of [400, 404, 422, 429]) {
    upstream.respond((_received, response) => sendJson(response, { error: { message: "no" } }, status));
    for (let i = 0; i < 20; i++) expect((await gateway.post(ASK)).status).toBe(status);
  }
  expect(await circuit(gateway)).toBe(0);
});

test("without a breaker no circuit opens", async () => {
  const upstream = await startUpstream(failing);
  const gateway = await startGateway(twoPaths(upstream.url, { breaker: false }));
  for (let i = 0; i < 30; i++) await (await gateway.post(ASK)).text();
  expect(upstream.received).toHaveLength(30);
  expect(await circuit(gateway)).toBe(0);
});
