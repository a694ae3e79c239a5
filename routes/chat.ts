import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";
import type { Platform } from "./platform.ts";

export const CHAT_PATH = "/v1/chat/completions";

/** `POST /v1/chat/completions`: the unified endpoint. */
export function chat(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, CHAT_PATH, {
    POST: (context) => {
      const { inbound, reply, respond } = platform.open(context);
      return respond(gateway.chat(inbound, reply));
    },
  });
}
