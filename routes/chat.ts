import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";
import type { Platform } from "./platform.ts";

/** `POST /v1/chat/completions`: the unified endpoint. */
export function chat(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/v1/chat/completions", {
    POST: (context) => {
      const { inbound, reply, respond } = platform.open(context);
      return respond(gateway.chat(inbound, reply));
    },
  });
}
