import { dereference, type Schema, validate } from "@cfworker/json-schema";
import { isObject, memberOf, parseJson, parseObject } from "../domain/json.ts";

/** Most references that are followed for one answer: a schema of few lines may ask for endless work. */
const MOST_REFERENCES = 10_000;

/** Length of the schema times that of the answer, in characters, above which it is not checked: each may be asked of all of the other. */
const MOST_WORK = 2e8;

/** Checks an answer's text; undefined where that can't be told. */
export type SchemaCheck = (text: string) => boolean | undefined;

/**
 * A check of what the request's `response_format` asks for: JSON by its schema, or any JSON object. A schema's
 * `pattern`, `format` and `uniqueItems` are not looked at: a client could give one that takes for ever.
 * @returns undefined for a request that asks for no JSON
 */
export function schemaCheck(body: Readonly<Record<string, unknown>>): SchemaCheck | undefined {
  const format = body["response_format"];
  switch (memberOf(format, "type")) {
    case "json_object":
      return (text) => parseObject(text) !== undefined;
    case "json_schema":
      return bySchema(memberOf(memberOf(format, "json_schema"), "schema"));
    default:
      return undefined;
  }
}

function bySchema(given: unknown): SchemaCheck {
  return (text) => {
    const value = parseJson(text);
    if (value === undefined) return false;
    if (!isObject(given)) return undefined;
    try {
      const json = JSON.stringify(given);
      if (json.length * text.length > MOST_WORK) return undefined;
      const schema: Schema = withoutSlowOnes(json);
      return validate(value, schema, "2020-12", counted(dereference(schema))).valid;
    } catch {
      return undefined; // a schema that can't be followed
    }
  };
}

/** A copy, as the validator writes into its schema. @throws Error for keys that are patterns */
function withoutSlowOnes(json: string): Schema {
  return JSON.parse(json, (key, value: unknown) => {
    if (key === "patternProperties") throw new Error("names by pattern are not looked at");
    // Each item is compared with each other one.
    if (key === "uniqueItems" && value === true) return undefined;
    return (key === "pattern" || key === "format") && typeof value === "string" ? undefined : value;
  });
}

function counted(schemas: Record<string, Schema | boolean>): Record<string, Schema | boolean> {
  let left = MOST_REFERENCES;
  return new Proxy(schemas, {
    get: (target, uri: string) => {
      if (left-- === 0) throw new RangeError("too many references");
      return target[uri];
    },
  });
}
