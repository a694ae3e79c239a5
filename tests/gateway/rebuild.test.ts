import { expect, test } from "vitest";
import { rebuild } from "../../src/gateway/rebuild.ts";
import { CaptureSink } from "../support/capture-sink.ts";
import { startGateway } from "../support/gateway.ts";
import { completion, respondStream, sendJson, startUpstream } from "../support/upstream.ts";

const LITERAL = [
  '{"user":"literal {{ query }}","assistant":"{% not a template %}"}',
  '{"messages":[{"role":"system","content":"left out"},{"role":"user","content":"one"},{"role":"user","content":"two"},{"role":"assistant","content":"three"}]}',
].join("\n");

const prompts = {
  system: { system: "You help {{ metadata.tenant }} with {{ query }}." },
  append: { system: "Ours.", merge: "append" },
  replace: { system: "Ours.", merge: "replace" },
  inline: {
    examples: [
      { user: "About {{ query }}", assistant: "An answer" },
      { user: "Plain", assistant: "{{ metadata.tenant }}" },
    ],
  },
  file: { examples: "examples.jsonl", cue: "Q: {{ query }} (A:)" },
  all: { system: "Sys.", examples: [{ user: "u", assistant: "a" }], cue: "Now: {{ query | upcase }}" },
};

const variants = {
  ...Object.fromEntries(Object.keys(prompts).map((name) => [name, { model: "base", prompt: name }])),
  params: { model: "base", params: { temperature: 0.5, stop: ["\n"], user: "default" } },
  "strip-system": { model: "base" },
  keep: { model: "base", bare: "keep" },
  "if-stored": { model: "openai", prompt: "system", params: { temperature: 0 } },
  "no-stream-usage": { model: "plain", prompt: "cueless" },
};

const conversation = [
  { role: "system", content: "Client's own." },
  { role: "developer", content: [{ type: "text", text: "Parts too." }] },
  { role: "user", content: "First" },
  { role: "assistant", content: "Reply", refusal: null },
  { role: "user", name: "ada", content: 'Grüße 🧅 "quoted" \\ \n last' },
];
const parts = [
  {
    role: "user",
    content: [
      { type: "text", text: "Look at this" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text", text: "and that" },
    ],
  },
];

const requests: Readonly<Record<string, (model: string) => string>> = {
  "a conversation": (model) =>
    JSON.stringify({ model, messages: conversation, metadata: { tenant: "acme" }, user: "u" }),
  "parts, streamed": (model) =>
    JSON.stringify({ model, messages: parts, stream: true, metadata: { tenant: "x" } }),
  "a stream that asks for its usage itself": (model) =>
    JSON.stringify({ model, messages: conversation, stream: true, stream_options: { include_usage: true } }),
  "spaces, escapes, numbers and members of its own": (model) =>
    `{ "seed" : 12345678901234567890, "model":"${model}", "top_p": 1.0,\n "messages" : [ {"role":"user", "content":"\\u00fc\\ud83e\\uddc5", "x" : [1.50] } ], "temperature":1e0, "store": true, "stream_options" : null, "metadata" : {"tenant": "\\u0061"} }`,
};

test("from a capture and its recipe the upstream's exact bytes are built again", async () => {
  const upstream = await startUpstream((received, response) => {
    if (received.body["stream"] === true) return respondStream(["ok"])(received, response);
    return sendJson(response, completion("ok"));
  });
  const sink = new CaptureSink();
  const baseURL = `${upstream.url}/v1`;
  const gateway = await startGateway(
    {
      server: { port: 0 },
      providers: {
        up: { kind: "openai-compatible", baseURL },
        old: { kind: "openai-compatible", baseURL, streamUsage: false },
        openai: { kind: "openai", baseURL, apiKey: "sk-0123456789abcdef" },
      },
      models: {
        base: { provider: "up", model: "upstream-model" },
        plain: { provider: "old", model: "old-model" },
        openai: { provider: "openai", model: "gpt-x", price: { input: 1, output: 1 } },
      },
      prompts: { ...prompts, cueless: { cue: "{{ query }}" } },
      variants,
      routes: Object.fromEntries(Object.keys(variants).map((name) => [name, { default: name }])),
    },
    { captureSink: sink, files: { "examples.jsonl": LITERAL } },
  );
  let count = 0;
  for (const variant of Object.keys(variants)) {
    for (const [what, request] of Object.entries(requests)) {
      const sent = request(variant);
      const answer = await gateway.post(sent);
      await answer.text();
      const { content, recipe: version } = await sink.of(answer.headers.get("x-request-id"));
      const recipe = sink.recipes.find((one) => one.version === version);
      if (recipe === undefined || content === undefined) throw new RangeError("the capture is not whole");
      const stored: typeof recipe = JSON.parse(JSON.stringify(recipe));
      expect(content.request).toBe(sent);
      expect(rebuild(content.request, stored), `${variant}, ${what}`).toBe(upstream.received.at(-1)?.text);
      count++;
    }
  }
  expect(count).toBe(upstream.received.length);
  expect(new Set(sink.recipes.map(({ version }) => version)).size).toBe(Object.keys(variants).length);
});

test("a text that is no chat request can't be rebuilt", () => {
  const recipe = {
    version: "1",
    prompt: undefined,
    params: {},
    bare: "keep",
    upstreamModel: "m",
    streamUsage: true,
    metadata: "forward",
  } as const;
  expect(() => rebuild("[redacted:secret]", recipe)).toThrow("not valid JSON");
});
