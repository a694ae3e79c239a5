import {
  type ChatRequest,
  isSystem,
  lastUserIndex,
  type Message,
  newMessage,
  plainMessage,
  textParts,
} from "../domain/chat.ts";
import {
  arrayText,
  isObject,
  type JsonText,
  joinMembers,
  jsonText,
  outline,
  replaceMembers,
} from "../domain/json.ts";
import type { Merge, Prompt, RenderedText, TemplateVariables } from "../domain/table.ts";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "../domain/tokens.ts";

export interface Enriched {
  readonly request: ChatRequest;
  /** Estimated tokens that the prompt adds. */
  readonly addedTokens: number;
}

/**
 * Builds a prompt around a request: system message, few-shot examples, cue. Pure. The client's own
 * messages keep their order and text; only the system message is merged and the last user message cued.
 * @throws GatewayError 500 `prompt_failed` when a template takes more work than allowed
 * @example enrich(request, prompt).request.messages[0] // { role: "system", ... }
 */
export function enrich(request: ChatRequest, prompt: Prompt): Enriched {
  const variables: TemplateVariables = { query: queryOf(request), metadata: request.fields.metadata };
  const system = prompt.system?.render(variables);
  const cue = canBeCued(request.messages[lastUserIndex(request.messages)])
    ? prompt.cue?.render(variables)
    : undefined;
  let tokens = 0;
  let queries = 0; // how often the query stands in what is added
  const count = (text: RenderedText): void => {
    tokens += text.tokens;
    queries += text.queries;
  };
  const examples = prompt.examples.map((example) => {
    if ("fixed" in example) {
      tokens += example.tokens;
      return example.fixed;
    }
    const rendered = example.template.render(variables);
    count(rendered);
    tokens += MESSAGE_OVERHEAD_TOKENS;
    return newMessage(example.role, rendered);
  });
  let { messages } = request;
  if (system !== undefined) {
    count(system);
    tokens += MESSAGE_OVERHEAD_TOKENS;
    messages = withSystem(messages, system, prompt.merge);
  }
  if (cue !== undefined) {
    count(cue);
    // The client's own query is not added, also where a filter has changed it.
    if (cue.queries > 0) queries--;
    else tokens -= Math.min(cue.tokens, estimateTokens(variables.query));
    messages = withCue(messages, cue);
  }
  return {
    request: { ...request, messages: withExamples(messages, examples) },
    // Counting takes a look at each character: only where the query really comes twice.
    addedTokens: tokens + (queries > 0 ? queries * estimateTokens(variables.query) : 0),
  };
}

/** Examples stand after the leading system messages. */
function withExamples(messages: readonly Message[], examples: readonly Message[]): readonly Message[] {
  if (examples.length === 0) return messages;
  const start = leadingSystems(messages);
  return [...messages.slice(0, start), ...examples, ...messages.slice(start)];
}

/** A content that is neither text nor parts is for the upstream to refuse, not for the cue to hide. */
function canBeCued(message: Message | undefined): boolean {
  const content = message?.content;
  return typeof content === "string" || (Array.isArray(content) && content.length > 0);
}

/** How many system messages stand before all others. */
function leadingSystems(messages: readonly Message[]): number {
  const other = messages.findIndex((message) => !isSystem(message));
  return other === -1 ? messages.length : other;
}

/** The text that templates know as `query`: the last user message; of several text parts, the last. */
export function queryOf(request: ChatRequest): string {
  const content = request.messages[lastUserIndex(request.messages)]?.content;
  return typeof content === "string" ? content : (textParts(content).at(-1)?.text ?? "");
}

/** Ours joins the client's leading system message, as many models take only one; else it is a new first message. */
function withSystem(messages: readonly Message[], system: JsonText, merge: Merge): readonly Message[] {
  if (merge === "replace")
    return [newMessage("system", system), ...messages.filter((message) => !isSystem(message))];
  const leading = leadingSystems(messages);
  const at = merge === "prepend" ? 0 : leading - 1;
  const client = leading === 0 ? undefined : messages[at];
  return client === undefined
    ? [newMessage("system", system), ...messages]
    : messages.with(at, joined(client, system, merge));
}

function joined(message: Message, system: JsonText, merge: "prepend" | "append"): Message {
  const { content } = message;
  if (typeof content === "string") {
    const text = merge === "prepend" ? `${system.text}\n\n${content}` : `${content}\n\n${system.text}`;
    return withText(message, jsonText(text));
  }
  const parts = Array.isArray(content) ? content : [];
  return withPart(message, parts, merge === "prepend" ? 0 : parts.length, newPart(system));
}

/** Puts the cued text in place of the query. A message without text gets the cue as a text part of its own. */
function withCue(messages: readonly Message[], cued: JsonText): readonly Message[] {
  const at = lastUserIndex(messages);
  const message = messages[at];
  if (message === undefined) return messages;
  const { content } = message;
  if (!Array.isArray(content)) return messages.with(at, withText(message, cued));
  const last = textParts(content).at(-1)?.index;
  return messages.with(
    at,
    last === undefined
      ? withPart(message, content, 0, newPart(cued))
      : withPartText(message, content, last, cued),
  );
}

interface Part {
  readonly value: unknown;
  readonly json: string;
}

function newPart({ text, json }: JsonText): Part {
  return { value: { type: "text", text }, json: `{"type":"text","text":${json}}` };
}

/** The message with one part more, which comes before the one at `at`. */
function withPart(message: Message, content: readonly unknown[], at: number, part: Part): Message {
  return withParts(message, content.toSpliced(at, 0, part.value), (items) =>
    items.toSpliced(at, 0, part.json),
  );
}

/** The message with another text in the part at `at`. */
function withPartText(
  message: Message,
  content: readonly unknown[],
  at: number,
  { text, json }: JsonText,
): Message {
  const part = content[at];
  return withParts(message, content.with(at, isObject(part) ? { ...part, text } : part), (items) =>
    items.with(at, replaceMembers(items[at] ?? "{}", { text: json })),
  );
}

/** @param change what becomes of the parts' own texts, so that an image is not written anew */
function withParts(
  message: Message,
  content: readonly unknown[],
  change: (items: readonly string[]) => readonly string[],
): Message {
  const members = outline(message.json);
  const items = members.findLast((member) => member.key === "content")?.items ?? [];
  const json = joinMembers(members, { content: arrayText(change(items)) });
  return { ...message, content, json };
}

function withText(message: Message, { text, json }: JsonText): Message {
  return {
    ...message,
    content: text,
    json: message.plain ? plainMessage(message.role, json) : replaceMembers(message.json, { content: json }),
  };
}
