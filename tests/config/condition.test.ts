import { expect, test } from "vitest";
import { compileCondition } from "../../src/config/condition.ts";
import type { ChatRequest } from "../../src/domain/chat.ts";
import { RequestView } from "../../src/domain/signals.ts";
import type { ConditionView } from "../../src/domain/table.ts";
import { ask, chat } from "../domain/requests.ts";

function view(request: ChatRequest, more: Partial<ConditionView> = {}): ConditionView {
  return {
    request: new RequestView(request),
    metadata: request.fields.metadata,
    headers: {},
    key: { name: "", tags: [] },
    time: new Date("2026-03-01T12:30:00Z"),
    health: {},
    ...more,
  };
}

const REQUEST = chat({
  model: "recipes",
  messages: [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "How do I cook rice?" },
        { type: "image_url", image_url: { url: "x" } },
      ],
    },
  ],
  stream: true,
  temperature: 0.5,
  n: 2,
  response_format: { type: "json_schema", json_schema: { name: "recipe" } },
  tools: [{ type: "function", function: { name: "search" } }],
  metadata: { tier: "vip", count: "10" },
});

const SEEN: Partial<ConditionView> = {
  headers: { "x-tier": "gold", region: "eu" },
  key: { name: "app", tags: ["beta", "internal"] },
  health: { tuned: { ok: false, errorRate: 0.75, requests: 20n } },
};

test.each([
  'request.lastUserMessage == "How do I cook rice?"',
  'request.lastUserMessage.contains("rice") && request.lastUserMessage.startsWith("How")',
  'request.lastUserMessage.matches("[Cc]ook.*[?]$")',
  "request.lastUserMessage.size() < 100",
  "request.inputTokens > 5 && request.inputTokens < 100",
  "request.stream",
  '"search" in request.tools && request.tools.size() == 1',
  "request.messages.size() == 2",
  'request.messages[0].role == "system"',
  'request.messages.exists(m, m.role == "user")',
  "request.params.temperature == 0.5 && request.params.temperature < 1.0",
  "request.params.n == 2 && request.params.n > 1",
  'request.params.response_format.type == "json_schema"',
  'request.params.response_format.json_schema.name == "recipe"',
  "has(request.params.temperature) && !has(request.params.top_p)",
  'request.params.model == "recipes"',
  'metadata.tier == "vip"',
  'metadata["tier"] in ["vip", "gold"]',
  'has(metadata.tier) && !("x" in metadata)',
  "int(metadata.count) >= 10",
  'metadata.?x.orValue("none") == "none"',
  'headers["x-tier"] == "gold" && headers.region == "eu"',
  '"x-tier" in headers',
  'key.name == "app" && "beta" in key.tags',
  'key.tags.exists(t, t.startsWith("int"))',
  'time > timestamp("2026-01-01T00:00:00Z")',
  "time.getHours() == 12 && time.getDayOfWeek() == 0",
  "!health.tuned.ok && health.tuned.errorRate > 0.5 && health.tuned.requests >= 20",
  '!("other" in health)',
])("a condition sees: %s", (source) => {
  expect(compileCondition(source).test(view(REQUEST, SEEN))).toBe(true);
  expect(compileCondition(`!(${source})`).test(view(REQUEST, SEEN))).toBe(false);
});

test.each([
  'metadata.tier == "vip"',
  'headers["x-tier"] == "gold"',
  "request.params.top_p > 0.5",
  "request.params.response_format.type == 'x'",
  "health.other.ok",
  "request.messages[5].role == 'user'",
  "int(request.lastUserMessage) > 3",
  "1 / (request.messages.size() - 1) > 0",
])("what is not there is an error at run time: %s", (source) => {
  expect(() => compileCondition(source).test(view(ask("Hi")))).toThrow();
});

test("a value of another kind than expected is an error at run time, not a match", () => {
  const condition = compileCondition("request.params.flag");
  expect(condition.test(view(ask("Hi", { flag: true })))).toBe(true);
  for (const flag of ["true", 1, null, {}]) expect(() => condition.test(view(ask("Hi", { flag })))).toThrow();
  expect(() => compileCondition("request.params.n > 2").test(view(ask("Hi", { n: "3" })))).toThrow();
});

