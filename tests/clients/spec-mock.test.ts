import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { EVERY_MESSAGE, OPTIONAL_PARAMS } from "./chat-params.ts";
import { ASK, PATHS } from "./paths.ts";
import { type Report, SPEC_FILE, type SpecMock, startSpecMock } from "./spec-mock.ts";

let mock: SpecMock;

beforeAll(async () => {
  mock = await startSpecMock();
});
afterAll(() => mock.stop());
beforeEach(() => mock.forget());

/** A gateway with both paths to the mock. */
function startBeforeMock(): Promise<TestGateway> {
  const up = { kind: "openai-compatible", baseURL: mock.url, apiKey: "sk-upstream-secret-0001" };
  return startGateway(twoPaths(mock.url, { providers: { up } }));
}

async function expectValid(): Promise<void> {
  const report: Report = await mock.nextReport();
  expect(report).toMatchObject({
    request: { method: "POST", pathPattern: "/chat/completions" },
    response: { status: 200 },
  });
  expect(report.diagnostics).toEqual([]);
}

const OPTIONAL_NAMES = Object.keys(OPTIONAL_PARAMS);
/** Those that the gateway reads, and refuses itself when they are wrong. */
const READ: readonly string[] = ["metadata", "user"];

describe.each(PATHS)("an upstream that checks by OpenAI's specification, on the %s path", (path) => {
  const required = { model: path, ...ASK };
  const all = { model: path, messages: EVERY_MESSAGE, ...OPTIONAL_PARAMS };

  test.each([
    ["only the required parameters", required],
    ["every optional parameter and every kind of message", all],
  ])("finds nothing to complain about in a request with %s", async (_name, params) => {
    const { client } = await startBeforeMock();
    const whole = await client.chat.completions.create(params);
    await expectValid();
    expect(whole).toMatchObject({ id: expect.any(String), object: "chat.completion" });

    const raw = await client.chat.completions.create(params).asResponse();
    await expectValid();
    expect(raw).toBeInstanceOf(Response);
    expect(raw.headers.get("content-type")).toContain("application/json");
    expect(await raw.json()).toEqual(whole);

    const { data, response } = await client.chat.completions.create(params).withResponse();
    await expectValid();
    expect(data).toEqual(whole);
    expect([response.status, response.headers.get("x-crossover-path")]).toEqual([200, path]);
  });

  test.each([
    ["only the required parameters", required],
    ["every optional parameter and every kind of message", all],
  ])("streams for a request with %s, and finds nothing to complain about", async (_name, params) => {
    const { client } = await startBeforeMock();
    const ask = { ...params, stream: true } as const;
    const kinds: string[] = [];
    for await (const chunk of await client.chat.completions.create(ask)) kinds.push(chunk.object);
    await expectValid();
    expect(kinds.slice(0, 3)).toEqual(Array(3).fill("chat.completion.chunk"));

    const raw = await client.chat.completions.create(ask).asResponse();
    await expectValid();
    expect(raw.headers.get("content-type")).toContain("text/event-stream");
    const direct = await fetch(`${mock.url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ ...required, stream: true }),
    });
    expect(await raw.text()).toBe(await direct.text());
  });

  test("complains of each optional parameter that is wrong: all reach it", async () => {
    const gateway = await startBeforeMock();
    const complaints: Record<string, readonly unknown[]> = {};
    for (const [name, value] of Object.entries(OPTIONAL_PARAMS)) {
      if (READ.includes(name)) continue;
      const wrong = typeof value === "string" || Array.isArray(value) ? 5 : "wrong";
      await gateway.post({ ...required, [name]: wrong });
      const { diagnostics } = await mock.nextReport();
      complaints[name] = [...new Set(diagnostics.map(({ requestPath }) => requestPath.split(".")[1]))];
    }
    const names = OPTIONAL_NAMES.filter((name) => !READ.includes(name));
    expect(complaints).toEqual(Object.fromEntries(names.map((name) => [name, [name]])));
  });

  test("complains of messages that are wrong", async () => {
    const gateway = await startBeforeMock();
    const wrong = [
      { role: "tool", content: "no tool_call_id" },
      { role: "assistant", tool_calls: [{ id: "call_1", type: "function", function: {} }] },
      { role: "user", content: [{ type: "image_url", image_url: {} }] },
    ];
    for (const message of wrong) {
      const answer = await gateway.post({ ...required, messages: [...ASK.messages, message] });
      expect(answer.status).toBe(400);
      const { diagnostics } = await mock.nextReport();
      expect(diagnostics.map(({ requestPath }) => requestPath).join()).toContain("body.messages");
    }
  });
});

const specSchema = z.object({
  components: z.object({
    schemas: z.object({
      Model: z.object({ required: z.array(z.string()) }),
      ModelResponseProperties: z.object({ properties: z.looseObject({}) }),
      CreateModelResponseProperties: z.object({
        allOf: z.array(z.object({ properties: z.looseObject({}).optional() })),
      }),
      CreateChatCompletionRequest: z.object({
        allOf: z.array(z.object({ properties: z.looseObject({}).optional() })),
      }),
    }),
  }),
});
const { schemas } = specSchema.parse(JSON.parse(readFileSync(SPEC_FILE, "utf8"))).components;

test("the optional parameters of these tests are those of the specification", () => {
  const { ModelResponseProperties, CreateModelResponseProperties, CreateChatCompletionRequest } = schemas;
  const parts = [
    ModelResponseProperties,
    ...CreateModelResponseProperties.allOf,
    ...CreateChatCompletionRequest.allOf,
  ];
  const named = new Set(parts.flatMap(({ properties }) => Object.keys(properties ?? {})));
  for (const other of ["model", "messages", "stream"]) named.delete(other);
  expect([...named].sort()).toEqual(OPTIONAL_NAMES);
});

test("models are the gateway's own routes in the specification's shape, and nobody is asked for them", async () => {
  const gateway = await startBeforeMock();
  const { models } = gateway.client;
  const { data: page, response } = await models.list().withResponse();
  expect(response.status).toBe(200);
  expect(page.data.map(({ id }) => id)).toEqual(PATHS);
  expect(await (await models.list().asResponse()).json()).toEqual({ object: "list", data: page.data });
  for (const listed of page.data) {
    expect(Object.keys(listed).sort()).toEqual([...schemas.Model.required].sort());
    const { data } = await models.retrieve(listed.id).withResponse();
    expect(data).toEqual(listed);
    expect(await (await models.retrieve(listed.id).asResponse()).json()).toEqual(listed);
  }
  await fetch(`${mock.url}/files`);
  expect((await mock.nextReport()).request).toEqual({ method: "GET", pathPattern: "/files" });
});
