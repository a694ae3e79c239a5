import type { Hono } from "hono";
import { unauthenticated } from "../src/domain/errors.ts";
import type { Gateway } from "../src/gateway/gateway.ts";
import { isBearer } from "../src/keys/secret.ts";
import { CONTENT_TYPE } from "../src/metrics/families.ts";
import { endpoint } from "./endpoint.ts";

/** `GET /metrics` for Prometheus; behind `server.metricsToken` where one is set. */
export function metrics(app: Hono, gateway: Gateway): void {
  endpoint(app, "/metrics", {
    GET: async (context) => {
      const token = gateway.table.server.metricsToken;
      if (token !== undefined && !isBearer(context.req.header("authorization"), token))
        throw unauthenticated("invalid_api_key");
      return context.body(await gateway.metrics.render(), 200, {
        "content-type": CONTENT_TYPE,
        "cache-control": "no-store",
      });
    },
  });
}
