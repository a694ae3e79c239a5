import type { Context } from "hono";
import type { z } from "zod";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { parseMembers } from "../../src/gateway/parse.ts";
import { WebInbound } from "../../src/transport/web-exchange.ts";

const BODY_BYTES = 64 * 1024;

/**
 * A request's body by its schema. No body at all stands for an empty object, so that all members take their defaults.
 * @throws GatewayError 400 that names the member, 413 past `most` bytes
 */
export async function bodyOf<T>(
  context: Context,
  gateway: Gateway,
  schema: z.ZodType<T>,
  most = BODY_BYTES,
): Promise<T> {
  const bytes = await gateway.bodyOf(new WebInbound(context.req.raw), most);
  const given = bytes.byteLength === 0 ? new TextEncoder().encode("{}") : bytes;
  return parseMembers(given, gateway.table.server.jsonLimits, schema);
}
