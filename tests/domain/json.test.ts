import fc from "fast-check";
import { expect, test } from "vitest";
import {
  JsonLimitError,
  joinMembers,
  memberOf,
  outline,
  parseObject,
  replaceMembers,
} from "../../src/domain/json.ts";
import { anyJson, anyMembers, jsonStyle, printJson, printMembers } from "./json-text.ts";

const UNBOUNDED = Number.POSITIVE_INFINITY;

test("outline finds each member with its own text, in the order of the text", () => {
  fc.assert(
    fc.property(anyMembers, jsonStyle, (members, style) => {
      const found = outline(printMembers(members, style));
      expect(found.map(({ key, json }) => [key, json])).toEqual(
        members.map(([key, value]) => [key, printJson(value, style)]),
      );
      expect(found.map(({ items }) => items)).toEqual(
        members.map(([, value]) =>
          Array.isArray(value) ? value.map((item) => printJson(item, style)) : undefined,
        ),
      );
    }),
    { numRuns: 500 },
  );
});

test("outline agrees with JSON.parse about what each member and item is", () => {
  fc.assert(
    fc.property(anyMembers, jsonStyle, (members, style) => {
      const text = printMembers(members, style);
      const parsed: unknown = JSON.parse(text);
      for (const { key, json, items } of outline(text)) {
        const value = memberOf(parsed, key);
        expect(JSON.parse(json)).toEqual(value);
        if (items !== undefined) expect(items.map((item): unknown => JSON.parse(item))).toEqual(value);
      }
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['{"a":1.0,"b":1e400,"c":12345678901234567890,"d":-0}', ["1.0", "1e400", "12345678901234567890", "-0"]],
  [
    String.raw`{"a":"\ud800","b":"\u00e9\/","c":"x\\"}`,
    [String.raw`"\ud800"`, String.raw`"\u00e9\/"`, String.raw`"x\\"`],
  ],
  [String.raw`{"a":"}],{[","b":"\"","c":"\\\""}`, ['"}],{["', String.raw`"\""`, String.raw`"\\\""`]],
  ['\ufeff{"a" : [ ] , "b":{ } }', ["[ ]", "{ }"]],
])("the text of a value stays as it was: %s", (text, values) => {
  expect(outline(text).map(({ json }) => json)).toEqual(values);
});

test("keys are decoded: an escaped key is the key that it spells", () => {
  const members = outline(String.raw`{"\u006dodel":1,"a\"b":2,"\\":3,"\ud83d\ude00":4}`);
  expect(members.map(({ key }) => key)).toEqual(["model", 'a"b', "\\", "😀"]);
});

test("a key that stands twice is listed twice", () => {
  expect(outline('{"a":1,"b":2,"a":3}').map(({ key, json }) => `${key}=${json}`)).toEqual([
    "a=1",
    "b=2",
    "a=3",
  ]);
});

test("the limit of depth is exact", () => {
  fc.assert(
    fc.property(anyMembers, jsonStyle, fc.integer({ min: 1, max: 7 }), (members, style, depth) => {
      const value = members.map(([, one]) => one);
      const deepest = 1 + Math.max(0, ...value.map(depthOf));
      const look = () => outline(printMembers(members, style), { depth, nodes: UNBOUNDED });
      if (deepest > depth) expect(look).toThrow(JsonLimitError);
      else expect(look).not.toThrow();
    }),
  );
});

test("the limit of values is exact", () => {
  fc.assert(
    fc.property(anyMembers, jsonStyle, fc.integer({ min: 1, max: 30 }), (members, style, nodes) => {
      // A container counts once, and so does each of its entries after the first.
      const all = 1 + Math.max(0, members.length - 1) + sum(members.map(([, value]) => nodesOf(value)));
      const look = () => outline(printMembers(members, style), { depth: UNBOUNDED, nodes });
      if (all > nodes) expect(look).toThrow(JsonLimitError);
      else expect(look).not.toThrow();
    }),
  );
});

test("a limit's error says which limit it was", () => {
  expect(() => outline("[[[[", { depth: 3, nodes: 100 })).toThrow("nesting deeper than 3 levels");
  expect(() => outline("[1,2,3,4]", { depth: 3, nodes: 3 })).toThrow("more than 3 values");
});

const garbage = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        '"',
        "\\",
        ",",
        ":",
        "a",
        "1",
        " ",
        "\\u",
        '{"a":',
        '\\"',
        "\ud800",
      ),
      {
        maxLength: 60,
      },
    )
    .map((parts) => parts.join("")),
  // A good text, cut somewhere.
  fc
    .tuple(anyMembers, jsonStyle, fc.nat(400))
    .map(([members, style, end]) => printMembers(members, style).slice(0, end)),
);

