import { hash, timingSafeEqual } from "node:crypto";
import { badRequest, unauthenticated } from "../domain/errors.ts";
import type { Key } from "../domain/table.ts";

/**
 * The key that a client gave; undefined when the configuration asks for none.
 * @throws GatewayError 401 `missing_api_key` or `invalid_api_key`
 */
export function authenticate(authorization: string | undefined, keys: readonly Key[]): Key | undefined {
  if (keys.length === 0) return undefined;
  if (authorization === undefined) throw unauthenticated("missing_api_key");
  const digest = digestOf(authorization);
  const key = digest && keys.find((one) => timingSafeEqual(digest, Buffer.from(one.hash, "hex")));
  if (key === undefined) throw unauthenticated("invalid_api_key");
  return key;
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
  const digest = digestOf(authorization ?? "");
  return digest !== undefined && timingSafeEqual(digest, sha256(expected));
}

/** SHA-256 of the token in `Bearer TOKEN`; undefined when it is none. */
function digestOf(authorization: string): Buffer | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  return token === undefined ? undefined : sha256(token);
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
