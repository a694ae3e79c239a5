import type { Handler, Hono } from "hono";
import { GatewayError } from "../src/domain/errors.ts";

type Handlers = Readonly<Partial<Record<"GET" | "POST" | "DELETE", Handler>>>;

/** Serves a path for the methods given; any other method gets 405 with `allow`. */
export function endpoint(app: Hono, path: string, handlers: Handlers): void {
  const allow = Object.keys(handlers).join(", ");
  // One handler for the path: where several match, Hono runs them as a chain of promises.
  app.all(path, (context, next) => {
    const handler = handlerFor(handlers, context.req.method);
    if (handler === undefined) throw methodNotAllowed(allow);
    return handler(context, next);
  });
}

function handlerFor({ GET, POST, DELETE }: Handlers, method: string): Handler | undefined {
  switch (method) {
    case "GET":
    case "HEAD":
      return GET;
    case "POST":
      return POST;
    case "DELETE":
      return DELETE;
    default:
      return undefined;
  }
}

export function methodNotAllowed(allow: string): GatewayError {
  return new GatewayError({
    status: 405,
    type: "invalid_request_error",
    code: "method_not_allowed",
    message: `This address takes ${allow} only.`,
    headers: { allow },
  });
}
