import { isObject, memberOf, parseJson, parseObject } from "../domain/json.ts";
import { schemaCheckOf } from "../domain/json-schema.ts";

/** Checks an answer's text; undefined where that can't be told. */
export type SchemaCheck = (text: string) => boolean | undefined;

/**
 * A check of what the request's `response_format` asks for: JSON by its schema, or any JSON object.
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
  const check = isObject(given) ? schemaCheckOf(given) : undefined;
  return (text) => {
    const value = parseJson(text);
    if (value === undefined) return false;
    const kind = check?.(value).kind;
    return kind === "meets" || kind === "fails" ? kind === "meets" : undefined;
  };
}
