import { fold } from "./look-alikes.ts";
import { escaped, type Rule } from "./scanner.ts";

/** Shorter ones would be found in every text. */
const SHORTEST = 4;
/** A longer secret is looked for in parts, so that each of its forms stays within a scanner's reach. */
const LONGEST = 100;
/** Part of a secret in base64 that is long enough to be no accident. */
const SHORTEST_BASE64 = 10;

/**
 * A rule for secrets that are known, also as they stand in JSON, in an address and in base64.
 * @returns none when there is nothing to look for
 */
export function knownSecrets(secrets: readonly string[]): readonly Rule[] {
  const forms = formsOfSecrets(secrets).map((form) => fold(form).text);
  const longestFirst = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return [];
  const any = `(?:${longestFirst.map(escaped).join("|")})`;
  return [{ kind: "secret", first: "\\0-\\uffff", starts: any, head: any }];
}

/** Secrets, or parts of them, as a text may have them: plain, in JSON, in an address, in base64. */
export function formsOfSecrets(secrets: readonly string[]): readonly string[] {
  return secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap(parts)
    .flatMap(formsOf);
}

function parts(secret: string): readonly string[] {
  const count = Math.ceil(secret.length / LONGEST);
  const size = Math.ceil(secret.length / count);
  return Array.from({ length: count }, (_, index) => secret.slice(index * size, (index + 1) * size));
}

function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    json.replaceAll("/", "\\/"),
    ...inAddress(secret),
    ...base64Cores(new TextEncoder().encode(secret)),
  ];
}

function inAddress(secret: string): readonly string[] {
  if (!secret.isWellFormed()) return [];
  const encoded = encodeURIComponent(secret);
  const lowerCase = encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return [encoded, lowerCase, encoded.replaceAll("%20", "+"), encodeURI(secret)];
}

/** What is the same in base64 whatever stands around the secret, at each of the three offsets. */
function base64Cores(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = base64(Uint8Array.from([...new Uint8Array(offset), ...bytes]));
    const core = text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return core.length < SHORTEST_BASE64 ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
