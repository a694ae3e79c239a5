import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChatRequest, lastUserIndex, textParts } from "../../src/domain/chat.ts";
import { memberOf, outline } from "../../src/domain/json.ts";
import type { Prompt } from "../../src/domain/table.ts";
import { estimateTokens } from "../../src/domain/tokens.ts";
import { enrich, queryOf } from "../../src/prompts/enrich.ts";
import { promptOf } from "../config/tables.ts";
import { ask, chat } from "../domain/requests.ts";
import { anyRequest, conversation, texts, valueOfMessage } from "./conversations.ts";

const EXAMPLES = [
  { user: "Example question", assistant: "Example answer" },
  { user: "Second for {{ metadata.a }}", assistant: "About {{ query }}" },
];

/** Every shape of prompt: each part there or not, each merge. */
const anyPrompt: fc.Arbitrary<Prompt> = fc
  .record({
    system: fc.constantFrom(undefined, "Fixed.", "For {{ metadata.a }}: {{ query }}"),
    examples: fc.constantFrom(undefined, EXAMPLES.slice(0, 1), EXAMPLES),
    cue: fc.constantFrom(undefined, "Q: {{ query }}", "{{ query }} ({{ metadata.b }})"),
    merge: fc.constantFrom("prepend", "append", "replace"),
  })
  .filter(({ system, examples, cue }) => system !== undefined || examples !== undefined || cue !== undefined)
  .map((prompt) => promptOf(JSON.parse(JSON.stringify(prompt))));

/** The client's own conversation in what is sent: without system messages and without our examples. */
function ownConversation(sent: ChatRequest, prompt: Prompt): ChatRequest["messages"] {
  const all = conversation(sent.messages);
  return all.slice(prompt.examples.length);
}

test("no user, assistant or tool message is lost, moved or changed, save for the cued one", () => {
  fc.assert(
    fc.property(anyRequest, anyPrompt, (request, prompt) => {
      const before = conversation(request.messages);
      const after = ownConversation(enrich(request, prompt).request, prompt);
      const cued = prompt.cue === undefined ? -1 : lastUserIndex(before);
      expect(after).toHaveLength(before.length);
      expect(texts(after).filter((_, index) => index !== cued)).toEqual(
        texts(before).filter((_, index) => index !== cued),
      );
    }),
    { numRuns: 500 },
  );
});

test("the cued message keeps its unknown members, its other parts, and contains the query", () => {
  fc.assert(
    fc.property(anyRequest, anyPrompt, (request, prompt) => {
      const before = request.messages[lastUserIndex(request.messages)];
      if (prompt.cue === undefined || before === undefined) return;
      const { messages } = enrich(request, prompt).request;
      const after = messages[lastUserIndex(messages)];
      // A role may stand twice or be escaped; what is sent says the same in one way.
      const memberTexts = (json: string) =>
        new Map(
          outline(json)
            .filter(({ key }) => key !== "content")
            .map(({ key, json: text }) => [key, key === "role" ? JSON.parse(text) : text]),
        );
      expect(memberTexts(after?.json ?? "")).toEqual(memberTexts(before.json));
      const wire = memberOf(valueOfMessage(after), "content");
      expect(wire).toEqual(after?.content);
      if (typeof before.content === "string") {
        expect(String(wire)).toContain(before.content);
        return;
      }
      const items = (json: string | undefined) =>
        outline(json ?? "").find(({ key }) => key === "content")?.items ?? [];
      const last = textParts(before.content).at(-1);
      const own = items(before.json);
      const sent = items(after?.json);
      if (last === undefined) {
        // Nothing but images: the cue is a text part of its own.
        expect(sent.slice(1)).toEqual(own);
        return;
      }
      expect(sent.toSpliced(last.index, 1)).toEqual(own.toSpliced(last.index, 1));
      expect(textParts(wire).at(-1)?.text).toContain(last.text);
    }),
    { numRuns: 500 },
  );
});

test("members beside the messages stay untouched, and the request itself is not changed", () => {
  fc.assert(
    fc.property(anyRequest, anyPrompt, (request, prompt) => {
      const before = structuredClone(request);
      const sent = enrich(deepFrozen(request), prompt).request;
      expect(request).toEqual(before);
      expect(sent.members).toEqual(before.members);
      expect(sent.body).toEqual(before.body);
      expect(sent.fields).toEqual(before.fields);
    }),
  );
});

test("every message that is sent is JSON with the role and content that the gateway knows", () => {
  fc.assert(
    fc.property(anyRequest, anyPrompt, (request, prompt) => {
      for (const message of enrich(request, prompt).request.messages) {
        expect(valueOfMessage(message)).toMatchObject({ role: message.role });
        expect(memberOf(valueOfMessage(message), "content")).toEqual(message.content);
      }
    }),
  );
});

