import { isObject, memberOf } from "../domain/json.ts";
import { messageText, toolCalls } from "./message.ts";
import type { SchemaCheck } from "./schema-check.ts";

/** Can an answer not be used? As `unusableBecause`. */
export function isUnusable(
  message: unknown,
  finishReason: string | undefined,
  check: SchemaCheck | undefined,
): boolean {
  return unusableBecause(message, finishReason, check) !== undefined;
}

/**
 * Why an answer can't be used: it is refused, filtered, cut off, empty, or not the JSON that was asked for.
 * @param message of the first choice
 * @param check of the JSON that the request asks for; undefined where it asks for none. An answer that calls tools has none
 * @returns in words; undefined where it can be used, or that can't be told
 */
export function unusableBecause(
  message: unknown,
  finishReason: string | undefined,
  check: SchemaCheck | undefined,
): string | undefined {
  if (finishReason === "length") return "cut off, as its finish reason `length` says";
  if (finishReason === "content_filter") return "filtered, as its finish reason `content_filter` says";
  const refusal = memberOf(message, "refusal");
  if (typeof refusal === "string" && refusal !== "") return "the model refused";
  if (callsTools(message)) return undefined;
  const text = messageText(message);
  if (text.trim() === "") return isObject(memberOf(message, "audio")) ? undefined : "empty";
  return check?.(text) === false ? "not the JSON that was asked for" : undefined;
}

/** Also in the form that came before tools. */
function callsTools(message: unknown): boolean {
  return toolCalls(message).length > 0 || isObject(memberOf(message, "function_call"));
}