test("garbage never throws anything but a limit's error", () => {
  fc.assert(
    fc.property(garbage, (text) => {
      expect(Array.isArray(outline(text))).toBe(true);
      try {
        outline(text, { depth: 3, nodes: 10 });
      } catch (error) {
        expect(error).toBeInstanceOf(JsonLimitError);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["quotes", '"'.repeat(1_000_000)],
  ["backslashes in a string", `{"a":"${"\\".repeat(1_000_000)}`],
  ["escaped quotes in a string", `{"a":"${'\\"'.repeat(500_000)}`],
  ["escaped quotes as a key", `{"${'\\"'.repeat(500_000)}":1}`],
  ["open brackets", "[".repeat(1_000_000)],
  ["open objects", '{"a":'.repeat(200_000)],
  ["closed brackets", "]".repeat(1_000_000)],
  ["commas", `{"a":[${",".repeat(1_000_000)}]}`],
  ["colons and spaces", `{"a"${": ".repeat(500_000)}1}`],
])("a million %s take no more than linear time", (_what, text) => {
  const started = performance.now();
  outline(text);
  // Quadratic work would take minutes.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("replaceMembers changes what is named, adds what is new, and keeps the rest as it was written", () => {
  const changes = fc.dictionary(fc.constantFrom("1", "messages", "model", "new"), anyJson);
  fc.assert(
    fc.property(anyMembers, jsonStyle, changes, (members, style, changed) => {
      const texts = Object.fromEntries(
        Object.entries(changed).map(([key, value]) => [key, JSON.stringify(value)]),
      );
      const text = printMembers(members, style);
      const replaced = replaceMembers(text, texts);
      const added = Object.keys(texts).filter((key) => !members.some(([own]) => own === key));
      expect(outline(replaced).map(({ key, json }) => [key, json])).toEqual([
        ...members.map(([key, value]) => [
          key,
          Object.hasOwn(texts, key) ? texts[key] : printJson(value, style),
        ]),
        ...added.map((key) => [key, texts[key]]),
      ]);
      expect(() => JSON.parse(replaced)).not.toThrow();
    }),
    { numRuns: 300 },
  );
});

test("without changes joinMembers gives the same value again", () => {
  fc.assert(
    fc.property(anyMembers, jsonStyle, (members, style) => {
      const text = printMembers(members, style);
      expect(JSON.stringify(JSON.parse(joinMembers(outline(text), {})))).toBe(
        JSON.stringify(JSON.parse(text)),
      );
    }),
  );
});

test("a changed member that stands twice is written once, so that every reader sees the change", () => {
  expect(replaceMembers('{"content":"old","role":"user","content":"older"}', { content: '"new"' })).toBe(
    '{"content":"new","role":"user"}',
  );
});

test("a key called __proto__ is a member like any other", () => {
  expect(replaceMembers('{"__proto__":{"a":1}}', { b: "2" })).toBe('{"__proto__":{"a":1},"b":2}');
  expect(memberOf(JSON.parse('{"__proto__":1}'), "__proto__")).toBe(1);
});

test("memberOf sees own members of objects alone", () => {
  expect(memberOf({ a: 1 }, "a")).toBe(1);
  for (const value of [null, undefined, "text", 3, {}, []])
    expect(memberOf(value, "toString")).toBeUndefined();
});

test("parseObject takes objects and nothing else", () => {
  expect(parseObject('{"a":1}')).toEqual({ a: 1 });
  for (const text of ["[]", "1", "null", '"a"', "{", ""]) expect(parseObject(text)).toBeUndefined();
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function nodesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value);
  return 1 + Math.max(0, inner.length - 1) + sum(inner.map(nodesOf));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
