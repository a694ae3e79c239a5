import { isObject, memberOf, parseJson } from "../domain/json.ts";
import type { Example, ExampleMessage } from "./example.ts";
import type { Format } from "./format.ts";
import { BOM } from "./read.ts";

/** The example as a line of a file, without its line end. */
export function lineOf(example: Example, format: Format): string {
  switch (format) {
    case "openai":
    case "azure":
      return JSON.stringify({ ...example, messages: example.messages.map(asSystem) });
    case "trl-messages":
      return JSON.stringify({ messages: trlMessages(example), ...trlTools(example) });
    case "trl-prompt-completion": {
      const messages = trlMessages(example);
      return JSON.stringify({
        prompt: messages.slice(0, -1),
        completion: messages.slice(-1),
        ...trlTools(example),
      });
    }
  }
}

/** Fine-tuning and chat templates know the developer's messages by their older name only. */
function asSystem(message: ExampleMessage): ExampleMessage {
  return message.role === "developer" ? { ...message, role: "system" } : message;
}

/** Messages as chat templates take them: no weights, arguments of calls as objects, results with their tool's name. */
function trlMessages({ messages }: Example): readonly ExampleMessage[] {
  const names = new Map<unknown, string>();
  return messages.map(asSystem).map(({ weight: _, ...message }) => {
    for (const call of message.tool_calls ?? []) {
      const name = memberOf(memberOf(call, "function"), "name");
      if (typeof name === "string") names.set(memberOf(call, "id"), name);
    }
    const name = message.role === "tool" ? names.get(message.tool_call_id) : undefined;
    return {
      ...message,
      ...(name !== undefined && { name }),
      ...(message.tool_calls && { tool_calls: message.tool_calls.map(withObject) }),
    };
  });
}

function withObject(call: unknown): unknown {
  const inner = memberOf(call, "function");
  const text = memberOf(inner, "arguments");
  if (!isObject(call) || !isObject(inner) || typeof text !== "string") return call;
  const value = parseJson(text === "" ? "{}" : text);
  return isObject(value) ? { ...call, function: { ...inner, arguments: value } } : call;
}

/** As JSON text, which TRL reads: as objects, the schemas of two rows would have to fit into one column's type. */
function trlTools({ tools }: Example): { readonly tools?: string } {
  return tools === undefined ? {} : { tools: JSON.stringify(tools) };
}

/** What a file of the format begins with. */
export function startOf(format: Format): string {
  return format === "azure" ? BOM : "";
}
