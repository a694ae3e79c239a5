import type OpenAI from "openai";
import { APIError, InternalServerError, NotFoundError, PermissionDeniedError, RateLimitError } from "openai";
import { describe, expect, test } from "vitest";
import { chunk, event, type Respond, respondStream, sendJson, startStream } from "../support/upstream.ts";
import { ASK, PATHS, start, thrownBy, wireBody } from "./paths.ts";

const refuse =
  (status: number, headers: Readonly<Record<string, string>> = {}): Respond =>
  (_received, response) =>
    sendJson(response, { error: { message: "No", type: "t", param: null, code: "c" } }, status, headers);

describe.each(PATHS)("failures on the %s path in the openai SDK", (path) => {
  test("a RateLimitError says when to come back, and how much is left", async () => {
    const limits = { "retry-after": "7", "retry-after-ms": "7000", "x-ratelimit-remaining-requests": "0" };
    const { client } = await start(refuse(429, limits));
    const error = await thrownBy(client.chat.completions.create({ model: path, ...ASK }));
    if (!(error instanceof RateLimitError)) throw new Error(`not a RateLimitError: ${String(error)}`);
    expect(error).toMatchObject({ status: 429, type: "t", code: "c", param: null });
    expect(Object.entries(limits).map(([name]) => error.headers.get(name))).toEqual(Object.values(limits));
    expect(error.headers.get("x-crossover-path")).toBe(path);
  });

  test("a stream is tried again after a 503, and its words come once", async () => {
    const { client, upstream } = await start();
    const ask = { model: path, ...ASK, stream: true } as const;
    let failures = 1;
    upstream.respond((received, response) =>
      failures-- > 0
        ? refuse(503, { "retry-after-ms": "1" })(received, response)
        : respondStream(["once"])(received, response),
    );
    let text = "";
    const stream = await client.chat.completions.create(ask, { maxRetries: 2 });
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect([text, upstream.received.length]).toEqual(["once", 2]);
    const body = { ...wireBody(path), stream: true, stream_options: { include_usage: true } };
    expect(upstream.received.map((one) => one.body)).toEqual([body, body]);
  });

  test("an upstream that says not to try again is obeyed, and one that says so as well", async () => {
    const { client, upstream } = await start(refuse(503, { "x-should-retry": "false" }));
    const asked = () => client.chat.completions.create({ model: path, ...ASK }, { maxRetries: 2 });
    expect(await thrownBy(asked())).toBeInstanceOf(InternalServerError);
    expect(upstream.received.length).toBe(1);
    upstream.respond(refuse(400, { "x-should-retry": "true", "retry-after-ms": "1" }));
    await thrownBy(asked());
    expect(upstream.received.length).toBe(4);
  });

  test("an error event of the upstream itself is raised with its members", async () => {
    const error = { message: "Overloaded", type: "overloaded", param: "p", code: "busy" };
    const { client } = await start((_received, response) => {
      startStream(response);
      response.end(chunk({ content: "Hello" }) + event({ error }));
    });
    const stream = await client.chat.completions.create({ model: path, ...ASK, stream: true });
    let text = "";
    const reading = (async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    })();
    const thrown = await thrownBy(reading);
    expect(thrown).toBeInstanceOf(APIError);
    expect(thrown).toMatchObject(error);
    expect(text).toBe("Hello");
  });
});

test("the SDK does not multiply the gateway's own tries: one call to each variant", async () => {
  const variants = {
    first: { model: "ft", fallback: ["second"] },
    second: { model: "base", prompt: "helper" },
  };
  const routes = { bare: { rules: [{ use: "first" }] } };
  const { client, upstream } = await start(refuse(500), { variants, routes });
  const asked = client.chat.completions.create({ model: "bare", ...ASK }, { maxRetries: 2 });
  const error = await thrownBy(asked);
  expect(error).toBeInstanceOf(InternalServerError);
  expect(error).toMatchObject({ status: 502, code: "all_targets_failed" });
  expect(upstream.received.length).toBe(2);
});

/** Calls that the gateway does not serve, by the code with which it refuses them. */
const NOT_SERVED: Readonly<Record<string, readonly ((client: OpenAI) => PromiseLike<unknown>)[]>> = {
  method_not_allowed: [(client) => client.chat.completions.list(), (client) => client.models.delete("bare")],
  unknown_url: [
    (client) => client.chat.completions.retrieve("c1"),
    (client) => client.chat.completions.update("c1", { metadata: { a: "b" } }),
    (client) => client.chat.completions.delete("c1"),
    (client) => client.chat.completions.messages.list("c1"),
    (client) => client.embeddings.create({ model: "bare", input: "x" }),
    (client) => client.responses.create({ model: "bare", input: "x" }),
  ],
};

test.each([
  ["method_not_allowed", 405, APIError],
  ["unknown_url", 404, NotFoundError],
] as const)("calls that the gateway does not serve are raised with %s", async (code, status, kind) => {
  const { client, upstream } = await start();
  for (const call of NOT_SERVED[code] ?? []) {
    const error = await thrownBy(call(client));
    expect(error, call.toString()).toBeInstanceOf(kind);
    expect(error, call.toString()).toMatchObject({
      status,
      code,
      type: "invalid_request_error",
      requestID: expect.stringMatching(/^cx_/),
    });
  }
  expect(upstream.received).toEqual([]);
});

test("a key without the right to force a variant gets a PermissionDeniedError", async () => {
  const secret = "client-secret-number-one";
  const { client, upstream } = await start(undefined, { keys: { app: { secret } } });
  const error = await thrownBy(
    client
      .withOptions({ apiKey: secret, defaultHeaders: { "x-crossover-variant": "tuned" } })
      .chat.completions.create({ model: "enriched", ...ASK }),
  );
  expect(error).toBeInstanceOf(PermissionDeniedError);
  expect(error).toMatchObject({ status: 403, type: "permission_error" });
  expect(upstream.received).toEqual([]);
});
