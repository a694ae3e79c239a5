import type { Hono } from "hono";
import { draining } from "../src/domain/errors.ts";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";
import type { Platform } from "./platform.ts";

/** `/health/live`: the process answers. `/health/ready`: it can serve; neither a configuration that went bad later nor a lost store unreadies it. */
export function health(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/health/live", { GET: (context) => context.json({ status: "ok" }) });
  endpoint(app, "/health/ready", {
    GET: (context) => {
      if (gateway.draining) throw draining();
      return context.json({
        status: "ready",
        config: platform.configStale() ? "stale" : "current",
        store: platform.storeState?.() ?? "off",
      });
    },
  });
}
