import { type ErrorBody, type GatewayError, serverError } from "../domain/errors.ts";
import { memberOf, parseObject } from "../domain/json.ts";
import type { TransportFailure, UpstreamHeaders } from "../domain/transport.ts";

/** How an attempt ended, as a metric label. */
export type AttemptKind =
  | "success"
  | "client_error"
  | "auth_failed"
  | "rate_limited"
  | "server_error"
  | "bad_response"
  | "unreachable"
  | "timeout"
  | "interrupted"
  | "client_closed";

/** An attempt failed before anything reached the client, so another variant may still answer. */
export interface Failure {
  readonly kind: AttemptKind;
  readonly error: GatewayError;
  /** The upstream's own words, where they are fit for the client. */
  readonly relay: Relayed | undefined;
}

export interface Relayed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answer headers of an upstream that a client may see. */
const PASSED =
  /^(content-type|retry-after|retry-after-ms|x-should-retry|x-ratelimit-.+|openai-processing-ms|openai-version|x-simulated)$/;

/** An upstream that sends the gateway's own secret back does not get it through. */
export function passedHeaders(headers: UpstreamHeaders, secrets: readonly string[]): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !PASSED.test(name)) continue;
    if (!secrets.some((secret) => value.includes(secret))) passed[name] = value;
  }
  const id = headers["x-request-id"] ?? headers["apim-request-id"];
  if (typeof id === "string") passed["x-crossover-upstream-request-id"] = id;
  return passed;
}

export function transportFailure(failure: TransportFailure): Failure {
  switch (failure) {
    case "unreachable":
      return failed(
        "unreachable",
        serverError(502, "upstream_unreachable", "The model's server could not be reached."),
      );
    case "connect_timeout":
      return failed(
        "timeout",
        serverError(504, "upstream_timeout", "The model's server did not accept a connection in time."),
      );
    case "interrupted":
      return failed(
        "interrupted",
        serverError(
          502,
          "upstream_unreachable",
          "The model's server closed the connection before it answered.",
        ),
      );
    case "bad_response":
      return badResponse("The model's server did not answer in valid HTTP.");
  }
}

/** @param passed headers of the upstream's that go on to the client, such as `retry-after` */
export function badResponse(message: string, passed: Readonly<Record<string, string>> = {}): Failure {
  return failed("bad_response", serverError(502, "upstream_bad_response", message, passed));
}

export function timeoutFailure(message: string): Failure {
  return failed("timeout", serverError(504, "upstream_timeout", message));
}

export function tooLarge(): Failure {
  return failed(
    "bad_response",
    serverError(502, "upstream_response_too_large", "The model's answer is larger than this gateway takes."),
  );
}

/**
 * An answer with an error status. 401 and 403 are about our key, not the client's, and become a 502.
 * Everything else keeps its status, with the upstream's own error when it has OpenAI's shape.
 */
export function statusFailure(
  status: number,
  headers: UpstreamHeaders,
  body: string,
  secrets: readonly string[],
): Failure {
  if (status === 401 || status === 403) {
    return failed(
      "auth_failed",
      serverError(502, "upstream_auth_failed", "The model's server refused the gateway's own key."),
    );
  }
  const clean = scrub(body, secrets);
  const error = errorIn(clean);
  const passed = { ...passedHeaders(headers, secrets), "content-type": "application/json" };
  if (status < 400 || (error === undefined && status >= 500))
    return badResponse(`The model's server answered ${status} without an error that can be read.`, passed);
  const kind =
    status === 429
      ? "rate_limited"
      : status >= 500 || status === 408 || status === 409
        ? "server_error"
        : "client_error";
  return {
    kind,
    error: serverError(502, "upstream_bad_response", `The model's server answered ${status}.`),
    relay: {
      status,
      headers: passed,
      body: error?.exact ? clean : JSON.stringify(wrapped(status, error?.message)),
    },
  };
}

/** An error event at the head of a stream that began with 200. */
export function streamErrorFailure(
  error: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): Failure {
  const status =
    [error["code"], error["status"]].map(Number).find((code) => code >= 400 && code <= 599) ??
    statusByType(error["type"]);
  return statusFailure(status, {}, JSON.stringify({ error }), secrets);
}

function statusByType(type: unknown): number {
  if (type === "invalid_request_error") return 400;
  return type === "requests" ||
    type === "tokens" ||
    type === "insufficient_quota" ||
    type === "rate_limit_error"
    ? 429
    : 502;
}

function failed(kind: AttemptKind, error: GatewayError): Failure {
  return { kind, error, relay: undefined };
}

function wrapped(status: number, message: string | undefined): ErrorBody {
  return {
    error: {
      message: message ?? `The model's server answered ${status}.`,
      type: status === 429 ? "requests" : status >= 500 ? "server_error" : "invalid_request_error",
      param: null,
      code: status === 429 ? "rate_limit_exceeded" : null,
    },
  };
}

/** The message in an error body of one of the usual shapes; `exact` when the shape is OpenAI's own. */
function errorIn(body: string): { readonly message: string; readonly exact: boolean } | undefined {
  const value = parseObject(body);
  if (value === undefined) return undefined;
  const error = memberOf(value, "error");
  const message = memberOf(error, "message");
  if (typeof message === "string") return { message, exact: true };
  for (const text of [error, memberOf(value, "message"), memberOf(value, "detail")]) {
    if (typeof text === "string") return { message: text, exact: false };
  }
  return undefined;
}

/** The text without the gateway's own secrets, however the upstream quotes them. */
export function scrub(text: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret.length > 0)
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
  return known.replace(/\b(sk|hf|api)[-_][A-Za-z0-9_*.-]{6,}/g, "[redacted]");
}
