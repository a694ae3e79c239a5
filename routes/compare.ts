import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";
import type { Platform } from "./platform.ts";

/** `POST /v1/compare`: the same query through several variants. */
export function compare(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/v1/compare", {
    POST: (context) => {
      const { inbound, reply, respond } = platform.open(context);
      return respond(gateway.compare(inbound, reply));
    },
  });
}
