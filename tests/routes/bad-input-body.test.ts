import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, type Refusal, rawPost, refused400, sendRaw } from "./black-box.ts";

const HI = [{ role: "user", content: "Hi" }];
const chat = (more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ model: "bare", messages: HI, ...more });
const messages = (value: unknown): string => JSON.stringify({ model: "bare", messages: value });
const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, "v"]));

const notJson = ["{", "nul", '{"a":1,}', '{"a":1}//', '{/* c */"a":1}', "{'a':1}", '{"a":NaN}', "{a:1}"];
const notObjects = ["[]", '"x"', "1", "null", "true", "-0.5e3"];

const cases: readonly (readonly [name: string, body: string, refusal: Refusal])[] = [
  ["an empty body", "", refused400(null, "invalid_json")],
  ["a body of blanks", " \n\t ", refused400(null, "invalid_json")],
  ...notJson.map((body) => [`not JSON: ${body}`, body, refused400(null, "invalid_json")] as const),
  ["two objects", `${chat({})}${chat({})}`, refused400(null, "invalid_json")],
  ...notObjects.map((body) => [`not an object: ${body}`, body, refused400(null, "invalid_type")] as const),

  ["no model", JSON.stringify({ messages: HI }), refused400("model", "missing_required_parameter")],
  ...[1, null, {}, [], true].map(
    (model) =>
      [`model ${JSON.stringify(model)}`, chat({ model }), refused400("model", "invalid_type")] as const,
  ),
  ...["", " ", "\t\n", "\u00a0"].map(
    (model) =>
      [`model ${JSON.stringify(model)}`, chat({ model }), refused400("model", "invalid_value")] as const,
  ),
  ["an unknown model", chat({ model: "nobody" }), { status: 404, code: "model_not_found", param: "model" }],
  [
    "the same key twice",
    '{"model":"bare","model":"enriched","messages":[{"role":"user","content":"Hi"}]}',
    refused400("model", "invalid_value"),
  ],
  [
    "the same key twice, once in escapes",
    '{"model":"bare","\\u006dodel":"enriched","messages":[{"role":"user","content":"Hi"}]}',
    refused400("model", "invalid_value"),
  ],

  ["no messages", '{"model":"bare"}', refused400("messages", "missing_required_parameter")],
  ["no messages in the list", messages([]), refused400("messages", "invalid_value")],
  ...["Hi", null, { role: "user" }, 1].map(
    (value) =>
      [`messages ${JSON.stringify(value)}`, messages(value), refused400("messages", "invalid_type")] as const,
  ),
  ...["Hi", null, 1, []].map(
    (value) =>
      [
        `a message ${JSON.stringify(value)}`,
        messages([...HI, value]),
        refused400("messages[1]", "invalid_type"),
      ] as const,
  ),
  [
    "a message without a role",
    messages([{ content: "Hi" }]),
    refused400("messages[0].role", "missing_required_parameter"),
  ],
  [
    "a role that nobody knows",
    messages([...HI, { role: "wizard", content: "Hi" }]),
    refused400("messages[1].role", "invalid_value"),
  ],
  ...[1, null, {}].map(
    (role) =>
      [
        `role ${JSON.stringify(role)}`,
        messages([{ role, content: "Hi" }]),
        refused400("messages[0].role", "invalid_type"),
      ] as const,
  ),

  ...["true", 1, {}, []].map(
    (stream) =>
      [`stream ${JSON.stringify(stream)}`, chat({ stream }), refused400("stream", "invalid_type")] as const,
  ),
  ...[1, {}, []].map(
    (user) => [`user ${JSON.stringify(user)}`, chat({ user }), refused400("user", "invalid_type")] as const,
  ),

  ["metadata of 17 pairs", chat({ metadata: pairs(17) }), refused400("metadata", "invalid_value")],
  [
    "a long metadata key",
    chat({ metadata: { ["k".repeat(65)]: "v" } }),
    refused400("metadata", "invalid_value"),
  ],
  [
    "a long metadata value",
    chat({ metadata: { k: "v".repeat(513) } }),
    refused400("metadata", "invalid_value"),
  ],
  [
    "JavaScript's own name in metadata",
    '{"model":"bare","metadata":{"__proto__":{"tier":"vip"}},"messages":[{"role":"user","content":"Hi"}]}',
    refused400("metadata", "invalid_value"),
  ],
  ["nested metadata", chat({ metadata: { k: { l: "v" } } }), refused400("metadata", "invalid_type")],
  ["a number in metadata", chat({ metadata: { k: 1 } }), refused400("metadata", "invalid_type")],
  ["null in metadata", chat({ metadata: { k: null } }), refused400("metadata", "invalid_type")],
  ["a list as metadata", chat({ metadata: ["v"] }), refused400("metadata", "invalid_type")],
  ["text as metadata", chat({ metadata: "v" }), refused400("metadata", "invalid_type")],
];

