import { describe, expect, test } from "vitest";
import { memberOf } from "../../src/domain/json.ts";
import {
  answerOf,
  askedOf,
  byModel,
  comparable,
  likesTheFirst,
  postCompare,
  QUESTION,
} from "../support/compare.ts";
import { startGateway, until } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  respondStream,
  sendJson,
  startStream,
  startUpstream,
} from "../support/upstream.ts";
import { expectRefused } from "./black-box.ts";

async function start(respond: Respond, more: Readonly<Record<string, unknown>> = {}) {
  const upstream = await startUpstream(respond);
  return { upstream, gateway: await startGateway(comparable(upstream.url, more)) };
}

describe("POST /v1/compare", () => {
  test("asks each variant on its own path, and tells what it answered and took", async () => {
    const { upstream, gateway } = await start(
      byModel({ "base-model": respondStream(["It ", "is."]), "ft-model": respondStream(["It ", "was."]) }),
    );
    const response = await postCompare(gateway, { expected: "It is.", temperature: 0.1 });
    expect(response.status).toBe(200);
    const { id, baseline, results, agreement } = await answerOf(response);
    expect(response.headers.get("x-request-id")).toBe(id);
    expect(baseline).toBe("prompted");
    expect(results).toMatchObject([
      {
        variant: "prompted",
        path: "enriched",
        model: "base",
        provider: "up",
        simulated: false,
        message: { role: "assistant", content: "It is." },
        finish_reason: "stop",
        usage: { input_tokens: 10, cached_input_tokens: 0, output_tokens: 5 },
        cost_usd: 20e-6, // 10 * 1 + 5 * 2 of a million
        error: null,
      },
      { variant: "tuned", path: "bare", message: { content: "It was." }, cost_usd: 60e-6, added_tokens: 0 },
    ]);
    expect(results[0]?.added_tokens).toBeGreaterThan(5);
    for (const { first_token_ms, latency_ms } of results)
      expect(first_token_ms).toBeLessThanOrEqual(latency_ms);
    expect(agreement.map(({ variant, against, exact }) => [variant, against, exact])).toEqual([
      ["tuned", "prompted", false],
      ["prompted", null, true],
      ["tuned", null, false],
    ]);
    const [enriched] = askedOf(upstream.received, "base-model");
    const [bare] = askedOf(upstream.received, "ft-model");
    expect(memberOf(enriched?.body, "messages")).toHaveLength(4);
    expect(bare?.body).toEqual({
      model: "ft-model",
      messages: QUESTION.messages,
      temperature: 0.1,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("an upstream that answers in one piece is understood too", async () => {
    const { gateway } = await start((_received, response) => sendJson(response, completion("Whole.")));
    const { results } = await answerOf(await postCompare(gateway));
    expect(results.map(({ message, first_token_ms }) => [message?.["content"], first_token_ms])).toEqual([
      ["Whole.", null],
      ["Whole.", null],
    ]);
  });

  test("tool calls are put together from the stream, and compared", async () => {
    const calling: Respond = (_received, response) => {
      startStream(response);
      const call = { index: 0, id: `call_${crypto.randomUUID()}`, type: "function" };
      response.write(chunk({ tool_calls: [{ ...call, function: { name: "weather", arguments: '{"ci' } }] }));
      response.write(chunk({ tool_calls: [{ index: 0, function: { arguments: 'ty":"Paris"}' } }] }));
      response.end(chunk({}, "tool_calls") + DONE);
    };
    const { gateway } = await start(calling);
    const { results, agreement } = await answerOf(await postCompare(gateway));
    expect(results[0]?.message?.["tool_calls"]).toMatchObject([
      { function: { name: "weather", arguments: '{"city":"Paris"}' } },
    ]);
    expect(agreement[0]).toMatchObject({ exact: true, tool_calls_equal: true });
  });

  test("a judge that takes what it reads first for better makes a tie", async () => {
    const { upstream, gateway } = await start(byModel({ "judge-model": likesTheFirst }));
    const { agreement } = await answerOf(await postCompare(gateway, { judge: true }));
    expect(agreement[0]?.judge).toMatchObject({
      outcome: "tie",
      orders_agree: false,
      verdicts: [
        { shown_first: "variant", better: "first", reason: "It came first." },
        { shown_first: "against", better: "first", reason: "It came first." },
      ],
      cost_usd: 400e-6, // twice 10 * 10 + 5 * 20 of a million
    });
    expect(askedOf(upstream.received, "judge-model")).toHaveLength(2);
  });

  test("without being asked for, the judge is not asked", async () => {
    const { upstream, gateway } = await start(byModel({}));
    const { agreement } = await answerOf(await postCompare(gateway));
    expect(agreement[0]?.judge).toBeNull();
    expect(askedOf(upstream.received, "judge-model")).toEqual([]);
  });

  test("embeddings of all answers come in one call", async () => {
    const { upstream, gateway } = await start(
      byModel({
        "base-model": respondStream(["one"]),
        "ft-model": respondStream(["two"]),
        "vector-model": (_received, response) =>
          sendJson(response, {
            object: "list",
            data: [
              { index: 1, embedding: [4, 3] },
              { index: 0, embedding: [3, 4] },
            ],
            usage: { prompt_tokens: 2, total_tokens: 2 },
          }),
      }),
      { compare: { embedding: "vectors" } },
    );
    const { agreement } = await answerOf(await postCompare(gateway));
    expect(agreement[0]?.embedding_similarity).toBeCloseTo(24 / 25, 12);
    const calls = askedOf(upstream.received, "vector-model");
    expect(calls.map(({ url, body }) => [url, body])).toEqual([
      ["/v1/embeddings", { model: "vector-model", input: ["two", "one"], encoding_format: "float" }],
    ]);
    expect(calls[0]?.headers.authorization).toBe("Bearer sk-upstream-secret-0001");
  });

  test("embeddings that can't be had leave the rest", async () => {
    const { gateway } = await start(
      byModel({ "vector-model": (_received, response) => sendJson(response, { error: {} }, 500) }),
      { compare: { embedding: "vectors" } },
    );
    const { agreement } = await answerOf(await postCompare(gateway));
    expect(agreement[0]).toMatchObject({ exact: true, embedding_similarity: null });
    expect(gateway.logs.map(({ message }) => message)).toContain("embedding failed");
  });

  test("a variant that fails tells why; its fallback is not asked, and the others answer", async () => {
    const broken = { error: { message: "No.", type: "server_error", param: null, code: "down" } };
    const { upstream, gateway } = await start(
      byModel({ "base-model": (_received, response) => sendJson(response, broken, 503) }),
    );
    const { results, agreement } = await answerOf(await postCompare(gateway));
    expect(results.map(({ error }) => error)).toEqual([{ status: 503, code: "down", message: "No." }, null]);
    expect(agreement).toEqual([]);
    expect(upstream.received).toHaveLength(2);
  });

  test("a variant that fails once is tried again, as its retries say", async () => {
    let calls = 0;
    const { gateway } = await start(
      byModel({
        "base-model": (received, response) =>
          ++calls === 1 ? sendJson(response, {}, 503) : respondStream(["Now."])(received, response),
      }),
      { retries: { most: 1, budget: 1 } },
    );
    const { results } = await answerOf(await postCompare(gateway));
    expect(results[0]).toMatchObject({ error: null, message: { content: "Now." } });
    expect(calls).toBe(2);
  });

  test("an answer that breaks off is an error", async () => {
    const { gateway } = await start(
      byModel({
        "ft-model": (_received, response) => {
          startStream(response);
          response.write(chunk({ content: "It" }), () => setImmediate(() => response.destroy()));
        },
      }),
    );
    const { results } = await answerOf(await postCompare(gateway));
    expect(results[1]?.error).toMatchObject({ status: 502, code: "upstream_stream_interrupted" });
  });

  test("a refusal of the request is told in the upstream's words", async () => {
    const refusal = {
      error: { message: "Too hot.", type: "invalid_request_error", param: "temperature", code: "hot" },
    };
    const { gateway } = await start((_received, response) => sendJson(response, refusal, 400));
    const { results } = await answerOf(await postCompare(gateway));
    expect(results[0]?.error).toEqual({ status: 400, code: "hot", message: "Too hot." });
  });

  test("when the client leaves, the calls end", async () => {
    const { upstream, gateway } = await start((_received, response) => startStream(response));
    const controller = new AbortController();
    const answer = postCompare(gateway, {}, { signal: controller.signal });
    await until(() => upstream.received.length === 2);
    controller.abort();
    await expect(answer).rejects.toThrow();
    await until(() => upstream.received.every(({ aborted }) => aborted()));
    await until(() =>
      gateway.logs.some(({ message, fields }) => message === "comparison" && fields["status"] === 499),
    );
  });

  test("counts as attempts, and as no requests", async () => {
    const { gateway } = await start(byModel({}));
    await answerOf(await postCompare(gateway, { model: "enriched" }));
    const labels = { route: "enriched", variant: "tuned", outcome: "success" };
    expect(await gateway.metric("crossover_upstream_attempts_total", labels)).toBe(1);
    expect(await gateway.metric("crossover_requests_total")).toBe(0);
    expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
  });

  test("a gateway that stops says so to those whose time is over", async () => {
    const { upstream, gateway } = await start((_received, response) => startStream(response));
    const answer = postCompare(gateway);
    await until(() => upstream.received.length === 2);
    await gateway.close(0);
    await expectRefused(await answer, {
      status: 503,
      type: "server_error",
      code: "gateway_draining",
      param: null,
    });
    expect(upstream.received.every(({ aborted }) => aborted())).toBe(true);
  });
});

describe("what can't be compared", () => {
  test.each([
    [{ variants: ["prompted", "nobody"] }, 400, "invalid_value", "variants[1]"],
    [{ variants: ["tuned", "tuned"] }, 400, "invalid_value", "variants[1]"],
    [{ variants: [] }, 400, "invalid_value", "variants"],
    [{ variants: "tuned" }, 400, "invalid_type", "variants"],
    [{ variants: undefined }, 400, "missing_required_parameter", "variants"],
    [{ variants: Array.from({ length: 9 }, (_, index) => `v${index}`) }, 400, "invalid_value", "variants"],
    [{ messages: [] }, 400, "invalid_value", "messages"],
    [{ stream: true }, 400, "invalid_value", "stream"],
    [{ expected: 1 }, 400, "invalid_type", "expected"],
    [{ model: "nowhere" }, 404, "model_not_found", "model"],
    [{ judge: true, variants: ["tuned"] }, 400, "invalid_value", "variants"],
  ])("%j", async (body, status, code, param) => {
    const { upstream, gateway } = await start(byModel({}));
    await expectRefused(await postCompare(gateway, body), { status, code, param });
    expect(upstream.received).toEqual([]);
  });

  test("a judge that is not configured", async () => {
    const { gateway } = await start(byModel({}), { compare: {} });
    const refused = { status: 400, code: "invalid_value", param: "judge" };
    await expectRefused(await postCompare(gateway, { judge: true }), refused);
  });

  test("another method", async () => {
    const { gateway } = await start(byModel({}));
    const answer = await fetch(`${gateway.url}/v1/compare`);
    await expectRefused(answer, { status: 405, code: "method_not_allowed", param: null });
  });
});

describe("keys", () => {
  const keys = {
    free: { secret: "key-that-may-force-a-variant", forceVariant: true },
    bound: { secret: "key-of-the-route-bare-alone", forceVariant: true, routes: ["bare"] },
    plain: { secret: "key-that-may-force-nothing-0" },
  };
  const by = (name: keyof typeof keys): RequestInit => ({
    headers: { authorization: `Bearer ${keys[name].secret}` },
  });

  test("none: 401", async () => {
    const { gateway } = await start(byModel({}), { keys });
    await expectRefused(await postCompare(gateway), { status: 401, code: "missing_api_key", param: null });
  });

  test("one that may not force variants: 403", async () => {
    const { upstream, gateway } = await start(byModel({}), { keys });
    const refused = {
      status: 403,
      type: "permission_error",
      code: "insufficient_permissions",
      param: null,
    };
    await expectRefused(await postCompare(gateway, {}, by("plain")), refused);
    expect(upstream.received).toEqual([]);
  });

  test("one of certain routes names one of them, and compares what that reaches", async () => {
    const { gateway } = await start(byModel({}), { keys });
    const status = async (body: Readonly<Record<string, unknown>>): Promise<readonly unknown[]> => {
      const response = await postCompare(gateway, body, by("bound"));
      const error = memberOf(await response.json(), "error");
      return [response.status, memberOf(error, "code"), memberOf(error, "param")];
    };
    expect(await status({ variants: ["tuned"] })).toEqual([400, "missing_required_parameter", "model"]);
    expect(await status({ model: "enriched" })).toEqual([403, "model_not_allowed", "model"]);
    expect(await status({ model: "bare" })).toEqual([403, "insufficient_permissions", "variants[0]"]);
    expect(await status({ model: "bare", variants: ["nobody"] })).toEqual([
      403,
      "insufficient_permissions",
      "variants[0]",
    ]);
    expect((await status({ model: "bare", variants: ["tuned"] }))[0]).toBe(200);
    expect((await postCompare(gateway, {}, by("free"))).status).toBe(200);
  });

  test("every call takes from the key's limits; where none may be made, that is the answer", async () => {
    const limited = { ...keys, free: { ...keys.free, limits: { requestsPerMinute: 3 } } };
    const { upstream, gateway } = await start(byModel({ "judge-model": likesTheFirst }), { keys: limited });
    const first = await answerOf(await postCompare(gateway, { judge: true }, by("free")));
    expect(first.results.map(({ error }) => error)).toEqual([null, null]);
    expect(first.agreement[0]?.judge).toMatchObject({ outcome: null });
    expect(upstream.received).toHaveLength(3); // one order of the judge had to stay away
    const second = await postCompare(gateway, {}, by("free"));
    expect(second.headers.get("retry-after")).toMatch(/^\d+$/);
    await expectRefused(second, {
      status: 429,
      type: "requests",
      code: "rate_limit_exceeded",
      param: null,
    });
    expect(upstream.received).toHaveLength(3);
  });

  test("no more is spent than a budget lets", async () => {
    // 5 tokens of an answer at 6 USD a million; each call reserves 1000.
    const limited = { ...keys, free: { ...keys.free, limits: { usdPerDay: 0.01 } } };
    const { gateway } = await start(byModel({}), { keys: limited, limits: { wait: 0 } });
    const body = { variants: ["tuned", "prompted", "judge"], max_tokens: 1000 };
    const { results } = await answerOf(await postCompare(gateway, body, by("free")));
    expect(results.map(({ error }) => error?.code ?? "ok")).toEqual(["ok", "ok", "rate_limit_exceeded"]);
  });
});
