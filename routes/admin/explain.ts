import type { Hono } from "hono";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { WebInbound } from "../../src/transport/web-exchange.ts";
import { endpoint } from "../endpoint.ts";

/** `POST /admin/api/explain`: where a chat request would go and why, rule by rule; `?key=NAME` decides for that key. */
export function explain(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/explain", {
    POST: async (context) =>
      context.body(await gateway.explain(new WebInbound(context.req.raw), context.req.query("key")), 200, {
        "content-type": "application/json",
      }),
  });
}
