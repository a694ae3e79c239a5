import { known } from "../domain/made.ts";
import { formsOfSecrets } from "../redaction/known-secrets.ts";
import { cleanText } from "../redaction/members.ts";
import { newRedactor } from "../redaction/redactor.ts";

/** A client chooses what comes back in an error: so much of it, in UTF-16 units, is searched for others' keys. */
const MOST_SEARCHED = 131_072;

const forms = new WeakMap<readonly string[], readonly string[]>();

/** Does a header hold one of the gateway's own secrets, in whatever form? */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  return known(forms, secrets, formsOfSecrets).some((form) => text.includes(form));
}

/**
 * JSON text as it came when no secret is in it, however its strings are escaped; else written anew without
 * the gateway's own secrets and, unless it is very long, without what looks like another's key.
 * @param value what the text was parsed to
 */
export function scrubJson(text: string, value: unknown, secrets: readonly string[]): string {
  const redactor = newRedactor({ secrets, forms: text.length <= MOST_SEARCHED });
  return cleanText(text, value, redactor.redactJson(value), redactor.redact);
}
