import { describe, expect, test } from "vitest";
import { schemaCheck } from "../../src/comparison/schema-check.ts";

function bySchema(schema: unknown): (text: string) => boolean | undefined {
  const check = schemaCheck({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } });
  if (check === undefined) throw new Error("a check was expected");
  return check;
}

const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, age: { $ref: "#/$defs/age" } },
  required: ["name"],
  additionalProperties: false,
  $defs: { age: { type: "integer", minimum: 0 } },
};

describe("schemaCheck", () => {
  test.each([
    ['{"name":"Ada","age":36}', true],
    [' {"name":"Ada"} ', true],
    ['{"age":36}', false],
    ['{"name":"Ada","age":-1}', false],
    ['{"name":"Ada","more":1}', false],
    ["Ada, 36", false],
    ['```json\n{"name":"Ada"}\n```', false],
    ["", false],
  ])("%j: %s", (text, valid) => {
    expect(bySchema(PERSON)(text)).toBe(valid);
  });

  test("the schema given is left as it is", () => {
    const schema = structuredClone(PERSON);
    bySchema(schema)('{"name":"Ada"}');
    expect(schema).toStrictEqual(PERSON);
  });

  test("any JSON object, where no schema is given", () => {
    const check = schemaCheck({ response_format: { type: "json_object" } });
    expect(check?.('{"a":1}')).toBe(true);
    expect(check?.("[1]")).toBe(false);
    expect(check?.("a")).toBe(false);
  });

  test("nothing is checked where no JSON is asked for", () => {
    expect(schemaCheck({})).toBeUndefined();
    expect(schemaCheck({ response_format: { type: "text" } })).toBeUndefined();
    expect(schemaCheck({ response_format: null })).toBeUndefined();
  });

  test("a pattern that would take for ever is not looked at", () => {
    const check = bySchema({ type: "string", pattern: "^(a+)+$" });
    expect(check(JSON.stringify(`${"a".repeat(60)}!`))).toBe(true); // else this test does not end
  });

  test("items are not compared each with each other one", () => {
    const many = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index));
    expect(bySchema({ type: "array", uniqueItems: true })(many)).toBe(true); // else it takes minutes
    expect(bySchema({ properties: { uniqueItems: { type: "boolean" } } })('{"uniqueItems":1}')).toBe(false);
  });

  test("a long schema is not asked of a long answer", () => {
    const schema = { items: { enum: Array.from({ length: 10_000 }, (_, index) => `label ${index}`) } };
    expect(bySchema(schema)('["label 9999"]')).toBe(true);
    expect(
      bySchema(schema)(JSON.stringify(Array.from({ length: 10_000 }, () => "label 9999"))),
    ).toBeUndefined();
  });

  test("a property called pattern is a property", () => {
    const schema = { type: "object", properties: { pattern: { type: "number" } }, required: ["pattern"] };
    expect(bySchema(schema)('{"pattern":1}')).toBe(true);
    expect(bySchema(schema)('{"pattern":"a"}')).toBe(false);
  });

  test.each([
    ["references that double at each step", doubling(40)],
    ["many references to one long schema", manyTo(9_000, 10_000)],
    ["a reference to itself", { $ref: "#" }],
    ["a reference to nowhere", { $ref: "#/$defs/none" }],
    ["names by pattern", { patternProperties: { "^(a+)+$": false } }],
    ["no schema", "string"],
  ])("can't be told: %s", (_name, schema) => {
    expect(bySchema(schema)("{}")).toBeUndefined();
  });
});

/** A schema of so many lines that asks for 2 to that power of checks. */
function doubling(steps: number): unknown {
  const defs = Array.from({ length: steps }, (_, index) => [
    `d${index}`,
    { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
  ]);
  return { $defs: { ...Object.fromEntries(defs), [`d${steps}`]: { type: "object" } }, $ref: "#/$defs/d0" };
}

/** So many references to one schema with so many members. */
function manyTo(references: number, members: number): unknown {
  const properties = Object.fromEntries(Array.from({ length: members }, (_, index) => [`p${index}`, {}]));
  return {
    $defs: { long: { properties } },
    allOf: Array.from({ length: references }, () => ({ $ref: "#/$defs/long" })),
  };
}