test.each(["constructor", "__proto__", "toString"])("nothing inherited is seen: metadata.%s", (name) => {
  expect(compileCondition(`"${name}" in metadata`).test(view(ask("Hi")))).toBe(false);
  expect(() => compileCondition(`metadata["${name}"] == "x"`).test(view(ask("Hi")))).toThrow();
  expect(compileCondition(`has(request.params.${name})`).test(view(ask("Hi")))).toBe(false);
});

test.each([
  ["1 +", "Unexpected token: EOF"],
  ["", "Unexpected token: EOF"],
  ["foo == 1", "Unknown variable: foo"],
  ["request.foo == 1", "No such key: foo"],
  ["request.inputTokens > 'x'", "no such overload: int > string"],
  ["request.inputTokens", "this one gives int"],
  ["metadata", "this one gives map<string, string>"],
  ["nope(1)", "nope"],
  ["request.inputTokens > 6000.5 && request.nope", "No such key: nope"],
])("what can't be right is refused when the file loads: %s", (source, message) => {
  expect(() => compileCondition(source)).toThrow(message);
});

test.each([
  'request.lastUserMessage.matches("^How")',
  '(request.lastUserMessage).matches("rice[?]")',
  'request.lastUserMessage\n  . matches ("rice") && "a".matches("b") == false',
  'request.lastUserMessage.matches("(?i)RICE") && "x.matches(y)" != "crossoverMatches"',
  'request.messages.exists(m, m.role.matches("^(system|tool)$") || m.role.matches("none"))',
  '!"".matches("\\\\d") && (metadata.tier + "1").matches("vip\\\\d")',
  'request.lastUserMessage // the query\n.matches("^How")',
  'request.lastUserMessage. // the query\n  matches("^How")',
  '(request.lastUserMessage // matches("x")\n).matches("^How")',
  '"🍅🍅".matches("^🍅") && request.lastUserMessage.matches("^How")',
])("matches looks for a pattern anywhere in a text: %s", (source) => {
  expect(compileCondition(source).test(view(REQUEST, SEEN))).toBe(true);
});

test("our own name for matches is nobody's to write, and is shown to nobody", () => {
  expect(() => compileCondition('request.lastUserMessage.crossoverMatches("a")')).toThrow("Write matches");
  expect(() => compileCondition('request.messages[0].n.matches("a")').test(view(ask("Hi")))).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining("crossoverMatches") }),
  );
});

test("a pattern that takes a backtracking engine for ever is done in time linear to the text", () => {
  const condition = compileCondition('request.lastUserMessage.matches("^(a+)+$")');
  expect(condition.test(view(ask(`${"a".repeat(100_000)}!`)))).toBe(false);
  expect(condition.test(view(ask("a".repeat(100_000))))).toBe(true);
});

test.each([
  ['request.lastUserMessage.matches("(?=a)")', "the pattern can't be used"],
  ['request.lastUserMessage.matches("(a)\\\\1")', "the pattern can't be used"],
  ['request.lastUserMessage.matches("(a")', "missing closing )"],
  ['request.lastUserMessage.matches("(a{1000}){1000}")', "invalid repeat count"],
  ['request.messages.exists(m, m.role.matches("(a"))', "missing closing )"],
  ["request.lastUserMessage.matches(metadata.pattern)", "write the pattern"],
  ['headers[metadata.name] == "x"', "name the header"],
  ["metadata.name in headers", "name the header"],
  ["headers.size() > 0", "name the header"],
])("what could only go wrong later is refused when the file loads: %s", (source, message) => {
  expect(() => compileCondition(source)).toThrow(message);
});

test("a message has one line, without a drawn caret", () => {
  expect(() => compileCondition("request.stream &&\n  metadata.tier == 3")).toThrow(/^[^\n]*$/);
});

