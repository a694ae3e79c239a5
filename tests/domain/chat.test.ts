import fc from "fast-check";
import { expect, test } from "vitest";
import {
  canAskUsage,
  isSystem,
  lastUserIndex,
  newMessage,
  textOf,
  textParts,
  toWire,
  type WireOptions,
} from "../../src/domain/chat.ts";
import { jsonText, outline } from "../../src/domain/json.ts";
import { anyMembers, jsonStyle, printJson, printMembers } from "./json-text.ts";
import { chat } from "./requests.ts";

const MESSAGES = '[{"role":"user","content":"Hi"}]';

function wireOf(
  body: string,
  { model = "up", defaults = {}, askUsage = false, metadataIfStored = false }: Partial<WireOptions> = {},
): string {
  return toWire(chat(body), { model, defaults, askUsage, metadataIfStored });
}

test("only the model and the messages are written anew; all else keeps its own text and place", () => {
  const body = String.raw`{ "seed" : 12345678901234567890, "model": "route", "temperature":1.0, "x":1e400,
    "messages" : [ {"role":"user" , "content":"\ud800 \u00e9", "n":1.50} ],
    "y":"\ud83d\ude00\/", "z": { "b" : 1 , "a" : [ ] } }`;
  expect(wireOf(body)).toBe(
    String.raw`{"seed":12345678901234567890,"model":"up","temperature":1.0,"x":1e400,"messages":[{"role":"user" , "content":"\ud800 \u00e9", "n":1.50}],"y":"\ud83d\ude00\/","z":{ "b" : 1 , "a" : [ ] }}`,
  );
});

test("unknown members pass byte for byte, in their order, whatever they are", () => {
  const unknown = anyMembers.map((members) =>
    members.filter(([key]) => !["model", "messages", "stream", "user", "metadata", "n"].includes(key)),
  );
  fc.assert(
    fc.property(unknown, jsonStyle, fc.nat(8), (members, style, at) => {
      const own: readonly (readonly [string, unknown])[] = [
        ["model", "route"],
        ["messages", [{ role: "user", content: "Hi" }]],
      ];
      const body = printMembers([...members.slice(0, at), ...own, ...members.slice(at)], style);
      const sent = outline(wireOf(body)).filter(({ key }) => key !== "model" && key !== "messages");
      expect(sent.map(({ key, json }) => [key, json])).toEqual(
        members.map(([key, value]) => [key, printJson(value, style)]),
      );
    }),
    { numRuns: 300 },
  );
});

test("messages pass byte for byte", () => {
  fc.assert(
    fc.property(fc.array(anyMembers, { minLength: 1, maxLength: 4 }), jsonStyle, (extras, style) => {
      const messages = extras.map((extra) =>
        printMembers(
          [
            ["role", "user"],
            ["content", "Hi"],
            ...extra.filter(([key]) => key !== "content" && key !== "role"),
          ],
          style,
        ),
      );
      const wire = wireOf(`{"model":"route","messages":[${messages.join(" , ")}]}`);
      expect(outline(wire).find(({ key }) => key === "messages")?.items).toEqual(messages);
    }),
  );
});

test("defaults apply only where the client gave nothing, null included", () => {
  const defaults = { temperature: "0.2", max_tokens: "100", top_p: "1.0" };
  expect(
    wireOf(`{"model":"route","temperature":0.90,"top_p":null,"messages":${MESSAGES}}`, { defaults }),
  ).toBe(`{"model":"up","temperature":0.90,"top_p":null,"messages":${MESSAGES},"max_tokens":100}`);
});

test("a default whose name only an escaped key spells is not added a second time", () => {
  const body = String.raw`{"model":"route","\u0074emperature":0.9,"messages":${MESSAGES}}`;
  expect(wireOf(body, { defaults: { temperature: "0.2" } })).toBe(
    `{"model":"up","temperature":0.9,"messages":${MESSAGES}}`,
  );
});

