import { forbidden, type GatewayError, unauthenticated } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { mustBeJson, requireJson } from "../../src/gateway/parse.ts";
import { isBearer } from "../../src/keys/secret.ts";
import { hasLoopbackName } from "../../src/net.ts";
import { WebInbound } from "../../src/transport/web-exchange.ts";
import type { Platform } from "../platform.ts";

/**
 * Lets a request into the admin surface: with `server.adminToken` or a key that has the right, as the bearer token or as the
 * password that a browser was given; without either configured, from the machine itself.
 * @throws GatewayError 401 `missing_api_key` or `invalid_api_key`, 403 `insufficient_permissions`
 */
export function admit(request: Request, gateway: Gateway, platform: Platform): void {
  // A browser sends what it was given with whatever any page wants sent.
  if (passwordIn(request) !== undefined) requireOwnPage(request);
  const authorization = bearerIn(request);
  const { adminToken } = gateway.table.server;
  if (adminToken === undefined || !isBearer(authorization, adminToken)) {
    const key = authorization === undefined ? undefined : gateway.keys.holder(authorization);
    if (key === undefined) admitUnknown(request, gateway, platform);
    else if (!key.admin) throw notForThisKey();
  }
}

/** Who was let in, for an audit trail: a key's name, or how it was without one. */
export function adminOf(request: Request, { table, keys }: Gateway): string {
  const authorization = bearerIn(request);
  const { adminToken } = table.server;
  if (adminToken !== undefined && isBearer(authorization, adminToken)) return "admin token";
  return (authorization === undefined ? undefined : keys.holder(authorization)?.name) ?? "this machine";
}

/**
 * As `admit`, for the official SDK, which gives some key in any case: where no client needs one, any will do.
 * @throws GatewayError as `admit`
 */
export function admitScript(request: Request, gateway: Gateway, platform: Platform): void {
  const { table, keys } = gateway;
  if (table.server.adminToken === undefined && !keys.required) requireOwnMachine(request, platform);
  else admit(request, gateway, platform);
}

function admitUnknown(request: Request, { table, keys }: Gateway, platform: Platform): void {
  // A key that had the right once counts too: who revokes the last one must not open the surface.
  const asked = table.server.adminToken !== undefined || keys.hasAdmin;
  if (!asked) requireOwnMachine(request, platform);
  if (request.headers.has("authorization")) throw unauthenticated("invalid_api_key");
  if (asked) throw unauthenticated("missing_api_key");
}

/** The name is checked too, so that a web page can't reach in under a name of its own. */
function requireOwnMachine(request: Request, platform: Platform): void {
  if (!platform.openAdmin() || !hasLoopbackName(request.url)) {
    throw forbidden(
      "insufficient_permissions",
      "The admin API is off here. Set `server.adminToken`, or give a key `admin: true`, to use it from elsewhere.",
    );
  }
  requireOwnPage(request);
}

/** What a request is sent with, a browser's password as the bearer token that it stands for. */
function bearerIn(request: Request): string | undefined {
  const password = passwordIn(request);
  return password === undefined ? (request.headers.get("authorization") ?? undefined) : `Bearer ${password}`;
}

/** The password of `Basic`; undefined for any other credentials. */
function passwordIn({ headers }: Request): string | undefined {
  const encoded = /^Basic +([\w+/-]+=*)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}

/** Did a browser send it for a page of another site? Browsers say so, and no page can make them say otherwise. */
function requireOwnPage({ headers, url }: Request): void {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  // A proxy may have taken TLS off, so the schemes may differ.
  const isForeign =
    (origin !== null && URL.parse(origin)?.host !== new URL(url).host) ||
    (site !== null && site !== "same-origin" && site !== "none");
  if (isForeign)
    throw forbidden("insufficient_permissions", "Pages of other sites may not use the admin API.");
}

/**
 * A page of another site can send a body unasked only under other types, or under none.
 * @throws GatewayError 415 `unsupported_media_type`
 */
export function requireJsonBody(request: Request): void {
  const { method, headers } = request;
  if (method === "GET" || method === "HEAD") return;
  const hasBody = headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
  if (!hasBody) return;
  if (!headers.has("content-type")) throw mustBeJson();
  requireJson(new WebInbound(request));
}

function notForThisKey(): GatewayError {
  return forbidden("insufficient_permissions", "Your key may not use the admin API.");
}
