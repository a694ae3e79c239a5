import type { Hono } from "hono";
import { forbidden, unauthenticated } from "../../src/domain/errors.ts";
import { isBearer } from "../../src/gateway/authenticate.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Platform } from "../platform.ts";
import { config } from "./config.ts";
import { explain } from "./explain.ts";

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The admin surface: behind `server.adminToken`, or open to the machine itself where no token is set. */
export function admin(app: Hono, gateway: Gateway, platform: Platform): void {
  app.use("/admin/*", async (context, next) => {
    const token = gateway.table.server.adminToken;
    if (token !== undefined) {
      const authorization = context.req.header("authorization");
      if (!isBearer(authorization, token))
        throw unauthenticated(authorization === undefined ? "missing_api_key" : "invalid_api_key");
    } else if (!platform.openAdmin() || !LOOPBACK_NAMES.has(new URL(context.req.url).hostname)) {
      // The name is checked too, so that a web page can't reach in under a name of its own.
      throw forbidden(
        "insufficient_permissions",
        "The admin API is off here. Set `server.adminToken` to use it from elsewhere.",
      );
    }
    await next();
  });
  explain(app, gateway);
  config(app, gateway, platform);
}
