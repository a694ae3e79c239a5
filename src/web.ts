import type { OpenExchange } from "../routes/platform.ts";
import { WebInbound, WebReply } from "./transport/web-exchange.ts";

/**
 * Opens a chat request on a platform with web objects: Bun and Workers.
 * @param keepAlive told of the work that goes on after the answer has begun
 */
export function openWeb(request: Request, keepAlive: (work: Promise<void>) => void): OpenExchange {
  const reply = new WebReply(request.signal);
  return {
    inbound: new WebInbound(request),
    reply,
    respond: (answered) => {
      keepAlive(answered);
      return reply.response;
    },
  };
}
