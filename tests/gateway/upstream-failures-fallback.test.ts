import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
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
import { expectErrorEvent } from "./failing.ts";

const messages = [
  { role: "system", content: "Old instructions" },
  { role: "user", content: "Why?" },
];
const ask = (model: string, more: object = {}): object => ({ model, messages, ...more });
const PROMPTED = [
  { role: "system", content: "You are a helper.\n\nOld instructions" },
  { role: "user", content: "Example question" },
  { role: "assistant", content: "Example answer" },
  { role: "user", content: "Question: Why?" },
];
const BARE = [{ role: "user", content: "Why?" }];

const error =
  (status: number): Respond =>
  (_received, response) =>
    sendJson(response, { error: { message: "no", type: "t", param: null, code: "c" } }, status);
const cut: Respond = (_received, response) => void response.destroy();
const silent: Respond = () => {};
const garbage: Respond = (_received, response) => void response.end("<html>");

interface Chain {
  readonly tuned: Upstream;
  readonly prompted: Upstream;
  readonly spare: Upstream;
  readonly gateway: TestGateway;
}

/** Three variants on three upstreams; routes that begin with each kind of variant. */
async function startChain(
  tunedAnswers?: Respond,
  promptedAnswers?: Respond,
  spareAnswers?: Respond,
): Promise<Chain> {
  const tuned = await startUpstream(tunedAnswers);
  const prompted = await startUpstream(promptedAnswers);
  const spare = await startUpstream(spareAnswers);
  const provider = ({ url }: Upstream): object => ({
    kind: "openai-compatible",
    baseURL: `${url}/v1`,
    timeouts: { firstByte: 0.5 },
  });
  const gateway = await startGateway({
    server: { port: 0 },
    retries: { most: 0 },
    providers: { one: provider(tuned), two: provider(prompted), three: provider(spare) },
    models: {
      ft: { provider: "one", model: "model-tuned" },
      base: { provider: "two", model: "base-model" },
      other: { provider: "three", model: "other-model" },
    },
    prompts: {
      helper: {
        system: "You are a helper.",
        examples: [{ user: "Example question", assistant: "Example answer" }],
        cue: "Question: {{ query }}",
      },
    },
    variants: {
      tuned: { model: "ft", fallback: ["prompted", "spare"], params: { seed: 1 } },
      prompted: { model: "base", prompt: "helper", fallback: ["tuned"], params: { temperature: 0.2 } },
      spare: { model: "other", fallback: ["tuned"] },
      alone: { model: "ft" },
      pair: { model: "ft", fallback: ["prompted"] },
    },
    routes: Object.fromEntries(
      ["tuned", "prompted", "alone", "pair"].map((use) => [use, { rules: [{ name: "all", use }] }]),
    ),
  });
  return { tuned, prompted, spare, gateway };
}

const fellBack = ({ gateway }: Chain, from: string, to: string): Promise<number> =>
  gateway.metric("crossover_fallbacks_total", { route: "tuned", from, to });

test.each([
  ["500", error(500), "server_error"],
  ["503", error(503), "server_error"],
  ["429", error(429), "rate_limited"],
  ["408", error(408), "server_error"],
  ["401", error(401), "auth_failed"],
  ["a broken connection", cut, "interrupted"],
  ["garbage", garbage, "bad_response"],
  ["silence", silent, "timeout"],
])("after %s the next variant answers, with the prompt built anew", async (_name, respond, outcome) => {
  const chain = await startChain(respond);
  const { tuned, prompted, spare, gateway } = chain;
  const answer = await gateway.post(ask("tuned"));
  expect([answer.status, await answer.json()]).toEqual([200, completion("ok")]);
  const header = (name: string): string | null => answer.headers.get(`x-crossover-${name}`);
  expect([header("route"), header("rule"), header("variant"), header("path")]).toEqual([
    "tuned",
    "all",
    "prompted",
    "enriched",
  ]);
  expect(tuned.received.map(({ body }) => body)).toEqual([{ model: "model-tuned", messages: BARE, seed: 1 }]);
  expect(prompted.received.map(({ body }) => body)).toEqual([
    { model: "base-model", messages: PROMPTED, temperature: 0.2 },
  ]);
  expect(spare.received).toEqual([]);
  expect([await fellBack(chain, "tuned", "prompted"), await fellBack(chain, "prompted", "spare")]).toEqual([
    1, 0,
  ]);
  const attempts = (labels: Record<string, string>): Promise<number> =>
    gateway.metric("crossover_upstream_attempts_total", { route: "tuned", ...labels });
  expect(await attempts({ variant: "tuned", path: "bare", outcome })).toBe(1);
  expect(await attempts({ variant: "prompted", path: "enriched", outcome: "success" })).toBe(1);
  const requests = { route: "tuned", variant: "prompted", status: "200" };
  expect(await gateway.metric("crossover_requests_total", requests)).toBe(1);
  expect(await gateway.metric("crossover_requests_total")).toBe(1);
  expect(await gateway.metric("crossover_decisions_total", { variant: "tuned" })).toBe(1);
  await expectCalm(gateway);
});

