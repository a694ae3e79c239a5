import type { Context } from "hono";
import type { OpenExchange } from "../routes/platform.ts";
import { WebInbound, WebReply } from "./transport/web-exchange.ts";

/**
 * Opens a chat request on a platform with web objects: Bun and Workers.
 * @param keepAlive told of the work that goes on after the answer has begun
 */
export function openWeb(context: Context, keepAlive: (work: Promise<void>) => void): OpenExchange {
  const reply = new WebReply(context.req.raw.signal);
  return {
    inbound: new WebInbound(context.req.raw),
    reply,
    respond: (answered) => {
      keepAlive(answered);
      return reply.response;
    },
  };
}
