import fc from "fast-check";
import { expect, test } from "vitest";
import { toWire } from "../../src/domain/chat.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { parseChat } from "../../src/gateway/parse.ts";
import { anyJson, jsonStyle, printMembers } from "../domain/json-text.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { corpus, runs } from "./runs.ts";

const LIMITS = { depth: 64, nodes: 100_000, messages: 10_000 };
const WIRE = { model: "m", defaults: {}, askUsage: false, metadataIfStored: false };

const GOOD = [
  '{"model":"m","messages":[{"role":"user","content":"Hi"}]}',
  '{"model":"m","messages":[{"role":"system","content":"é😀\\ud83d\\ude00"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]}],"stream":true,"stream_options":{"include_usage":true}}',
  '{ "n" : 2.0, "seed":12345678901234567890, "temperature":1e-7,\n"model":"m","messages":[ {"content":null,"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\\"a\\":[1,2]}"}}]} ,{"role":"tool","content":"","tool_call_id":"1"}],"metadata":{"a":"b"},"user":"u","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]}',
];

/** What came in is refused with words for the client, or goes out as the same value. */
function check(bytes: Uint8Array): boolean {
  let request: ReturnType<typeof parseChat>;
  try {
    request = parseChat(bytes, LIMITS);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect([400, error.type]).toEqual([error.status, "invalid_request_error"]);
    expect(error.message.length).toBeLessThan(600);
    return false;
  }
  const came: unknown = JSON.parse(
    Buffer.from(bytes)
      .toString()
      .replace(/^\ufeff/, ""),
  );
  expect(JSON.parse(toWire(request, { ...WIRE, model: request.fields.model }))).toEqual(came);
  return true;
}

test("the good bodies are taken", () => {
  expect(GOOD.map((text) => check(Buffer.from(text)))).toEqual([true, true, true]);
});

test.each(corpus("chat"))("kept: $name", ({ bytes }) => {
  expect(() => check(bytes)).not.toThrow();
});

test("any bytes", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      check(bytes);
    }),
    runs(500),
  );
});

test("good bodies with mistakes in them", () => {
  let taken = 0;
  fc.assert(
    fc.property(mutated(GOOD), (bytes) => {
      if (check(bytes)) taken++;
    }),
    runs(2000),
  );
  // Both sides of the door are tried.
  expect(taken).toBeGreaterThan(50);
});

/** The right type, another one, or nothing; any name, twice too, in any style. */
const members = fc.tuple(
  fc.array(
    fc.tuple(
      fc.constantFrom(
        "model",
        "messages",
        "stream",
        "user",
        "metadata",
        "n",
        "stream_options",
        "__proto__",
        "x",
      ),
      fc.oneof(
        anyJson,
        fc.constantFrom<unknown>(
          "m",
          [{ role: "user", content: "Hi" }],
          [{ role: "user" }, { role: "tool", content: [], x: { "": 1 } }],
          [[]],
          true,
          1e308,
          { a: "b" },
          {},
        ),
      ),
    ),
    { maxLength: 8 },
  ),
  jsonStyle,
);

test("objects with the right names and odd values", () => {
  let taken = 0;
  fc.assert(
    fc.property(members, ([list, style]) => {
      const start: [string, unknown][] = [
        ["model", "m"],
        ["messages", [{ role: "user", content: "Hi" }]],
      ];
      for (const some of [list, [...start, ...list]])
        if (check(Buffer.from(printMembers(some, style)))) taken++;
    }),
    runs(1000),
  );
  expect(taken).toBeGreaterThan(50);
});

test("nesting of any depth, in any member", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300_000 }),
      fc.constantFrom("[", '{"a":', '[{"a":'),
      fc.constantFrom("messages", "metadata", "model", "x"),
      (depth, open, name) => {
        const close = open.replaceAll(/[^[{]/g, "").replaceAll("[", "]").replaceAll("{", "}");
        const closed = [...close].reverse().join("");
        const value = `${open.repeat(depth)}1${closed.repeat(depth)}`;
        expect(check(Buffer.from(`{"model":"m","messages":[{"role":"user"}],"${name}x":${value}}`))).toBe(
          depth * close.length < 64,
        );
        check(Buffer.from(`{"${name}":${value}`));
      },
    ),
    runs(30),
  );
});
