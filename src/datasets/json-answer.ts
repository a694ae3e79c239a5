import { isObject } from "../domain/json.ts";
import { schemaCheckOf } from "../domain/json-schema.ts";

/** Schemas are the same object in all rows that have the same one, as `Interner` makes them. */
const checks = new WeakMap<object, ReturnType<typeof schemaCheckOf>>();

/** Does the value meet the JSON schema? One that can't be used, or takes too much work, refuses nothing. */
export function meetsSchema(value: unknown, schema: unknown): boolean {
  if (!isObject(schema)) return true;
  const check = checks.get(schema) ?? schemaCheckOf(schema);
  checks.set(schema, check);
  return check(value).kind !== "fails";
}