test("examples stand after the leading system messages, whole and in order", () => {
  fc.assert(
    fc.property(anyRequest, anyPrompt, (request, prompt) => {
      const { messages } = enrich(request, prompt).request;
      const roles = messages.map(({ role }) => (role === "developer" ? "system" : role));
      const start = roles.findIndex((role) => role !== "system");
      if (prompt.examples.length === 0) return;
      expect(messages.slice(start, start + 2).map(valueOfMessage)).toEqual([
        { role: "user", content: "Example question" },
        { role: "assistant", content: "Example answer" },
      ]);
      if (prompt.examples.length === 4) {
        expect(messages.slice(start + 2, start + 4).map(valueOfMessage)).toEqual([
          { role: "user", content: `Second for ${request.fields.metadata["a"] ?? ""}` },
          { role: "assistant", content: `About ${queryOf(request)}` },
        ]);
      }
    }),
  );
});

test("client system messages survive prepend and append, and give way to replace", () => {
  fc.assert(
    fc.property(anyRequest, fc.constantFrom("prepend", "append", "replace"), (request, merge) => {
      const sent = enrich(request, promptOf({ system: "OURS", merge })).request;
      const systems = (one: ChatRequest) =>
        one.messages.filter(({ role }) => role === "system" || role === "developer");
      const before = systems(request).map(({ content }) => content);
      const after = systems(sent);
      if (merge === "replace") {
        expect(after.map(valueOfMessage)).toEqual([{ role: "system", content: "OURS" }]);
        return;
      }
      const all = JSON.stringify(after.map(({ content }) => content));
      for (const content of before) {
        for (const text of typeof content === "string"
          ? [content]
          : textParts(content).map((part) => part.text)) {
          expect(all).toContain(JSON.stringify(text).slice(1, -1));
        }
      }
      expect(all.split("OURS").length - 1).toBeGreaterThanOrEqual(1);
    }),
  );
});

const CLIENT = { role: "system", content: "Client's." };
const DEVELOPER = { role: "developer", content: [{ type: "text", text: "Part.", x: 1 }], name: "d" };
const USER = { role: "user", content: "Hi" };

test.each([
  ["prepend", [USER], [{ role: "system", content: "OURS" }, USER]],
  ["append", [USER], [{ role: "system", content: "OURS" }, USER]],
  ["replace", [USER], [{ role: "system", content: "OURS" }, USER]],
  ["prepend", [CLIENT, USER], [{ role: "system", content: "OURS\n\nClient's." }, USER]],
  ["append", [CLIENT, USER], [{ role: "system", content: "Client's.\n\nOURS" }, USER]],
  ["replace", [CLIENT, USER], [{ role: "system", content: "OURS" }, USER]],
  [
    "prepend",
    [DEVELOPER, USER],
    [{ ...DEVELOPER, content: [{ type: "text", text: "OURS" }, ...DEVELOPER.content] }, USER],
  ],
  [
    "append",
    [DEVELOPER, USER],
    [{ ...DEVELOPER, content: [...DEVELOPER.content, { type: "text", text: "OURS" }] }, USER],
  ],
  ["prepend", [CLIENT, DEVELOPER, USER], [{ role: "system", content: "OURS\n\nClient's." }, DEVELOPER, USER]],
  ["append", [DEVELOPER, CLIENT, USER], [DEVELOPER, { role: "system", content: "Client's.\n\nOURS" }, USER]],
  ["replace", [CLIENT, USER, DEVELOPER], [{ role: "system", content: "OURS" }, USER]],
  ["prepend", [USER, CLIENT], [{ role: "system", content: "OURS" }, USER, CLIENT]],
  ["prepend", [CLIENT], [{ role: "system", content: "OURS\n\nClient's." }]],
])("merge: %s of %j", (merge, messages, sent) => {
  const { request } = enrich(chat({ model: "m", messages }), promptOf({ system: "OURS", merge }));
  expect(request.messages.map(valueOfMessage)).toEqual(sent);
});

test("prepend is the default", () => {
  const { request } = enrich(chat({ model: "m", messages: [CLIENT, USER] }), promptOf({ system: "OURS" }));
  expect(request.messages[0]?.content).toBe("OURS\n\nClient's.");
});

