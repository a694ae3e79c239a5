import type { Hono } from "hono";
import type { Gateway } from "../src/gateway/gateway.ts";
import { endpoint } from "./endpoint.ts";
import type { OpenExchange, Platform } from "./platform.ts";

export const CHAT_PATH = "/v1/chat/completions";

/** `POST /v1/chat/completions`: the unified endpoint. */
export function chat(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, CHAT_PATH, {
    POST: (context) => answerChat(gateway, platform.open(context)),
  });
}

/** @returns the answer, once it has begun */
export function answerChat(gateway: Gateway, { inbound, reply, respond }: OpenExchange): Promise<Response> {
  return respond(gateway.chat(inbound, reply));
}
