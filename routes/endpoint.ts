import type { Handler, Hono } from "hono";
import { GatewayError } from "../src/domain/errors.ts";

/** Serves a path for the methods given; any other method gets 405 with `allow`. */
export function endpoint(
  app: Hono,
  path: string,
  handlers: Readonly<Partial<Record<"GET" | "POST", Handler>>>,
): void {
  const allow = Object.keys(handlers).join(", ");
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler);
  app.all(path, () => {
    throw methodNotAllowed(allow);
  });
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
