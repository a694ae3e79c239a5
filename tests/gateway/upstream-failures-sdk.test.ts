import type OpenAI from "openai";
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "openai";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { chunk, completion, sendJson, startStream, startUpstream } from "../support/upstream.ts";

const KEY = "client-secret-number-one";

/** What the SDK throws for a request. */
async function thrownBy(
  client: OpenAI,
  model: string,
  more: { stream?: boolean; messages?: [] } = {},
): Promise<unknown> {
  return client.chat.completions
    .create({ model, messages: [{ role: "user", content: "Hi" }], ...more })
    .then(() => undefined)
    .catch((error: unknown) => error);
}

const upstreamError = {
  message: "The upstream's words",
  type: "its_type",
  param: "its.param",
  code: "its_code",
};

test.each([
  [400, BadRequestError],
  [404, NotFoundError],
  [409, ConflictError],
  [422, UnprocessableEntityError],
  [429, RateLimitError],
  [500, InternalServerError],
  [503, InternalServerError],
])("an upstream's %d is raised as the SDK's own class, with all its members", async (status, kind) => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, { error: upstreamError }, status),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const stream of [false, true]) {
    const error = await thrownBy(gateway.client, "bare", { stream });
    expect(error).toBeInstanceOf(kind);
    const { message, ...members } = upstreamError;
    expect(error).toMatchObject({ status, ...members, requestID: expect.stringMatching(/^cx_/) });
    expect(String(error)).toContain(message);
  }
});

const withKeys = (upstreamUrl: string): Promise<TestGateway> =>
  startGateway(twoPaths(upstreamUrl, { keys: { app: { secret: KEY, routes: ["bare"] } } }));

test("the gateway's own refusals are raised as the SDK's classes", async () => {
  const upstream = await startUpstream();
  const gateway = await withKeys(upstream.url);
  const client = gateway.client.withOptions({ apiKey: KEY });
  const own = { type: "invalid_request_error", requestID: expect.stringMatching(/^cx_/) };

  const unknownKey = await thrownBy(gateway.client, "bare");
  expect(unknownKey).toBeInstanceOf(AuthenticationError);
  expect(unknownKey).toMatchObject({ ...own, status: 401, code: "invalid_api_key" });

  const otherRoute = await thrownBy(client, "enriched");
  expect(otherRoute).toBeInstanceOf(PermissionDeniedError);
  expect(otherRoute).toMatchObject({ status: 403, code: "model_not_allowed", param: "model" });

  const noRoute = await thrownBy(client, "nobody");
  expect(noRoute).toBeInstanceOf(NotFoundError);
  expect(noRoute).toMatchObject({ ...own, status: 404, code: "model_not_found", param: "model" });

  const noMessages = await thrownBy(client, "bare", { messages: [] });
  expect(noMessages).toBeInstanceOf(BadRequestError);
  expect(noMessages).toMatchObject({ ...own, status: 400, code: "invalid_value", param: "messages" });
  expect(upstream.received).toEqual([]);
});

test("failures of an upstream are raised as InternalServerError with the gateway's code", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, { error: upstreamError }, 401),
  );
  const gateway = await startGateway(twoPaths(upstream.url));
  const refusedKey = await thrownBy(gateway.client, "bare");
  expect(refusedKey).toBeInstanceOf(InternalServerError);
  expect(refusedKey).toMatchObject({ status: 502, type: "server_error", code: "upstream_auth_failed" });
});

test("an upstream that breaks in a stream is raised as an APIError after the words that came", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    const begun = chunk({ role: "assistant", content: "" }) + chunk({ content: "Hello" });
    response.write(begun, () => response.destroy());
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const stream = await gateway.client.chat.completions.create({
    model: "bare",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
  const words: string[] = [];
  const reading = (async () => {
    for await (const { choices } of stream) words.push(choices[0]?.delta.content ?? "");
  })();
  const error = await reading.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ type: "server_error", code: "upstream_stream_interrupted" });
  expect(words).toEqual(["", "Hello"]);
});

test("the SDK tries again after a 429 and a 503 that say when, and not after a 400", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const client = gateway.client.withOptions({ maxRetries: 2 });
  const statuses = [429, 503];
  upstream.respond((_received, response) => {
    const status = statuses.shift();
    if (status === undefined) return sendJson(response, completion("third time"));
    return sendJson(response, { error: upstreamError }, status, { "retry-after-ms": "1" });
  });
  const answer = await client.chat.completions.create({
    model: "bare",
    messages: [{ role: "user", content: "Hi" }],
  });
  expect([answer.choices[0]?.message.content, upstream.received.length]).toEqual(["third time", 3]);

  upstream.respond((_received, response) => sendJson(response, { error: upstreamError }, 400));
  expect(await thrownBy(client, "bare")).toBeInstanceOf(BadRequestError);
  expect(upstream.received.length).toBe(4);
});
