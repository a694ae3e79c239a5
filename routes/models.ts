import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { WebInbound } from "../src/transport/web-exchange.ts";
import { endpoint } from "./endpoint.ts";

/** `GET /v1/models` and `/v1/models/:id`: the routes that a key may use. Ids may hold slashes. */
export function models(app: Hono, gateway: Gateway): void {
  endpoint(app, "/v1/models", {
    GET: (context) =>
      context.json({ object: "list", data: gateway.models(new WebInbound(context.req.raw)) }, 200, NO_STORE),
  });
  endpoint(app, "/v1/models/:id{.+}", {
    GET: (context) =>
      context.json(
        gateway.model(context.req.param("id") ?? "", new WebInbound(context.req.raw)),
        200,
        NO_STORE,
      ),
  });
}

/** What a key may see is not for caches on the way. */
const NO_STORE = { "cache-control": "no-store" } as const;
