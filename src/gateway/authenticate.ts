import { hash as digest } from "node:crypto";
import { badRequest, unauthenticated } from "../domain/errors.ts";
import { known } from "../domain/made.ts";
import type { Key } from "../domain/table.ts";

/**
 * The key that a client gave; undefined when the configuration asks for none.
 * @throws GatewayError 401 `missing_api_key` or `invalid_api_key`
 */
export function authenticate(authorization: string | undefined, keys: readonly Key[]): Key | undefined {
  if (keys.length === 0) return undefined;
  if (authorization === undefined) throw unauthenticated("missing_api_key");
  const good = known(goodHeaders, keys, newHeaders);
  const remembered = good.get(authorization);
  if (remembered !== undefined) return remembered;
  const key = holder(authorization, keys);
  if (key === undefined) throw unauthenticated("invalid_api_key");
  if (good.size >= MOST_HEADERS) good.clear();
  good.set(authorization, key);
  return key;
}

const MOST_HEADERS = 1000;

/**
 * Headers that were found to hold a key, as long as the configuration is in force: on Bun, hashing takes a twentieth
 * of a request's time. A map finds a text by the hash of the whole, so the time tells nothing of where a guess differs.
 */
const goodHeaders = new WeakMap<readonly Key[], Map<string, Key>>();

function newHeaders(): Map<string, Key> {
  return new Map();
}

function holder(authorization: string, keys: readonly Key[]): Key | undefined {
  const given = hashOf(authorization);
  return given === undefined ? undefined : keys.find(({ hash }) => sameText(given, hash));
}

/**
 * The configured key of this name, to explain what its holder would get.
 * @throws GatewayError 400 when there is none
 */
export function keyNamed(name: string | undefined, keys: readonly Key[]): Key | undefined {
  if (name === undefined) return undefined;
  const key = keys.find((one) => one.name === name);
  if (key === undefined)
    throw badRequest("invalid_value", "There is no key of this name in the configuration.", "key");
  return key;
}

/** Is this the bearer token whose text is `expected`? Compared in constant time. */
export function isBearer(authorization: string | undefined, expected: string): boolean {
  const given = hashOf(authorization ?? "");
  return given !== undefined && sameText(given, sha256(expected));
}

/** The hash of the token in `Bearer TOKEN`; undefined when it is none. */
function hashOf(authorization: string): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? undefined : sha256(token);
}

/** SHA-256 in hexadecimal. */
function sha256(text: string): string {
  return digest("sha256", text, "hex");
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
