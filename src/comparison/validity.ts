import { isObject, memberOf } from "../domain/json.ts";
import { messageText, toolCalls } from "./message.ts";
import type { SchemaCheck } from "./schema-check.ts";

/**
 * Can an answer not be used? It is refused, filtered, cut off, empty, or not the JSON that was asked for.
 * @param message of the first choice
 * @param check of the JSON that the request asks for; undefined where it asks for none. An answer that calls tools has none
 */
export function isUnusable(
  message: unknown,
  finishReason: string | undefined,
  check: SchemaCheck | undefined,
): boolean {
  if (finishReason === "length" || finishReason === "content_filter") return true;
  const refusal = memberOf(message, "refusal");
  if (typeof refusal === "string" && refusal !== "") return true;
  if (callsTools(message)) return false;
  const text = messageText(message);
  if (text.trim() === "") return !isObject(memberOf(message, "audio"));
  return check?.(text) === false;
}

/** Also in the form that came before tools. */
function callsTools(message: unknown): boolean {
  return toolCalls(message).length > 0 || isObject(memberOf(message, "function_call"));
}
