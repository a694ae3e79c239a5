import { badRequest, forbidden, unauthenticated } from "../domain/errors.ts";
import type { Key } from "../domain/table.ts";
import type { Inbound } from "../domain/transport.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { hasLoopbackName } from "../net.ts";

/** The headers that tell who asks. */
type Asker = Pick<Inbound, "header">;

/**
 * The key that a client gave; undefined where none is asked for, as there never was any.
 * @throws GatewayError 401 `missing_api_key` or `invalid_api_key`; 403 `insufficient_permissions` for a web page of
 * another machine where no key is asked for
 */
export function authenticate(asker: Asker, keys: KeyRing): Key | undefined {
  if (!keys.required) {
    refuseForeignPages(asker);
    return undefined;
  }
  const authorization = asker.header("authorization");
  if (authorization === undefined) throw unauthenticated("missing_api_key");
  const key = keys.holder(authorization);
  if (key === undefined) throw unauthenticated("invalid_api_key");
  return key;
}

/** A browser on this machine would send what any page wants sent. It says whose page it is; no page can hide that. */
function refuseForeignPages(asker: Asker): void {
  const origin = asker.header("origin");
  const isForeign = origin !== undefined && !(URL.canParse(origin) && hasLoopbackName(origin));
  if (isForeign || asker.header("sec-fetch-site") === "cross-site")
    throw forbidden(
      "insufficient_permissions",
      "Web pages of other hosts may not use a gateway without keys. Configure `keys` to let them.",
    );
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
