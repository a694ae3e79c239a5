import type { OpenExchange } from "../routes/platform.ts";
import type { ServerSettings } from "./domain/table.ts";
import { type Lookout, WebInbound, WebReply } from "./transport/web-exchange.ts";

/**
 * Opens a chat request on a platform with web objects: Bun and Workers.
 * @param keepAlive told of the work that goes on after the answer has begun
 */
export function openWeb(
  request: Request,
  lookout: Lookout,
  { clientTimeout }: Pick<ServerSettings, "clientTimeout">,
  keepAlive: (work: Promise<void>) => void,
): OpenExchange {
  const reply = new WebReply(request, lookout, clientTimeout);
  return {
    inbound: new WebInbound(request),
    reply,
    respond: (answered) => {
      keepAlive(answered);
      return reply.response;
    },
  };
}

/** Hears at once who leaves, from the request's own signal. */
export const listening: Lookout = {
  begin: (reply) => {
    reply.request.signal.onabort = () => reply.leave();
  },
  end: (reply) => {
    reply.request.signal.onabort = null;
  },
};
