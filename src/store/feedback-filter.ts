import type { FeedbackValue } from "../domain/capture.ts";
import type { FeedbackFilter } from "./store.ts";

/** `:`, `=` and `>` are left out, as they part a name from its value in a filter. */
export const FEEDBACK_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/;

export const FEEDBACK_NAME_RULE =
  "a name has 1 to 64 letters, digits or . _ / -, and begins with a letter or digit";

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
