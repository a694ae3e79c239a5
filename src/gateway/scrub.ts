import { newRedactor } from "../redaction/redactor.ts";

/**
 * JSON text as it came when no secret is in it, however its strings are escaped; else written anew without
 * the gateway's own secrets and without what looks like another's key.
 * @param value what the text was parsed to
 */
export function scrubJson(text: string, value: unknown, secrets: readonly string[]): string {
  const redactor = newRedactor({ secrets });
  const clean = redactor.redactJson(value);
  return clean === value && redactor.redact(text) === text ? text : JSON.stringify(clean);
}
