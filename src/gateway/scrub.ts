/** What may be one of OpenAI's or Hugging Face's keys, starred out or not, or a name with dashes. */
const KEY_LIKE = /\b(?:sk-|hf_)[A-Za-z0-9_*-]{16,}/g;

/** The text, plain or JSON, without the gateway's own secrets and without what looks like another's key. */
export function scrub(text: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret.length > 0)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
  return known.replace(KEY_LIKE, (key) => (/[0-9*]/.test(key) ? "[redacted]" : key));
}

/**
 * JSON text as it came when no secret is in it, however its strings are escaped; else written anew.
 * @param value what the text was parsed to
 */
export function scrubJson(text: string, value: unknown, secrets: readonly string[]): string {
  const plain = JSON.stringify(value);
  const clean = scrub(plain, secrets);
  return clean === plain && scrub(text, secrets) === text ? text : clean;
}