test("in a message of several parts the last text is cued, and images keep their bytes", () => {
  const image = '{ "type":"image_url","image_url":{"url":"data:image/png;base64,AA==" , "detail":"low"} }';
  const body = `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Look:"},${image},{"text":"What is it?","cache_control":{"n":1.0},"type":"text"},${image}]}]}`;
  const { request } = enrich(chat(body), promptOf({ cue: "Q: {{ query }}" }));
  expect(request.messages[0]?.json).toBe(
    `{"role":"user","content":[{"type":"text","text":"Look:"},${image},{"text":"Q: What is it?","cache_control":{"n":1.0},"type":"text"},${image}]}`,
  );
});

test("a message of images alone gets the cue as a text of its own", () => {
  const image = { type: "image_url", image_url: { url: "https://example.com/a.png" } };
  const { request } = enrich(ask([image]), promptOf({ cue: "Describe this. {{ query }}" }));
  expect(request.messages[0]?.content).toEqual([{ type: "text", text: "Describe this. " }, image]);
});

test.each([null, 5, {}, [], true])(
  "a content that is neither text nor parts is not hidden by the cue: %j",
  (content) => {
    const { request } = enrich(ask(content), promptOf({ system: "Be brief.", cue: "Q: {{ query }}" }));
    expect(request.messages.map((message) => message.content)).toEqual(["Be brief.", content]);
    expect(JSON.parse(request.messages[1]?.json ?? "")).toEqual({ role: "user", content });
  },
);

test("only the last user message is cued, also when others follow it", () => {
  const messages = [
    { role: "user", content: "first" },
    { role: "user", content: "second" },
    { role: "assistant", content: null, tool_calls: [] },
    { role: "tool", tool_call_id: "c", content: "result" },
  ];
  const { request } = enrich(chat({ model: "m", messages }), promptOf({ cue: "<{{ query }}>" }));
  expect(request.messages.map(({ content }) => content)).toEqual(["first", "<second>", null, "result"]);
});

test("without a user message nothing is cued, and the cue adds no tokens", () => {
  const request = chat({ model: "m", messages: [{ role: "assistant", content: "Hello" }] });
  const enriched = enrich(request, promptOf({ cue: "A long cue around {{ query }} that would count" }));
  expect(texts(enriched.request.messages)).toEqual(texts(request.messages));
  expect(enriched.addedTokens).toBe(0);
});

test("a message whose content stands twice is cued where every reader sees it", () => {
  const body =
    '{"model":"m","messages":[{"role":"user","content":"first","content":[{"type":"text","text":"last"}]}]}';
  const { request } = enrich(chat(body), promptOf({ cue: "<{{ query }}>" }));
  expect(request.messages[0]?.json).toBe('{"role":"user","content":[{"type":"text","text":"<last>"}]}');
});

test.each([
  "{{ metadata.secret }}",
  "{{ query }}",
  "{% for i in (1..1000000000) %}x{% endfor %}",
  "{% include '/etc/passwd' %}",
  "{{ 'a' | append: 'b' }}",
  "{{ query.constructor.constructor('return process')() }}",
  "{% raw %}",
  "}}{{",
  `$& $1 $' \${process.env.HOME}`,
])("template syntax in a client's text comes out literally: %s", (payload) => {
  const request = ask(payload, { metadata: { a: payload, secret: "S" } });
  const prompt = promptOf({
    system: "[{{ metadata.a }}][{{ query }}]",
    examples: [{ user: "{{ query }}", assistant: "{{ metadata.a }}" }],
    cue: "<{{ query }}|{{ metadata.a }}>",
  });
  expect(enrich(request, prompt).request.messages.map(({ content }) => content)).toEqual([
    `[${payload}][${payload}]`,
    payload,
    payload,
    `<${payload}|${payload}>`,
  ]);
});

test("a variable that is not there is empty, and no inherited property shows", () => {
  const prompt = promptOf({
    system: "[{{ metadata.none }}{{ metadata.constructor }}{{ metadata.__proto__ }}]",
  });
  expect(enrich(ask("Hi"), prompt).request.messages[0]?.content).toBe("[]");
});

test("added tokens are those of the system message, the examples and the cue's own words", () => {
  const added = (prompt: Readonly<Record<string, unknown>>, text = "Why?") =>
    enrich(ask(text), promptOf(prompt)).addedTokens;
  expect(added({ system: "You are a helper." })).toBe(estimateTokens("You are a helper.") + 3);
  expect(added({ examples: [{ user: "One two", assistant: "Three" }] })).toBe(2 + 3 + 1 + 3);
  expect(added({ cue: "Question: {{ query }}" })).toBe(
    estimateTokens("Question: Why?") - estimateTokens("Why?"),
  );
  // A cue that shortens adds nothing, and takes nothing off.
  expect(added({ cue: "{{ query | truncate: 5 }}" }, "one two three four five six")).toBe(0);
});

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFrozen(inner);
  }
  return value;
}
