import { expect, test } from "vitest";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

/** Every answer another one, so that a copy can be told from it. */
const numbered: Respond = (received, response) => {
  const text = `answer ${Math.random()}`;
  if (received.body["stream"] !== true) return sendJson(response, completion(text));
  startStream(response);
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  response.write(chunk({ role: "assistant", content: "" }));
  response.write(chunk({ content: text }));
  response.write(chunk({}, "stop"));
  response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\n${DONE}`);
};

async function startCached(
  respond = numbered,
  more: Readonly<Record<string, unknown>> = {},
): Promise<{ upstream: Upstream; gateway: TestGateway }> {
  const upstream = await startUpstream(respond);
  const rules = { rules: [{ name: "all", use: "tuned" }] };
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      routes: { bare: { ...rules, cache: { ttl: 60 } }, uncached: rules },
      ...more,
    }),
  );
  return { upstream, gateway };
}

const cacheOf = (answer: Response): string | null => answer.headers.get("x-crossover-cache");

test.each([
  ["whole", ASK],
  ["streamed", ASK_STREAM],
])("the same request gets the same answer again, %s, and nobody is called", async (_how, request) => {
  const { upstream, gateway } = await startCached();
  const first = await gateway.post(request);
  const text = await first.text();
  expect(cacheOf(first)).toBe("miss");
  const second = await gateway.post(request);
  expect(await second.text()).toBe(text);
  expect([second.status, cacheOf(second), second.headers.get("age")]).toEqual([200, "hit", "0"]);
  for (const name of ["content-type", "x-crossover-variant", "x-crossover-rule", "x-crossover-path"])
    expect(second.headers.get(name)).toBe(first.headers.get(name));
  expect(second.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
  expect(upstream.received).toHaveLength(1);
  const lookups = (result: string): Promise<number> =>
    gateway.metric("crossover_cache_lookups_total", { route: "bare", result });
  expect([await lookups("miss"), await lookups("hit")]).toEqual([1, 1]);
  expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(2);
  expect(await gateway.metric("crossover_upstream_attempts_total")).toBe(1);
  await until(() => gateway.logs.at(-1)?.fields["note"] === "cached");
  await expectCalm(gateway);
});

test("a copy costs nothing: its tokens are not counted again", async () => {
  const { gateway } = await startCached();
  await (await gateway.post(ASK)).text();
  const sums = async (): Promise<number[]> => [
    await gateway.metric("crossover_tokens_total"),
    await gateway.metric("crossover_cost_usd_total"),
  ];
  const before = await sums();
  expect(before[0]).toBeGreaterThan(0);
  await (await gateway.post(ASK)).text();
  expect(await sums()).toEqual(before);
});

test.each<[string, object]>([
  ["another question", { messages: [{ role: "user", content: "Hi!" }] }],
  ["another parameter", { temperature: 0.5 }],
  ["a stream", { stream: true }],
  ["an unknown member", { foo: 1 }],
  ["another user", { user: "ada" }],
  ["another route", { model: "uncached" }],
])("%s is another request", async (_name, change) => {
  const { upstream, gateway } = await startCached();
  await (await gateway.post(ASK)).text();
  await (await gateway.post({ ...ASK, ...change })).text();
  expect(upstream.received).toHaveLength(2);
});

test("the usage chunk of a stream comes to those only who asked for it", async () => {
  const { upstream, gateway } = await startCached();
  const asking = { ...ASK_STREAM, stream_options: { include_usage: true } };
  for (const request of [ASK_STREAM, asking, ASK_STREAM, asking]) {
    const text = await (await gateway.post(request)).text();
    expect(text.includes('"usage"')).toBe(request === asking);
  }
  expect(upstream.received).toHaveLength(2);
});

test("no client gets what another's key asked for", async () => {
  const keys = { ada: { secret: "ada-secret-number-1" }, bob: { secret: "bob-secret-number-1" } };
  const { upstream, gateway } = await startCached(numbered, { keys });
  const ask = (name: string): Promise<Response> =>
    gateway.post(ASK, { authorization: `Bearer ${name}-secret-number-1` });
  const states: (string | null)[] = [];
  for (const name of ["ada", "bob", "ada", "bob"]) {
    const answer = await ask(name);
    await answer.text();
    states.push(cacheOf(answer));
  }
  expect(states).toEqual(["miss", "miss", "hit", "hit"]);
  expect(upstream.received).toHaveLength(2);
});

const toolCall = {
  message: {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "1", type: "function", function: { name: "pay", arguments: "{}" } }],
  },
  finish_reason: "tool_calls",
  index: 0,
};

test.each<[string, Respond]>([
  ["an error", (_received, response) => sendJson(response, { error: { message: "no" } }, 400)],
  [
    "a call of a tool",
    (_received, response) => sendJson(response, { ...completion(""), choices: [toolCall] }),
  ],
  [
    "a streamed call of a tool",
    (_received, response) => {
      startStream(response);
      response.end(
        `${chunk({ tool_calls: [{ index: 0, id: "1", type: "function", function: { name: "pay", arguments: "{}" } }] })}${chunk({}, "tool_calls")}${DONE}`,
      );
    },
  ],
  [
    "a stream that breaks off",
    (_received, response) => {
      startStream(response);
      response.write(chunk({ content: "Hello" }), () => response.destroy());
    },
  ],
])("%s is not kept", async (_name, respond) => {
  const { upstream, gateway } = await startCached(respond);
  const streams = upstream.received.length;
  for (let i = 0; i < 2; i++) {
    const answer = await gateway.post(_name.includes("stream") ? ASK_STREAM : ASK);
    await answer.text();
    expect(cacheOf(answer)).not.toBe("hit");
  }
  expect(upstream.received).toHaveLength(streams + 2);
});

test("words about tool calls and an empty list of them are no call", async () => {
  const message = {
    role: "assistant",
    content: 'Say "tool_calls": [1]',
    tool_calls: [],
    function_call: null,
  };
  const { upstream, gateway } = await startCached((_received, response) =>
    sendJson(response, { ...completion(""), choices: [{ index: 0, message, finish_reason: "stop" }] }),
  );
  for (let i = 0; i < 2; i++) await (await gateway.post(ASK)).text();
  expect(upstream.received).toHaveLength(1);
});

test("an answer that the upstream is to store is asked for each time", async () => {
  const { upstream, gateway } = await startCached();
  for (let i = 0; i < 2; i++) await (await gateway.post({ ...ASK, store: true })).text();
  expect(upstream.received).toHaveLength(2);
});

test("a client can ask for a new answer, and for nothing to be kept", async () => {
  const { upstream, gateway } = await startCached();
  const ask = async (control: string): Promise<string | null> => {
    const answer = await gateway.post(ASK, { "cache-control": control });
    await answer.text();
    return cacheOf(answer);
  };
  expect(await ask("no-store")).toBeNull();
  expect(await ask("")).toBe("miss");
  expect(await ask("no-cache")).toBe("miss");
  expect(await ask("")).toBe("hit");
  expect(await ask("no-store")).toBeNull();
  expect(upstream.received).toHaveLength(4);
});

test("a fallback's answer is not given for the variant that failed", async () => {
  const { upstream, gateway } = await startCached(
    (received, response) =>
      received.body["model"] === "base-model"
        ? numbered(received, response)
        : sendJson(response, { error: { message: "no" } }, 500),
    {
      variants: {
        prompted: { model: "base", prompt: "helper" },
        tuned: { model: "ft", fallback: ["prompted"] },
      },
    },
  );
  await (await gateway.post(ASK)).text();
  upstream.respond(numbered);
  const answer = await gateway.post(ASK);
  expect([cacheOf(answer), answer.headers.get("x-crossover-variant")]).toEqual(["miss", "tuned"]);
});

test("another prompt asks anew", async () => {
  const { upstream, gateway } = await startCached();
  const config = (system: string): object =>
    twoPaths(upstream.url, {
      prompts: { helper: { system } },
      routes: { bare: { default: "prompted", cache: { ttl: 60 } } },
    });
  for (const system of ["One.", "Two.", "Two."]) {
    gateway.write(config(system));
    gateway.reload();
    await (await gateway.post(ASK)).text();
  }
  expect(upstream.received).toHaveLength(2);
});

test("an answer is never older than the route allows, whoever had it kept", async () => {
  const rules = [{ name: "all", use: "tuned" }];
  const { upstream, gateway } = await startCached(numbered, {
    routes: { long: { rules, cache: { ttl: 3600 } }, short: { rules, cache: { ttl: 0.001 } } },
  });
  const ask = async (model: string): Promise<string | null> => {
    const answer = await gateway.post({ ...ASK, model });
    await answer.text();
    return cacheOf(answer);
  };
  expect(await ask("long")).toBe("miss");
  const kept = performance.now();
  await until(() => performance.now() > kept + 5);
  expect([await ask("short"), await ask("long")]).toEqual(["miss", "hit"]);
  expect(upstream.received).toHaveLength(2);
});

test("a null for tool calls is none, with a blank before it too", async () => {
  const body = completion("ok");
  const message = { role: "assistant", content: "ok", tool_calls: null, function_call: null };
  const { upstream, gateway } = await startCached((_received, response) =>
    sendJson(
      response,
      JSON.stringify({ ...body, choices: [{ index: 0, message, finish_reason: "stop" }] }, null, 2),
    ),
  );
  for (let i = 0; i < 2; i++) await (await gateway.post(ASK)).text();
  expect(upstream.received).toHaveLength(1);
});

test("who gets a name after another does not get the other's answers", async () => {
  const { upstream, gateway } = await startCached(numbered, {
    keys: { web: { secret: "first-secret-of-web" } },
  });
  await (await gateway.post(ASK, { authorization: "Bearer first-secret-of-web" })).text();
  const rules = { rules: [{ name: "all", use: "tuned" }] };
  gateway.write(
    twoPaths(upstream.url, {
      keys: { web: { secret: "second-secret-of-web" } },
      routes: { bare: { ...rules, cache: { ttl: 60 } } },
    }),
  );
  gateway.reload();
  const answer = await gateway.post(ASK, { authorization: "Bearer second-secret-of-web" });
  expect(cacheOf(answer)).toBe("miss");
});
