import { isObject, parseJson, parseObject } from "../domain/json.ts";
import type { Redactor } from "../domain/redactor.ts";

/** A JSON text without secrets, and its value. */
export interface Redacted {
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly value: unknown;
}

/** The same text where there is nothing to redact. What is no JSON is redacted as any text. */
export function redactJsonText(text: string, redactor: Redactor): Redacted {
  const parsed = parseJson(text);
  if (parsed === undefined) return { text: redactor.redact(text), value: undefined };
  const value = redactValue(parsed, redactor);
  if (value === parsed && isAllOf(parsed, text, redactor)) return { text, value };
  return { text: JSON.stringify(value), value };
}

/** Does the text hold nothing to redact besides its value? A member that stands twice has a first value that no reader sees. */
function isAllOf(value: unknown, text: string, redactor: Redactor): boolean {
  return JSON.stringify(value) === text || redactor.redact(text) === text;
}

/** A value without secrets, also within the arguments of calls, which are JSON in a text. The same one where nothing changes. */
export function redactValue(value: unknown, redactor: Redactor): unknown {
  return redactor.redactJson(inArguments(value, redactor));
}

function inArguments(value: unknown, redactor: Redactor): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => inArguments(item, redactor));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  const before = Object.entries(value);
  const after = before.map(([key, item]): [string, unknown] => [
    key,
    key === "arguments" && typeof item === "string"
      ? argumentsWithout(item, redactor)
      : inArguments(item, redactor),
  ]);
  // `fromEntries` defines its members, so that `__proto__` is one as any other.
  return after.some(([, item], index) => item !== before[index]?.[1]) ? Object.fromEntries(after) : value;
}

function argumentsWithout(text: string, redactor: Redactor): string {
  return parseObject(text) === undefined ? text : redactJsonText(text, redactor).text;
}

/** Names and texts without secrets. */
export function redactTexts(
  texts: Readonly<Record<string, string>>,
  redactor: Redactor,
): Readonly<Record<string, string>> {
  const redacted = redactor.redactJson(texts);
  if (redacted === texts || !isObject(redacted)) return texts;
  return Object.fromEntries(Object.entries(redacted).map(([name, text]) => [name, String(text)]));
}
