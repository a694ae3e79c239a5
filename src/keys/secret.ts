import { hash, randomBytes } from "node:crypto";

const HINT_CHARACTERS = 4;

/** A new secret of 256 random bits, which no one can guess: so a plain hash of it gives nothing away. */
export function newSecret(): string {
  return `sk-cx-${randomBytes(32).toString("base64url")}`;
}

/** SHA-256 in hexadecimal. */
export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

/** What a list shows of a secret: enough to tell keys apart, too little to guess the rest. */
export function hintOf(secret: string): string {
  return secret.slice(-HINT_CHARACTERS);
}

/** The hash of the token in `Bearer TOKEN`; undefined when it is none. */
export function bearerHash(authorization: string): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? undefined : sha256(token);
}

/** Is this the bearer token whose text is `expected`? Compared in constant time. */
export function isBearer(authorization: string | undefined, expected: string): boolean {
  const given = bearerHash(authorization ?? "");
  return given !== undefined && sameText(given, sha256(expected));
}

/**
 * Compares hashes in a time that tells nothing of where they differ. Node's own function for it takes buffers
 * only, and making them costs three times as much as hashing.
 */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
