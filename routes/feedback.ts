import type { Hono } from "hono";
import type { z } from "zod";
import type { Feedback } from "../src/domain/capture.ts";
import { authenticate } from "../src/gateway/authenticate.ts";
import { giveFeedback } from "../src/gateway/feedback.ts";
import type { Gateway } from "../src/gateway/gateway.ts";
import { parseMembers, requireJson } from "../src/gateway/parse.ts";
import { WebInbound } from "../src/transport/web-exchange.ts";
import { endpoint } from "./endpoint.ts";
import { newFeedback, type shownFeedback } from "./feedback-fields.ts";

/** Room for the longest correction, its characters escaped. */
const BODY_BYTES = 1024 * 1024;

/** `POST /v1/feedback`: what came of an earlier request. */
export function feedback(app: Hono, gateway: Gateway): void {
  endpoint(app, "/v1/feedback", {
    POST: async (context) => {
      const inbound = new WebInbound(context.req.raw);
      const key = authenticate(inbound, gateway.keys);
      requireJson(inbound);
      const { jsonLimits, maxBodyBytes } = gateway.table.server;
      const bytes = await gateway.bodyOf(inbound, Math.min(BODY_BYTES, maxBodyBytes));
      const { request_id: requestId, ...rest } = parseMembers(bytes, jsonLimits, newFeedback);
      const given = await giveFeedback(gateway, { requestId, ...rest }, key);
      return context.json(feedbackAnswer(given), 201, { "cache-control": "no-store" });
    },
  });
}

export function feedbackAnswer(feedback: Feedback): Readonly<z.infer<typeof shownFeedback>> {
  const { id, requestId, name, value, comment, at } = feedback;
  return {
    object: "crossover.feedback",
    id,
    request_id: requestId,
    name,
    value,
    comment: comment ?? null,
    created_at: new Date(at).toISOString(),
  };
}