test("a condition without end is refused, not run into the ground", () => {
  expect(() => compileCondition(`${"(".repeat(10_000)}true${")".repeat(10_000)}`)).toThrow();
  expect(() => compileCondition(new Array(10_000).fill("request.stream").join(" && "))).toThrow();
});

test.each([
  "request.messages.exists(m, request.messages.exists(n, m == n))",
  "request.messages.exists(m, request.tools.exists(t, t == m.content))",
  "request.tools.all(t, request.messages.filter(m, m.role == t).size() > 0)",
  "request.messages.exists(m, m.content.exists(p, m.content.exists(q, p == q)))",
  "request.messages.exists(m, [m, m].exists(n, request.messages.map(o, o).size() > 3))",
  "request.messages.map(m, request.messages).exists(l, l.exists(m, request.messages.exists(n, m == n)))",
])("no walk over the request for each of its elements, which a client could make endless: %s", (source) => {
  expect(() => compileCondition(source)).toThrow("once for each of its elements");
});

test.each([
  'request.messages.exists(m, m.content.exists(p, p.type == "image_url"))',
  'request.messages.exists(m, ["a", "b"].exists(word, word == m.content))',
  '["a", "b"].exists(word, request.messages.exists(m, m.content == word))',
  "key.tags.exists(tag, request.tools.exists(tool, tool == tag))",
  "request.messages.exists(m, key.tags.exists(tag, tag == m.role))",
  'request.messages.filter(m, m.role == "user").exists(m, m.content == "")',
  'request.messages.exists(m, m.role == "a") && request.messages.exists(m, m.role == "b")',
])("a walk that grows as the request does is fine: %s", (source) => {
  expect(() => compileCondition(source)).not.toThrow();
});

test.each([
  'headers.authorization == "x"',
  'headers["authorization"] == "x"',
  'headers["api-key"] == "x"',
  'headers["x-api-key"].size() > 3',
  "has(headers.cookie)",
  'headers.?cookie.orValue("") == ""',
  'headers[?"proxy-authorization"].orValue("") == ""',
  '"authorization" in headers',
  'request.stream || (request.stream ? headers.cookie == "" : false)',
])("no condition sees a header that holds a secret: %s", (source) => {
  expect(() => compileCondition(source)).toThrow("holds a secret");
});

test.each(['headers["X-Tier"] == "a"', '"X-Tier" in headers', "has(headers.Region)"])(
  "header names in upper case could never match, so they are refused: %s",
  (source) => {
    expect(() => compileCondition(source)).toThrow(/lower case here: write headers\["(x-tier|region)"\]/);
  },
);

test.each([
  ['metadata.tier == "vip" && metadata["tier"] != "x"', ["metadata.tier"]],
  ['"tier" in metadata && has(metadata.other)', ["metadata.tier", "metadata.other"]],
  ['headers["x-tier"] == "a" || "x-beta" in headers', ["headers.x-tier", "headers.x-beta"]],
  ["request.inputTokens > 1 && request.params.a.b == 2", ["request.inputTokens", "request.params.a.b"]],
  ['request.messages.exists(m, m.role == "user")', ["request.messages"]],
  ['"a" in key.tags && "b" in request.tools', ["key.tags", "request.tools"]],
  ["health.tuned.ok && time.getHours() > 3", ["health.tuned.ok", "time"]],
  ['metadata[metadata.name] == "x"', ["metadata", "metadata.name"]],
  ["true", []],
])("references are the values that a condition looks at: %s", (source, paths) => {
  expect(compileCondition(source).references.map(({ path }) => path)).toEqual(paths);
});

test("references read what the condition saw; undefined for what is not there", () => {
  const { references } = compileCondition(
    'metadata.tier == "" || metadata.constructor == "" || request.params.a.b == 1 || request.messages[0].role == "" || key.name == ""',
  );
  const values = references.map(({ read }) =>
    read(view(ask("Hi", { a: { b: 7 } }), { key: { name: "k", tags: [] } })),
  );
  expect(values).toEqual([undefined, undefined, 7, "user", "k"]);
});
