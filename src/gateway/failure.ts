import { GatewayError, serverError } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { Variant } from "../domain/table.ts";
import type { TransportFailure, UpstreamHeaders } from "../domain/transport.ts";
import { holdsSecret } from "./scrub.ts";
import { errorInBody, inOpenaiShape, toldError, type UpstreamError } from "./upstream-error.ts";

/** How an attempt ended, as a metric label; or why none was made. */
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
  | "client_closed"
  | "superseded"
  | "circuit_open"
  | "cooling_down";

/** Did the gateway refuse the call by itself, so that nothing was sent? @param kind of an attempt */
export function isOwnRefusal(kind: string): boolean {
  return kind === "circuit_open" || kind === "cooling_down";
}

/** An attempt failed before anything reached the client, so another variant may still answer. */
export interface Failure {
  readonly kind: AttemptKind;
  /** What a client hears if no other variant answers: the upstream's own words, where they are fit for it. */
  readonly answer: Relayed | GatewayError;
  /** The system's code for what went wrong, such as ECONNREFUSED. */
  readonly cause?: string | undefined;
  /** May the same call succeed when it is made again? Without it the kind tells. */
  readonly again?: boolean;
}

export interface Relayed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FailedAttempt {
  readonly variant: Variant;
  readonly failure: Failure;
  /** How often the variant was tried again. */
  readonly retries: number;
}

/** Answer headers of an upstream that a client may see, besides those that begin with `x-ratelimit-`. */
const PASSED: ReadonlySet<string> = new Set([
  "content-type",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  "openai-processing-ms",
  "openai-version",
  "x-simulated",
]);

/** An upstream that sends the gateway's own secret back does not get it through. */
export function passedHeaders(headers: UpstreamHeaders, secrets: readonly string[]): Record<string, string> {
  const passed: Record<string, string> = {};
  const pass = (name: string, value: string | string[] | undefined): void => {
    if (typeof value === "string" && !holdsSecret(value, secrets)) passed[name] = value;
  };
  for (const name of Object.keys(headers))
    if (PASSED.has(name) || name.startsWith("x-ratelimit-")) pass(name, headers[name]);
  pass("x-crossover-upstream-request-id", headers["x-request-id"] ?? headers["apim-request-id"]);
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
      return badResponse(
        "The model's server sent what can't be read: no valid HTTP, or a compression that is broken or not known.",
      );
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

/** An answer with an error status. */
export function statusFailure(
  status: number,
  headers: UpstreamHeaders,
  body: string,
  secrets: readonly string[],
): Failure {
  const value = parseJson(body);
  const error = errorInBody(value);
  const told = toldError(error, { text: body, value }, status, secrets);
  return upstreamFailure(status, passedHeaders(headers, secrets), error, told);
}

/** An error that came under a 200: as the first event of a stream, or as the whole answer. */
export function statedFailure(
  error: UpstreamError,
  headers: UpstreamHeaders,
  secrets: readonly string[],
): Failure {
  const { code, status: named, type } = error.members;
  const status =
    [code, named].map(Number).find((number) => number >= 400 && number <= 599) ?? statusByType(type);
  const { message = "The model's server answered with an error." } = error;
  const told = inOpenaiShape({ ...error, message }, status, secrets);
  return upstreamFailure(status, passedHeaders(headers, secrets), { ...error, message }, told);
}

/**
 * 401 and 403 are about our key, not the client's, and become a 502. Everything else keeps its status, save
 * for a 5xx without an error that can be read.
 * @param error undefined when it can't be read
 * @param told the error as the client is to hear it
 */
function upstreamFailure(
  status: number,
  passed: Readonly<Record<string, string>>,
  error: UpstreamError | undefined,
  told: string,
): Failure {
  if (status === 401 || status === 403) {
    return failed(
      "auth_failed",
      serverError(502, "upstream_auth_failed", "The model's server refused the gateway's own key."),
    );
  }
  const headers = { ...passed, "content-type": "application/json" };
  if (status < 400 || (error?.message === undefined && status >= 500)) {
    const message = `The model's server answered ${status} without an error that can be read.`;
    return { ...badResponse(message, headers), again: status >= 500 };
  }
  const answer = { status, headers, body: told };
  return isSpent(error) ? { kind: kindOf(status), answer, again: false } : { kind: kindOf(status), answer };
}

/** Is the account's money or quota used up? Waiting does not bring it back. */
function isSpent(error: UpstreamError | undefined): boolean {
  const { code, type } = error?.members ?? {};
  return code === "insufficient_quota" || type === "insufficient_quota";
}

function kindOf(status: number): AttemptKind {
  if (status === 429) return "rate_limited";
  return status >= 500 || status === 408 || status === 409 ? "server_error" : "client_error";
}

function statusByType(type: unknown): number {
  if (type === "invalid_request_error") return 400;
  if (type === "validation") return 422; // TGI's
  return type === "requests" ||
    type === "tokens" ||
    type === "insufficient_quota" ||
    type === "rate_limit_error"
    ? 429
    : 502;
}

function failed(kind: AttemptKind, answer: GatewayError): Failure {
  return { kind, answer };
}

/** The model is not called, as its circuit is open. */
export function circuitOpen(forMs: number): Failure {
  return failed(
    "circuit_open",
    serverError(
      503,
      "circuit_open",
      "The model failed too often of late and is given a rest. Try again later.",
      {
        "retry-after": seconds(forMs),
      },
    ),
  );
}

/** The model is not called, as it asked to be left alone for a while. */
export function coolingDown(forMs: number): Failure {
  return failed(
    "cooling_down",
    new GatewayError({
      status: 429,
      type: "requests",
      code: "rate_limit_exceeded",
      message: "The model's server has more requests than it takes. Try again later.",
      headers: { "retry-after": seconds(forMs), "retry-after-ms": String(Math.ceil(forMs)) },
    }),
  );
}

/** Another call for the same request was faster; nobody hears of this one. */
export function superseded(): Failure {
  return failed("superseded", serverError(503, "superseded", "Another call gave the answer."));
}

function seconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** May a client's own retry of this answer help? Others would only call again what has failed for good. */
export function isTemporary(status: number): boolean {
  return status === 429 || status === 503;
}

/** More than one variant was tried in vain. */
export function allFailed(failed: readonly FailedAttempt[]): GatewayError {
  const list = failed.map(({ variant, failure }) => `${variant.name}: ${failure.kind}`).join(", ");
  const temporary = failed.every(({ failure }) => isTemporary(failure.answer.status));
  return serverError(
    502,
    "all_targets_failed",
    `No variant could answer (${list}).`,
    temporary ? soonest(failed) : { "x-should-retry": "false" },
  );
}

/** The wait of the first that may be asked again. */
function soonest(failed: readonly FailedAttempt[]): Record<string, string> {
  const waits = failed.flatMap(({ failure: { answer } }) => {
    const wait = Number(answer.headers["retry-after"]);
    return wait > 0 ? [wait] : [];
  });
  return waits.length === 0 ? {} : { "retry-after": String(Math.min(...waits)) };
}
