import type { Handler, Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { admitScript } from "./admin/admit.ts";
import { endpoint } from "./endpoint.ts";
import type { Platform } from "./platform.ts";

const PATHS = ["/v1/files", "/v1/files/:path{.+}", "/v1/fine_tuning/:path{.+}"] as const;

/** `/v1/files` and `/v1/fine_tuning`: they pass on to a provider, for those who may use the admin surface. */
export function passThrough(app: Hono, gateway: Gateway, platform: Platform): void {
  const handler: Handler = (context) => {
    admitScript(context.req.raw, gateway, platform);
    const { reply, respond } = platform.open(context);
    return respond(gateway.passThrough(context.req.raw, reply));
  };
  for (const path of PATHS) endpoint(app, path, { GET: handler, POST: handler, DELETE: handler });
}
