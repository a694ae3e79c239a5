import { isDeepStrictEqual } from "node:util";
import { textOf } from "../domain/chat.ts";
import { memberOf, parseJson } from "../domain/json.ts";

/** A message's text, or what the model gave as its refusal; empty where it only calls tools. */
export function messageText(message: unknown): string {
  const text = textOf(memberOf(message, "content"));
  const refusal = memberOf(message, "refusal");
  return text === "" && typeof refusal === "string" ? refusal : text;
}

/** A tool that a message calls. */
interface ToolCall {
  readonly name: unknown;
  /** Parsed where they are JSON. */
  readonly arguments: unknown;
}

/** The tools that a message calls, in their order, without the ids, which differ each time. */
export function toolCalls(message: unknown): readonly ToolCall[] {
  const calls = memberOf(message, "tool_calls");
  return Array.isArray(calls) ? calls.map(toolCall) : [];
}

function toolCall(call: unknown): ToolCall {
  const called = memberOf(call, "function") ?? memberOf(call, "custom");
  const text = memberOf(called, "arguments") ?? memberOf(called, "input");
  return {
    name: memberOf(called, "name"),
    arguments: typeof text === "string" ? (parseJson(text) ?? text) : text,
  };
}

/** Do two messages call the same tools with the same arguments? Undefined where neither calls any. */
export function sameToolCalls(a: unknown, b: unknown): boolean | undefined {
  const [calls, others] = [toolCalls(a), toolCalls(b)];
  return calls.length === 0 && others.length === 0 ? undefined : isDeepStrictEqual(calls, others);
}

/** What a reader sees of a message: its text, and its tool calls as JSON. */
export function readable(message: unknown): string {
  const calls = toolCalls(message).map((call) => JSON.stringify(call));
  return [messageText(message), ...calls].filter((part) => part !== "").join("\n");
}
