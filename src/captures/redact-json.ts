import { isObject, parseJson } from "../domain/json.ts";
import type { Redactor } from "../domain/redactor.ts";
import { cleanText } from "../redaction/members.ts";

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
  const value = redactor.redactJson(parsed);
  return { text: cleanText(text, parsed, value, redactor.redact), value };
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
