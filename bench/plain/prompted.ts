import { isObject } from "../../src/domain/json.ts";

/** About as long as the prompt of the bench's configuration. */
const SYSTEM = { role: "system", content: "You are the support desk of a bank. ".repeat(24) };

/** A chat request with a system message before the others, as one writes it first: parsed, and written anew. */
export function prompted(body: string): string {
  const request: unknown = JSON.parse(body);
  const messages = isObject(request) ? request["messages"] : undefined;
  if (!isObject(request) || !Array.isArray(messages)) throw new TypeError("This is no chat request.");
  return JSON.stringify({ ...request, messages: [SYSTEM, ...messages] });
}
