import fc from "fast-check";
import type { ChatRequest, Message } from "../../src/domain/chat.ts";
import { jsonStyle, printMembers } from "../domain/json-text.ts";
import { chat } from "../domain/requests.ts";

/** Text as clients write it, template syntax included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("{{ query }}", "{% raw %}", "{{ metadata.a }}", "\n\n", "", '"', "\\", "$&", `\${x}`),
);

const extra = fc.dictionary(
  fc.constantFrom("name", "cache_control", "x", "prompt_cache_key"),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 2 },
);

const textPart = fc.tuple(anyText, extra).map(([text, more]) => ({ type: "text", text, ...more }));
const otherPart = fc.constantFrom(
  { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low" } },
  { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
  { type: "file", file: { file_id: "file-1" }, x: 1 },
);
const content = fc.oneof(anyText, fc.array(fc.oneof(textPart, otherPart), { minLength: 1, maxLength: 4 }));

const toolCalls = {
  content: null,
  tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: '{"a": 1.0}' } }],
};
const spoken = (...roles: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...roles), content, extra)
    .map(([role, text, more]) => ({ role, content: text, ...more }));

const message = fc.oneof(
  { weight: 5, arbitrary: spoken("user", "assistant") },
  { weight: 2, arbitrary: spoken("system", "developer") },
  { weight: 1, arbitrary: extra.map((more) => ({ role: "assistant", ...toolCalls, ...more })) },
  { weight: 1, arbitrary: anyText.map((text) => ({ role: "tool", tool_call_id: "call_1", content: text })) },
);

/** Requests with all sorts of messages, unknown members everywhere, and JSON text in all styles. */
export const anyRequest: fc.Arbitrary<ChatRequest> = fc
  .tuple(
    fc.array(message, { minLength: 1, maxLength: 7 }),
    fc.dictionary(
      fc.constantFrom("tools", "response_format", "temperature", "x"),
      fc.jsonValue({ maxDepth: 2 }),
    ),
    fc.dictionary(fc.constantFrom("a", "b"), fc.string({ maxLength: 20 })),
    jsonStyle,
  )
  .map(([messages, unknown, metadata, style]) =>
    chat(
      printMembers(
        [["model", "route"], ["messages", messages], ["metadata", metadata], ...Object.entries(unknown)],
        style,
      ),
    ),
  );

/** The message with its white space and escapes as JSON.stringify writes them. */
export function valueOfMessage(one: Message | undefined): unknown {
  return one === undefined ? undefined : JSON.parse(one.json);
}

export function texts(messages: readonly Message[]): string[] {
  return messages.map(({ json }) => json);
}

export function conversation(messages: readonly Message[]): Message[] {
  return messages.filter(({ role }) => role !== "system" && role !== "developer");
}
