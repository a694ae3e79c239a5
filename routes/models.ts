import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";

/** `GET /v1/models` and `/v1/models/:id`: the routes that a key may use. Ids may hold slashes. */
export function models(app: Hono, gateway: Gateway): void {
  endpoint(app, "/v1/models", {
    GET: (context) =>
      context.json({ object: "list", data: gateway.models(context.req.header("authorization")) }),
  });
  endpoint(app, "/v1/models/:id{.+}", {
    GET: (context) =>
      context.json(gateway.model(context.req.param("id") ?? "", context.req.header("authorization"))),
  });
}
