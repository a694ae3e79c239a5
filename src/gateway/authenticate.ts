import { badRequest, unauthenticated } from "../domain/errors.ts";
import type { Key } from "../domain/table.ts";
import type { KeyRing } from "../keys/key-ring.ts";

/**
 * The key that a client gave; undefined where none is asked for, as there never was any.
 * @throws GatewayError 401 `missing_api_key` or `invalid_api_key`
 */
export function authenticate(authorization: string | undefined, keys: KeyRing): Key | undefined {
  if (!keys.required) return undefined;
  if (authorization === undefined) throw unauthenticated("missing_api_key");
  const key = keys.holder(authorization);
  if (key === undefined) throw unauthenticated("invalid_api_key");
  return key;
}

/**
 * The key of this name, to explain what its holder would get.
 * @throws GatewayError 400 when there is none
 */
export function keyNamed(name: string | undefined, keys: KeyRing): Key | undefined {
  if (name === undefined) return undefined;
  const key = keys.named(name);
  if (key === undefined) throw badRequest("invalid_value", "There is no key of this name.", "key");
  return key;
}
