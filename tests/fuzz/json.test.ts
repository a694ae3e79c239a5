import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isObject,
  joinMembers,
  memberOf,
  outline,
  parseJson,
  replaceMembers,
} from "../../src/domain/json.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { corpus, runs } from "./runs.ts";

const GOOD = [
  '{"a":1,"b":[1,{"c":[]},"]"],"c":{"d":"}"}}',
  '{ "a" : "\\"\\\\" , "\\u0061b" : [ [ ] , { } , -0.0e-3 , "\\ud83d" ] ,\t"\\\\":\n{}}',
  '{"":[],"__proto__":[null,true,false],"1":"x","a":[[[]]]}',
];

/** Does `outline` see what JSON.parse sees? Only where that takes the text. @returns whether it did */
function check(text: string): boolean {
  const members = outline(text);
  const value = parseJson(text);
  if (!isObject(value)) return false;
  const seen = new Map(members.map((member) => [member.key, member]));
  expect([...seen.keys()].toSorted()).toEqual(Object.keys(value).toSorted());
  for (const [key, { json, items, keyJson }] of seen) {
    // Of a key that stands twice JSON.parse takes the last one, as the map does.
    const own = memberOf(value, key);
    expect([JSON.parse(keyJson), JSON.parse(json)]).toEqual([key, own]);
    expect(items?.map((item): unknown => JSON.parse(item))).toEqual(Array.isArray(own) ? own : undefined);
  }
  expect(JSON.parse(joinMembers(members, {}))).toEqual(value);
  const changed: unknown = JSON.parse(replaceMembers(text, { a: '"new"' }));
  expect(changed).toEqual({ ...value, a: "new" });
  return true;
}

test.each(corpus("json"))("kept: $name", ({ bytes }) => {
  expect(() => check(bytes.toString())).not.toThrow();
});

test("any text, and good texts with mistakes in them, are read as JSON.parse reads them", () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 1, arbitrary: anyBytes }, { weight: 4, arbitrary: mutated(GOOD) }),
      (bytes) => {
        if (check(bytes.toString())) taken++;
      },
    ),
    runs(3000),
  );
  expect(taken).toBeGreaterThan(100);
});
