import { isObject, parseObject } from "../domain/json.ts";
import { looksRandom } from "./named-values.ts";

/** Deeper than a request may be; what is deeper is not looked at, and goes. */
const DEEPEST = 512;

/** Names, in small letters and without dashes, of members whose values are secrets whatever they look like. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|passcode|pwd|secret|secretkey|secretaccesskey|accesskey|apikey|privatekey|clientsecret|subscriptionkey|authorization|cookie|credentials?|(?:access|admin|api|auth|bearer|csrf|id|metrics|refresh|session|entra)token)$/;
/** Names of what is a secret when it looks like one: `token` is also a piece of text that a model made. */
const MAYBE_SECRET_NAME = /(?:token|key)$/;

const PLACEHOLDER = /^\[redacted:[A-Za-z0-9._:/-]{1,64}\]$/;

type SecretName = "yes" | "maybe" | "no";

function secretName(name: string): SecretName {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, "");
  if (SECRET_NAME.test(plain)) return "yes";
  return MAYBE_SECRET_NAME.test(plain) ? "maybe" : "no";
}

/** The value with its texts redacted, also within the arguments of calls, which are JSON in a text; the same one when nothing changes. */
export function redactMembers(value: unknown, redact: (text: string) => string): unknown {
  return redactValue(value, "no", DEEPEST, redact);
}

function redactValue(
  value: unknown,
  name: SecretName,
  depth: number,
  redact: (text: string) => string,
): unknown {
  switch (typeof value) {
    case "string":
      return redactText(value, name, redact);
    case "number":
    case "bigint":
      return name === "yes" ? "[redacted:secret]" : value;
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return value;
  if (depth === 0) return "[redacted:secret]";
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => redactValue(item, name, depth - 1, redact));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  const before = Object.entries(value);
  const after = before.map(([key, item]): [string, unknown] => [
    redact(key),
    key === "arguments" && typeof item === "string"
      ? redactArguments(item, depth - 1, redact)
      : redactValue(item, secretName(key), depth - 1, redact),
  ]);
  // `fromEntries` defines its members, so that `__proto__` is one as any other.
  return after.some(([key, item], index) => key !== before[index]?.[0] || item !== before[index]?.[1])
    ? Object.fromEntries(after)
    : value;
}

function redactArguments(text: string, depth: number, redact: (text: string) => string): string {
  const value = parseObject(text);
  return value === undefined
    ? redact(text)
    : cleanText(text, value, redactValue(value, "no", depth, redact), redact);
}

/**
 * A JSON text by its redacted value: as it was where there is nothing to redact, however its strings are escaped.
 * @param clean the value, redacted; the same one where nothing was
 */
export function cleanText(
  text: string,
  value: unknown,
  clean: unknown,
  redact: (text: string) => string,
): string {
  if (clean !== value) return JSON.stringify(clean);
  // A text can hold what its value does not: a member that stands twice.
  const plain = JSON.stringify(value);
  return plain === text || redact(text) === text ? text : plain;
}

function redactText(text: string, name: SecretName, redact: (text: string) => string): string {
  if (text === "" || PLACEHOLDER.test(text)) return text;
  if (name === "yes") return "[redacted:secret]";
  if (name === "maybe" && looksRandom(text)) return "[redacted:secret]";
  return redact(text);
}