test("a long name is told cut, not echoed whole", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const answer = await gateway.post({
    model: "bare",
    messages: HI,
    metadata: { ["k".repeat(100_000)]: "v" },
  });
  const text = await answer.text();
  expect([answer.status, JSON.parse(text).error.message]).toEqual([
    400,
    `\`metadata.${"k".repeat(55)}…\` is not valid: a key has at most 64 characters.`,
  ]);
});

test.each(cases)("%s is refused before any upstream is called", async (name, body, refusal) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  await expectRefused(await gateway.post(body), refusal, name);
  expect(await gateway.metric("crossover_requests_total", { status: String(refusal.status) })).toBe(1);
  await expectCalm(gateway, upstream);
});

test.each([
  ["a lone continuation byte", [0x80]],
  ["a cut sequence", [0xe2, 0x82]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["Latin-1", [0xe9]],
])("invalid UTF-8 is refused: %s", async (name, bytes) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const [before = "", after = ""] = chat({ user: "@" }).split("@");
  const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  await expectRefused(await gateway.post(body), refused400(null, "invalid_json"), name);
  await expectCalm(gateway, upstream);
});

test.each(["utf-16le", "utf-16le with its mark"])("a body in %s is refused", async (name) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const body = Buffer.from(`${name.includes("mark") ? "\ufeff" : ""}${chat({})}`, "utf16le");
  await expectRefused(await gateway.post(body), refused400(null, "invalid_json"));
  await expectCalm(gateway, upstream);
});

test.each([
  "text/plain",
  "text/plain;charset=UTF-8",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/xml",
  "application/jsonp",
  "json",
  "",
])("content type %j is refused", async (contentType) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await sendRaw(gateway.url, rawPost(chat({}), [`Content-Type: ${contentType}`]));
  expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([415, "unsupported_media_type"]);
  await expectCalm(gateway, upstream);
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  "APPLICATION/JSON",
  "application/json ;charset=utf-8",
  "application/vnd.acme+json",
  undefined,
])("content type %j is taken as JSON", async (contentType) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const request = rawPost(chat({})).toString();
  const line = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const answer = await sendRaw(gateway.url, request.replace(/Content-Type: .*\r\n/, line));
  expect(answer.status).toBe(200);
});

const relayed: readonly Readonly<Record<string, string>>[] = [
  { temperature: "99" },
  { temperature: '"hot"' },
  { max_tokens: "-1" },
  { max_tokens: "1e99" },
  { max_tokens: "0.5" },
  { max_tokens: '"9"' },
  { n: "0" },
  { n: "1000000" },
  { n: "-3" },
  { foo_bar: '{"x":1.0,"y":[1e400,"\\u00e9\\ud800",null]}' },
  { stream: "null" },
  { stream: "false" },
  { metadata: "null" },
  { user: "null" },
  { seed: "12345678901234567890" },
];

test.each(relayed)("%o is the upstream's to judge and goes there as it is", async (member) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const text = Object.entries(member)
    .map(([key, json]) => `"${key}":${json}`)
    .join();
  const answer = await gateway.post(`{"model":"bare",${text},"messages":[{"role":"user","content":"Hi"}]}`);
  expect(answer.status).toBe(200);
  expect(upstream.received[0]?.text).toBe(
    `{"model":"base-model-tuned",${text},"messages":[{"role":"user","content":"Hi"}]}`,
  );
  await expectCalm(gateway);
});
