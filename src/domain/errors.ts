/** The error family of the gateway. Every answer that is not a success has OpenAI's shape. */

export type ErrorType =
  | "invalid_request_error"
  | "permission_error"
  | "insufficient_quota"
  | "requests"
  | "tokens"
  | "server_error";

export interface ErrorFields {
  readonly status: number;
  readonly type: ErrorType;
  readonly code: string;
  readonly message: string;
  /** JSON path of the offending field, such as `messages[0].role`. */
  readonly param?: string | undefined;
  /** Extra answer headers, such as `allow` or `retry-after`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What goes to the client: `{"error": {...}}`. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** A failure whose text is meant for the client. Never put a secret, a host or a file path in it. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly status: number;
  readonly type: ErrorType;
  readonly code: string;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(fields: ErrorFields) {
    super(fields.message);
    this.status = fields.status;
    this.type = fields.type;
    this.code = fields.code;
    this.param = fields.param;
    this.headers = fields.headers ?? {};
  }

  get body(): ErrorBody {
    return {
      error: { message: this.message, type: this.type, param: this.param ?? null, code: this.code },
    };
  }
}

/** What anything that was thrown says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** 400: the client's fault. */
export function badRequest(code: string, message: string, param?: string): GatewayError {
  return new GatewayError({ status: 400, type: "invalid_request_error", code, message, param });
}

/** 404 for a `model` that names no route. The name is echoed, cut to 64 characters. */
export function modelNotFound(model: string): GatewayError {
  const shown = JSON.stringify(model.length > 64 ? `${model.slice(0, 64)}…` : model);
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "model_not_found",
    message: `There is no route ${shown}. GET /v1/models lists the routes that you can use.`,
    param: "model",
  });
}

/** 403 for a route that is there, but not for this key. */
export function modelNotAllowed(model: string): GatewayError {
  return forbidden("model_not_allowed", `Your key may not use the route \`${model}\`.`, "model");
}

/** 413: the body is longer than `limit` bytes. The connection is closed, as the rest is not read. */
export function bodyTooLarge(limit: number): GatewayError {
  return new GatewayError({
    status: 413,
    type: "invalid_request_error",
    code: "request_body_too_large",
    message: `The request body is larger than ${limit} bytes, the most that this gateway takes.`,
    headers: { connection: "close" },
  });
}

/** 503: the bodies of all requests together have taken the memory that is there for them. */
export function overloaded(): GatewayError {
  return serverError(503, "gateway_overloaded", "The gateway has too much to do. Try again in a moment.", {
    "retry-after": "1",
    connection: "close",
  });
}

/** The client left while it was still sending; nobody reads this answer. */
export function clientGone(): GatewayError {
  return badRequest("request_aborted", "The request ended before its body was complete.");
}

/** 401: no key, or one that is unknown. One text for every bad key, so that it tells nothing. */
export function unauthenticated(code: "missing_api_key" | "invalid_api_key"): GatewayError {
  return new GatewayError({
    status: 401,
    type: "invalid_request_error",
    code,
    message:
      code === "missing_api_key"
        ? "Give your key in the Authorization header: `Authorization: Bearer KEY`."
        : "This key is not valid here.",
    headers: { "www-authenticate": "Bearer" },
  });
}

/** 401: strangers can come here, and there is no key that they could give. */
export function keysNeeded(): GatewayError {
  return new GatewayError({
    status: 401,
    type: "invalid_request_error",
    code: "missing_api_key",
    message: "This gateway has no keys, so it serves its own machine only. Add `keys` to its configuration.",
    headers: { "www-authenticate": "Bearer" },
  });
}

/** 403: the key is known, but may not do this. */
export function forbidden(code: string, message: string, param?: string): GatewayError {
  return new GatewayError({ status: 403, type: "permission_error", code, message, param });
}

/** 5xx that the gateway itself answers. */
export function serverError(
  status: 500 | 502 | 503 | 504,
  code: string,
  message: string,
  headers?: Readonly<Record<string, string>>,
): GatewayError {
  return new GatewayError({ status, type: "server_error", code, message, headers });
}

/** A prompt's template failed with what this request gave it. */
export function promptFailed(prompt: string): GatewayError {
  return serverError(
    500,
    "prompt_failed",
    `The prompt \`${prompt}\` could not be built for this request: one of its templates failed.`,
    { "x-should-retry": "false" },
  );
}

/** The gateway stops, and what is under way has had its time. */
export function draining(): GatewayError {
  return serverError(503, "gateway_draining", "The gateway is stopping. Try again.", {
    "retry-after": "1",
    connection: "close",
  });
}

/** Our own bug, without detail: the detail is in the log under the request id. */
export function internalError(requestId: string): GatewayError {
  return serverError(
    500,
    "internal_error",
    `The gateway failed. Its log has more under request ${requestId}.`,
  );
}
