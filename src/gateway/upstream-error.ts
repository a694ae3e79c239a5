import { isObject, memberOf } from "../domain/json.ts";
import { scrubJson } from "./scrub.ts";

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
  if (isObject(error)) return saysSomething(error) ? fromMembers(error, isExact(error)) : undefined;
  if (memberOf(value, "object") === "error" && isObject(value)) {
    const { object: _object, ...members } = value;
    return fromMembers(members, false);
  }
  return typeof error === "string" && error !== "" ? fromMembers({ message: error }, false) : undefined;
}

/**
 * The error in a body whose status says that it is one: also a bare `message`, FastAPI's `detail`, or any
 * of these as the one item of a list, as Google has it.
 */
export function errorInBody(body: unknown): UpstreamError | undefined {
  const value: unknown = Array.isArray(body) ? body[0] : body;
  const stated = statedError(value);
  if (stated !== undefined) return { ...stated, exact: stated.exact && value === body };
  const text = [memberOf(value, "message"), detailOf(value)].find((one) => typeof one === "string");
  return text === undefined ? undefined : fromMembers({ message: text }, false);
}

/** FastAPI's `detail` in words: a text, or a list of what is wrong with which member. */
function detailOf(value: unknown): unknown {
  const detail = memberOf(value, "detail");
  if (!Array.isArray(detail)) return detail;
  const words = detail.flatMap((one: unknown) => {
    const [what, where] = [memberOf(one, "msg"), memberOf(one, "loc")];
    if (typeof what !== "string") return [];
    return [Array.isArray(where) ? `${where.join(".")}: ${what}` : what];
  });
  return words.length === 0 ? undefined : words.join("; ");
}

/** Some servers send an empty error object with every good answer. */
function saysSomething({ message, type, code }: Readonly<Record<string, unknown>>): boolean {
  return [message, type, code].some((member) => Boolean(member));
}

/**
 * `{"error": {...}}` with all four members of OpenAI's shape; what the upstream left out follows from the
 * status. Without secrets of ours.
 */
export function inOpenaiShape(
  error: UpstreamError | undefined,
  status: number,
  secrets: readonly string[],
): string {
  const { type, param, code } = error?.members ?? {};
  const shaped = {
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
  };
  return scrubJson(JSON.stringify(shaped), shaped, secrets);
}

/**
 * The error as a client hears it: the upstream's own text where that has OpenAI's shape already, and never
 * with a secret of ours in it.
 * @param source the JSON text that states the error, and what it was parsed to
 */
export function toldError(
  error: UpstreamError | undefined,
  source: { readonly text: string; readonly value: unknown },
  status: number,
  secrets: readonly string[],
): string {
  return error?.exact ? scrubJson(source.text, source.value, secrets) : inOpenaiShape(error, status, secrets);
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
