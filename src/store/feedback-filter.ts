import type { FeedbackValue } from "../domain/capture.ts";
import { FEEDBACK_NAME } from "../domain/name.ts";
import type { FeedbackFilter } from "./store.ts";

export const FEEDBACK_FILTER_RULE =
  "NAME, NAME=VALUE or NAME>=NUMBER is expected, such as thumbs=true or score>=0.5";

/**
 * A filter by feedback in one line: `NAME`, `NAME=VALUE` or `NAME>=NUMBER`. `:` does for `=`. A value that reads as a
 * number or as true or false is one; in double quotes it is a text.
 * @returns undefined for what is none of these
 * @example feedbackFilterOf("score>=0.5") // { name: "score", atLeast: 0.5 }
 * @example feedbackFilterOf('label="5"') // { name: "label", equals: "5" }
 */
export function feedbackFilterOf(text: string): FeedbackFilter | undefined {
  const [, name = "", sign, value = ""] = /^([^:=>]*)(?:(:|=|>=)(.*))?$/s.exec(text) ?? [];
  if (!FEEDBACK_NAME.test(name)) return undefined;
  switch (sign) {
    case undefined:
      return { name };
    case ":":
    case "=":
      return value === "" ? undefined : { name, equals: readValue(value) };
    default: {
      const atLeast = readValue(value);
      return typeof atLeast === "number" ? { name, atLeast } : undefined;
    }
  }
}

function readValue(text: string): FeedbackValue {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string" || typeof value === "boolean") return value;
    return typeof value === "number" && Number.isFinite(value) ? value : text;
  } catch {
    return text;
  }
}
