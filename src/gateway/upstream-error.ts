import { memberOf } from "../domain/json.ts";

/** An error as an upstream tells it, whatever its shape. */
export interface UpstreamError {
  readonly message: string | undefined;
  /** The members of OpenAI's error object that it has, and any of its own. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Is it OpenAI's shape to the letter, so that its bytes can go on as they are? */
  readonly exact: boolean;
}

/**
 * The error that an answer or an event states: OpenAI's `{"error": {...}}`, TGI's `{"error": "..."}`, or
 * the `{"object": "error", ...}` of older vLLM.
 */
export function statedError(value: unknown): UpstreamError | undefined {
  const error = memberOf(value, "error");
  if (isObject(error)) return fromMembers(error, isExact(error));
  if (memberOf(value, "object") === "error" && isObject(value)) {
    const { object: _object, ...members } = value;
    return fromMembers(members, false);
  }
  return typeof error === "string" && error !== "" ? fromMembers({ message: error }, false) : undefined;
}

/** The error in a body whose status says that it is one: also a bare `message` or `detail`. */
export function errorInBody(value: unknown): UpstreamError | undefined {
  const stated = statedError(value);
  if (stated !== undefined) return stated;
  const text = [memberOf(value, "message"), memberOf(value, "detail")].find((one) => typeof one === "string");
  return text === undefined ? undefined : fromMembers({ message: text }, false);
}

/** `{"error": {...}}` with all four members of OpenAI's shape; what the upstream left out follows from the status. */
export function inOpenaiShape(error: UpstreamError | undefined, status: number): string {
  const { type, param, code } = error?.members ?? {};
  return JSON.stringify({
    error: {
      ...error?.members,
      message: error?.message ?? `The model's server answered ${status}.`,
      type: typeof type === "string" ? type : typeOf(status),
      param: typeof param === "string" ? param : null,
      code:
        typeof code === "number"
          ? String(code)
          : code === null || typeof code === "string"
            ? code
            : codeOf(status),
    },
  });
}

function fromMembers(members: Readonly<Record<string, unknown>>, exact: boolean): UpstreamError {
  const { message } = members;
  return { message: typeof message === "string" ? message : undefined, members, exact };
}

function isExact({ message, type, param, code }: Readonly<Record<string, unknown>>): boolean {
  const isText = (value: unknown): boolean => typeof value === "string";
  return (
    isText(message) && isText(type) && (param === null || isText(param)) && (code === null || isText(code))
  );
}

function typeOf(status: number): string {
  if (status === 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function codeOf(status: number): string | null {
  return status === 429 ? "rate_limit_exceeded" : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