test("from the enriched path to the bare one, the fine-tuned model never sees the prompt", async () => {
  const { tuned, prompted, gateway } = await startChain(undefined, error(503));
  const answer = await gateway.post(ask("prompted"));
  expect([answer.status, answer.headers.get("x-crossover-path")]).toEqual([200, "bare"]);
  expect(prompted.received[0]?.body["messages"]).toEqual(PROMPTED);
  expect(tuned.received.map(({ body }) => body)).toEqual([{ model: "model-tuned", messages: BARE, seed: 1 }]);
  expect(tuned.received[0]?.text).not.toMatch(/helper|Example|Question/);
});

test("each variant of a chain is tried once, in order; a fallback's own fallbacks are not", async () => {
  const chain = await startChain(error(500), error(500));
  const answer = await chain.gateway.post(ask("tuned"));
  expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "spare"]);
  expect([chain.tuned, chain.prompted, chain.spare].map(({ received }) => received.length)).toEqual([
    1, 1, 1,
  ]);
  expect([await fellBack(chain, "tuned", "prompted"), await fellBack(chain, "prompted", "spare")]).toEqual([
    1, 1,
  ]);
});

test.each([400, 404, 413, 422])("a %d is the client's fault: no other variant is asked", async (status) => {
  const chain = await startChain(error(status));
  const answer = await chain.gateway.post(ask("tuned"));
  expect([answer.status, (await answer.json()).error.code]).toEqual([status, "c"]);
  expect([chain.tuned, chain.prompted, chain.spare].map(({ received }) => received.length)).toEqual([
    1, 0, 0,
  ]);
  expect(await chain.gateway.metric("crossover_fallbacks_total")).toBe(0);
});

test("when all fail, the client hears of each kind of failure, of no host, and not to try again", async () => {
  const { tuned, prompted, spare, gateway } = await startChain(silent, error(500), error(429));
  const answer = await gateway.post(ask("tuned"));
  const { message } = (await answer.clone().json()).error;
  await expectRefused(answer, { status: 502, type: "server_error", code: "all_targets_failed", param: null });
  expect(message).toContain("tuned: timeout, prompted: server_error, spare: rate_limited");
  expect(answer.headers.get("x-should-retry")).toBe("false");
  expect([tuned, prompted, spare].map(({ received }) => received.length)).toEqual([1, 1, 1]);
  expect(await gateway.metric("crossover_requests_total", { route: "tuned", status: "502" })).toBe(1);
  expect(await gateway.metric("crossover_upstream_attempts_total")).toBe(3);
  await expectCalm(gateway);
});

test.each([
  [429, 429, null],
  [503, 429, null],
  [503, 503, null],
  [500, 503, "false"],
  [429, 502, "false"],
])("all failed with %d and %d: x-should-retry is %j", async (first, second, shouldRetry) => {
  const { gateway } = await startChain(error(first), error(second));
  const answer = await gateway.post(ask("pair"));
  expect([answer.status, answer.headers.get("x-should-retry")]).toEqual([502, shouldRetry]);
  expect((await answer.json()).error.code).toBe("all_targets_failed");
});

