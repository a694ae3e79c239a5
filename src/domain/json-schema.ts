import { dereference, type Schema, validate } from "@cfworker/json-schema";
import { isObject } from "./json.ts";

/** Work for one value, where one schema asked of one value counts 100 and what is looked at one each: a few seconds at most. */
const MOST_WORK = 1e7;
const WORK_OF_A_VISIT = 100;

/** How a value stands to a schema. */
export type SchemaVerdict =
  | { readonly kind: "meets" }
  | { readonly kind: "fails"; readonly problem: string }
  /** It would take too much work, or names by pattern, which are not looked at. */
  | { readonly kind: "unchecked" }
  /** The schema itself is wrong. */
  | { readonly kind: "unusable"; readonly problem: string };

/** How much there is at most in one place of a value: characters, items, members. */
interface Widths {
  string: number;
  array: number;
  object: number;
}

/** Keywords for which all of a value is looked at, and not only what the schema names. */
const LOOKS_AT_ALL: ReadonlyMap<string, keyof Widths> = new Map([
  ["minLength", "string"],
  ["maxLength", "string"],
  ["items", "array"],
  ["additionalItems", "array"],
  ["unevaluatedItems", "array"],
  ["contains", "array"],
  ["additionalProperties", "object"],
  ["unevaluatedProperties", "object"],
  ["propertyNames", "object"],
  ["minProperties", "object"],
  ["maxProperties", "object"],
  ["allOf", "object"],
  ["anyOf", "object"],
  ["oneOf", "object"],
  ["if", "object"],
]);

class TooMuchWork extends Error {}

/** Work that is left for one value. Each visit of a schema takes from it. */
class Budget {
  #left = 0;
  #widths: Widths = { string: 0, array: 0, object: 0 };

  begin(value: unknown): void {
    this.#left = MOST_WORK;
    this.#widths = { string: 0, array: 0, object: 0 };
    measure(value, this.#widths);
  }

  /** @throws TooMuchWork */
  take(size: number, looksAt: readonly (keyof Widths)[]): void {
    this.#left -= WORK_OF_A_VISIT + size;
    for (const kind of looksAt) this.#left -= this.#widths[kind];
    if (this.#left < 0) throw new TooMuchWork();
  }
}

/**
 * A JSON schema of the draft 2020-12 that a client may have given: `pattern`, `format` and `uniqueItems` are not looked at, as one
 * could be given that takes for ever, and neither are schemas with `patternProperties`. The work is bounded.
 * @returns what tells of a value; it never throws
 */
export function schemaCheckOf(given: Readonly<Record<string, unknown>>): (value: unknown) => SchemaVerdict {
  const budget = new Budget();
  try {
    const schema = withBudget(JSON.stringify(given), budget);
    const schemas = dereference(schema);
    return (value) => {
      try {
        budget.begin(value);
        const { valid, errors } = validate(value, schema, "2020-12", schemas);
        return valid ? { kind: "meets" } : { kind: "fails", problem: errors.at(-1)?.error ?? "" };
      } catch (error) {
        return failed(error);
      }
    };
  } catch (error) {
    return () => failed(error);
  }
}

function failed(error: unknown): SchemaVerdict {
  if (error instanceof TooMuchWork) return { kind: "unchecked" };
  return { kind: "unusable", problem: error instanceof Error ? error.message : "" };
}

/** A copy, as the validator writes into its schema. @throws TooMuchWork for what is not looked at */
function withBudget(json: string, budget: Budget): Schema {
  return JSON.parse(json, (key, value: unknown) => {
    if (key === "patternProperties" || (key === "$recursiveRef" && typeof value === "string"))
      throw new TooMuchWork();
    // Each item is compared with each other one.
    if (key === "uniqueItems" && value === true) return undefined;
    if ((key === "pattern" || key === "format") && typeof value === "string") return undefined;
    if (isObject(value)) charge(value, budget);
    return value;
  });
}

/** The validator reads this member whenever it asks the schema of a value. */
function charge(schema: Readonly<Record<string, unknown>>, budget: Budget): void {
  const size = JSON.stringify(schema).length;
  const looksAt = Object.keys(schema).flatMap((keyword) => LOOKS_AT_ALL.get(keyword) ?? []);
  Object.defineProperty(schema, "__absolute_recursive_ref__", { get: () => budget.take(size, looksAt) });
}

function measure(value: unknown, widths: Widths): void {
  if (typeof value === "string") widths.string = Math.max(widths.string, value.length);
  else if (Array.isArray(value)) {
    widths.array = Math.max(widths.array, value.length);
    for (const item of value) measure(item, widths);
  } else if (isObject(value)) {
    const members = Object.values(value);
    widths.object = Math.max(widths.object, members.length);
    for (const member of members) measure(member, widths);
  }
}
