import type { Condition, ConditionView } from "../domain/table.ts";

/** Longest text that a trace shows of a value. */
const SHOWN_CHARACTERS = 200;

/** The values that a condition looks at, by their path; null for those that are not there. */
export function seenValues(condition: Condition, view: ConditionView): Record<string, unknown> {
  return Object.fromEntries(condition.references.map(({ path, read }) => [path, shown(read(view))]));
}

/** Why a condition did not match. */
export function explainMiss(condition: Condition, view: ConditionView): string {
  try {
    condition.test(view);
    return "the condition is false";
  } catch (problem) {
    const summary = problem instanceof Error ? problem.message : "it can't be evaluated";
    return `the condition could not be evaluated, so it counts as not matched: ${summary}`;
  }
}

/** A value in JSON's terms, cut to a length that a person reads. */
export function shown(value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return Number(value);
    case "string":
      return value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
    case "undefined":
    case "function":
    case "symbol":
      return null;
    case "object": {
      if (value instanceof Date) return value.toISOString();
      const json = JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === "bigint" ? Number(inner) : inner,
      );
      return json.length > SHOWN_CHARACTERS ? `${json.slice(0, SHOWN_CHARACTERS)}…` : JSON.parse(json);
    }
    default:
      return value;
  }
}