test("a variant without a fallback relays its own failure", async () => {
  const { prompted, gateway } = await startChain(error(503));
  const answer = await gateway.post(ask("alone"));
  expect([answer.status, (await answer.json()).error.code]).toEqual([503, "c"]);
  expect(answer.headers.get("x-should-retry")).toBeNull();
  expect(prompted.received).toEqual([]);
});

test("the SDK does not multiply the attempts of a chain that has failed", async () => {
  const { tuned, prompted, gateway } = await startChain(error(500), cut);
  const client = gateway.client.withOptions({ maxRetries: 2 });
  await expect(
    client.chat.completions.create({ model: "pair", messages: [{ role: "user", content: "Why?" }] }),
  ).rejects.toMatchObject({ status: 502, code: "all_targets_failed" });
  expect([tuned.received.length, prompted.received.length]).toEqual([1, 1]);
});

test("a stream that breaks before its first content is answered by the next variant, with one clean stream", async () => {
  const broken: Respond = (_received, response) => {
    startStream(response);
    response.write(chunk({ role: "assistant", content: "" }), () => response.destroy());
  };
  const { prompted, gateway } = await startChain(broken, respondStream(["Hello", " there"]));
  const answer = await gateway.post(ask("tuned", { stream: true }));
  expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
  const text = await answer.text();
  expect(text.match(/"role":"assistant"/g)).toHaveLength(1);
  expect(text.endsWith(DONE)).toBe(true);
  expect(prompted.received[0]?.body["messages"]).toEqual(PROMPTED);
});

test("a stream that begins with an error event is answered by the next variant", async () => {
  const refusing: Respond = (_received, response) => {
    startStream(response);
    response.end(
      `data: ${JSON.stringify({ error: { message: "busy", type: "requests", code: "429" } })}\n\n`,
    );
  };
  const chain = await startChain(refusing, respondStream(["Hello"]));
  const answer = await chain.gateway.post(ask("tuned", { stream: true }));
  expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
  expect(await answer.text()).not.toContain("busy");
  const attempts = { variant: "tuned", outcome: "rate_limited" };
  expect(await chain.gateway.metric("crossover_upstream_attempts_total", attempts)).toBe(1);
});

test.each(["an error event", "a cut"])(
  "a stream whose headers come long before %s is answered by the next variant all the same",
  async (how) => {
    const late: Respond = (_received, response) => {
      startStream(response);
      response.flushHeaders();
      setTimeout(() => {
        if (how === "a cut") response.destroy();
        else response.end('data: {"error":{"message":"busy","type":"requests","code":"429"}}\n\n');
      }, 350);
    };
    const chain = await startChain(late, respondStream(["Hello"]));
    const answer = await chain.gateway.post(ask("tuned", { stream: true }));
    expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
    expect(await answer.text()).not.toContain("busy");
  },
);

test.each([
  ["broken", "upstream_stream_interrupted"],
  ["silent", "upstream_stalled"],
])("a stream that is %s after its first content is never given to another variant", async (how, code) => {
  const begun = chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" });
  const failing: Respond = (_received, response) => {
    startStream(response);
    response.write(begun, () => {
      if (how === "broken") response.destroy();
    });
  };
  const tuned = await startUpstream(failing);
  const prompted = await startUpstream();
  const provider = ({ url }: Upstream): object => ({ kind: "openai-compatible", baseURL: `${url}/v1` });
  const gateway = await startGateway({
    timeouts: { idle: 0.4 },
    providers: { one: provider(tuned), two: provider(prompted) },
    models: { ft: { provider: "one", model: "model-tuned" }, base: { provider: "two", model: "base-model" } },
    variants: { tuned: { model: "ft", fallback: ["plain"] }, plain: { model: "base" } },
    routes: { tuned: { rules: [{ use: "tuned" }] } },
  });
  const text = await (await gateway.post(ask("tuned", { stream: true }))).text();
  expect(text.startsWith(begun)).toBe(true);
  expectErrorEvent(text, code);
  expect(text.match(/Hello/g)).toHaveLength(1);
  expect([tuned.received.length, prompted.received.length]).toEqual([1, 0]);
  expect(await gateway.metric("crossover_fallbacks_total")).toBe(0);
  await expectCalm(gateway);
});
