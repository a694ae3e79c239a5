import { expect, test } from "vitest";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { CaptureSink } from "../support/capture-sink.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
} from "../support/upstream.ts";

/** Of the forms of keys, and one that only its configuration knows. */
const CANARY = "sk-proj-Zq8vN2mXw5Lr7TbKc3Yd9HfJ4GsP6aUe1RoWiVtBnMxCyQz";
const KNOWN = "correct horse battery";
const SPLIT = [CANARY.slice(0, 11), CANARY.slice(11, 30), CANARY.slice(30)];

async function startRedacted(respond: Respond): Promise<{ gateway: TestGateway; sink: CaptureSink }> {
  const upstream = await startUpstream(respond);
  const sink = new CaptureSink(newRedactor({ secrets: [KNOWN], personal: ["email"] }));
  return { gateway: await startGateway(twoPaths(upstream.url), { captureSink: sink }), sink };
}

/** All that is kept of one request, as text. */
async function kept(respond: Respond, body: unknown): Promise<string> {
  const { gateway, sink } = await startRedacted(respond);
  const answer = await gateway.post(body);
  await answer.text();
  const capture = await sink.of(answer.headers.get("x-request-id"));
  expect(capture.content).toBeDefined();
  return JSON.stringify(capture);
}

const ok: Respond = (_received, response) => sendJson(response, completion("ok"));
const messages = [{ role: "user", content: "Hi" }];

const tool = (args: string): unknown => ({
  id: "call_1",
  type: "function",
  function: { name: "f", arguments: args },
});
const askedTools = (args: string): unknown => ({
  model: "bare",
  messages: [
    ...messages,
    { role: "assistant", content: null, tool_calls: [tool(args)] },
    { role: "tool", tool_call_id: "call_1", content: "done" },
  ],
});
const escaped = [...CANARY].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

const whole =
  (message: Readonly<Record<string, unknown>>): Respond =>
  (_received, response) =>
    sendJson(response, { ...completion("x"), choices: [{ index: 0, message, finish_reason: "stop" }] });

const streamed =
  (...deltas: readonly unknown[]): Respond =>
  (_received, response) => {
    startStream(response);
    for (const delta of deltas) response.write(chunk(delta));
    response.end(chunk({}, "stop") + DONE);
  };

const ask = (more: Readonly<Record<string, unknown>> = {}): unknown => ({ model: "bare", messages, ...more });

const places: readonly (readonly [string, Respond, unknown])[] = [
  ["a message", ok, ask({ messages: [{ role: "user", content: `My key is ${CANARY}.` }] })],
  ["a known secret in a message", ok, ask({ messages: [{ role: "user", content: `It is ${KNOWN}.` }] })],
  ["a part", ok, ask({ messages: [{ role: "user", content: [{ type: "text", text: CANARY }] }] })],
  ["escapes", ok, `{"model":"bare","messages":[{"role":"user","content":"${escaped}"}]}`],
  [
    "the first of two members of one name",
    ok,
    `{"model":"bare","messages":[{"role":"user","content":"${CANARY}","content":"Hi"}]}`,
  ],
  ["arguments that the client sends", ok, askedTools(JSON.stringify({ q: CANARY }))],
  ["arguments with escapes", ok, askedTools(`{"q":"${escaped}"}`)],
  ["the user", ok, ask({ user: CANARY })],
  ["metadata", ok, ask({ metadata: { note: CANARY } })],
  ["a name in metadata", ok, ask({ metadata: { [CANARY]: "x" } })],
  ["an unknown member", ok, ask({ extra: { deep: [CANARY] } })],
  ["an answer", whole({ role: "assistant", content: `Use ${CANARY}!` }), ask()],
  [
    "tool arguments",
    whole({ role: "assistant", content: null, tool_calls: [tool(`{"k":"${CANARY}"}`)] }),
    ask(),
  ],
  [
    "an answer's escaped arguments",
    whole({ role: "assistant", tool_calls: [tool(`{"k":"${escaped}"}`)] }),
    ask(),
  ],
  ["a stream", streamed(...SPLIT.map((content) => ({ content }))), ask({ stream: true })],
  [
    "arguments in a stream",
    streamed(
      { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: '{"k":"' } }] },
      ...SPLIT.map((part) => ({ tool_calls: [{ index: 0, function: { arguments: part } }] })),
      { tool_calls: [{ index: 0, function: { arguments: '"}' } }] },
    ),
    ask({ stream: true }),
  ],
  ["reasoning", streamed(...SPLIT.map((part) => ({ reasoning_content: part }))), ask({ stream: true })],
  [
    "a long stream",
    streamed(...new Array(100).fill({ content: "x ".repeat(500) }), ...SPLIT.map((content) => ({ content }))),
    ask({ stream: true }),
  ],
  [
    "an error",
    (_received, response) =>
      sendJson(response, { error: { message: `Bad ${CANARY}`, type: "x", code: CANARY } }, 400),
    ask(),
  ],
];

test.each(places)("no secret is kept that stood in %s", async (_place, respond, body) => {
  const text = await kept(respond, body);
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain(KNOWN);
  // Each text within a text doubles the backslashes.
  const read = text.replaceAll(/\\+/g, "\\");
  for (const part of [...SPLIT.slice(1), escaped]) expect(read).not.toContain(part);
});

test("without a finding the client's exact text stays; with one all the rest stays", async () => {
  const exact = '{ "model":"bare", "messages":[{"role":"user","content":"Gr\\u00fc\\u00dfe"}], "top_p":1.0 }';
  expect(JSON.parse(await kept(ok, exact)).content.request).toBe(exact);
  const found = JSON.parse(await kept(ok, ask({ top_p: 0.5, user: "a@example.com" }))).content.request;
  expect(JSON.parse(found)).toEqual({ model: "bare", messages, top_p: 0.5, user: "[redacted:email]" });
});