test.each([
  ["", ',"stream_options":{"include_usage":true}'],
  [',"stream_options":null', ',"stream_options":{"include_usage":true}'],
  [',"stream_options":{}', ',"stream_options":{"include_usage":true}'],
  [
    ',"stream_options":{ "include_obfuscation" : false }',
    ',"stream_options":{"include_obfuscation":false,"include_usage":true}',
  ],
  [',"stream_options":{"include_usage":false,"x":1.0}', ',"stream_options":{"include_usage":true,"x":1.0}'],
  [',"stream_options":{"include_usage":null}', ',"stream_options":{"include_usage":true}'],
])("the usage chunk is asked for beside what the client asked: %s", (own, sent) => {
  const head = `"messages":${MESSAGES},"stream":true`;
  expect(wireOf(`{"model":"route",${head}${own}}`, { askUsage: true })).toBe(`{"model":"up",${head}${sent}}`);
  // Left alone when nobody needs it.
  expect(JSON.parse(wireOf(`{"model":"route",${head}${own}}`))).toEqual(
    JSON.parse(`{"model":"up",${head}${own}}`),
  );
});

test.each([
  ["", {}, false],
  [',"store":false', {}, false],
  [',"store":null', { store: "true" }, false],
  [',"store":true', {}, true],
  ["", { store: "true" }, true],
  ["", { store: "false" }, false],
])("metadata goes where it is only taken to be stored: store %s, default %j: %s", (store, defaults, sent) => {
  const body = `{"model":"route","messages":${MESSAGES},"metadata":{"a":"b"}${store},"x":1.0}`;
  const wire = wireOf(body, { defaults, metadataIfStored: true });
  expect(Object.hasOwn(JSON.parse(wire), "metadata")).toBe(sent);
  expect(wire).toContain(`${store},"x":1.0`);
  expect(JSON.parse(wireOf(body, { defaults }))["metadata"]).toEqual({ a: "b" });
});

test("the model's name is written as JSON", () => {
  expect(JSON.parse(wireOf(`{"model":"route","messages":${MESSAGES}}`, { model: 'a"b\\' }))).toHaveProperty(
    "model",
    'a"b\\',
  );
});

test.each([
  [{ include_usage: true }, false],
  [{ include_usage: false }, true],
  [{ include_usage: "true" }, true],
  [{}, true],
  [null, true],
  [undefined, true],
  [[], false],
  ["x", false],
  [5, false],
])("with stream_options %j the gateway may ask for usage: %s", (options, may) => {
  expect(canAskUsage(chat({ model: "m", messages: [{ role: "user" }], stream_options: options }))).toBe(may);
});

test("the text of a content is its text parts, joined by line feeds", () => {
  const parts = [
    { type: "text", text: "one" },
    { type: "image_url", image_url: { url: "data:," } },
    { type: "text", text: "two" },
    { type: "text", text: 3 },
    { type: "other", text: "not this" },
    null,
  ];
  expect(textOf(parts)).toBe("one\ntwo");
  expect(textParts(parts)).toEqual([
    { index: 0, text: "one" },
    { index: 2, text: "two" },
  ]);
  expect(textOf("plain")).toBe("plain");
  for (const content of [null, undefined, 3, {}, []]) expect(textOf(content)).toBe("");
});

test("a message of our own has the JSON text of its content", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (content) => {
      const message = newMessage("system", jsonText(content));
      expect(message.content).toBe(content);
      expect(JSON.parse(message.json)).toEqual({ role: "system", content });
    }),
  );
});

test("system and developer instruct, and the last user message is found", () => {
  const roles = ["system", "user", "developer", "assistant", "user", "tool", "function"];
  const { messages } = chat({ model: "m", messages: roles.map((role) => ({ role, content: "" })) });
  expect(messages.filter(isSystem).map(({ role }) => role)).toEqual(["system", "developer"]);
  expect(lastUserIndex(messages)).toBe(4);
  expect(lastUserIndex(messages.slice(2, 4))).toBe(-1);
});

test.each(["model", "messages", "temperature", "x"])("a body with `%s` twice is refused", (key) => {
  const extra =
    key === "model"
      ? '"model":"m2"'
      : key === "messages"
        ? `"messages":${MESSAGES}`
        : `"${key}":1,"${key}":2`;
  expect(() => chat(`{"model":"m","messages":${MESSAGES},${extra}}`)).toThrow(`\`${key}\` stands twice`);
});
