import { type Schema, Validator } from "@cfworker/json-schema";
import { isObject } from "../domain/json.ts";

/** Schemas are the same object in all rows that have the same one, as `Interner` makes them. */
const validators = new WeakMap<object, Validator>();

/** Does the value meet the JSON schema? One that can't be used refuses nothing. */
export function meetsSchema(value: unknown, schema: unknown): boolean {
  if (!isSchema(schema)) return true;
  try {
    const validator = validators.get(schema) ?? new Validator(schema, "2020-12");
    validators.set(schema, validator);
    return validator.validate(value).valid;
  } catch {
    return true;
  }
}

function isSchema(value: unknown): value is Schema {
  return isObject(value);
}
