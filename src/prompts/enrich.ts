import {
  type ChatRequest,
  isSystem,
  lastUserIndex,
  type Message,
  newMessage,
  textParts,
} from "../domain/chat.ts";
import { outline, replaceMembers } from "../domain/json.ts";
import type { Merge, Prompt, TemplateVariables } from "../domain/table.ts";
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
  let addedTokens = system === undefined ? 0 : system.tokens + MESSAGE_OVERHEAD_TOKENS;
  if (cue !== undefined) addedTokens += Math.max(0, cue.tokens - estimateTokens(variables.query));
  const examples = prompt.examples.map((example) => {
    if ("fixed" in example) {
      addedTokens += example.tokens;
      return example.fixed;
    }
    const { text, tokens } = example.template.render(variables);
    addedTokens += tokens + MESSAGE_OVERHEAD_TOKENS;
    return newMessage(example.role, text);
  });
  const instructed =
    system === undefined ? request.messages : withSystem(request.messages, system.text, prompt.merge);
  const cued = cue === undefined ? instructed : withCue(instructed, cue.text);
  const start = leadingSystems(cued);
  return {
    request: { ...request, messages: [...cued.slice(0, start), ...examples, ...cued.slice(start)] },
    addedTokens,
  };
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
function withSystem(messages: readonly Message[], system: string, merge: Merge): readonly Message[] {
  if (merge === "replace")
    return [newMessage("system", system), ...messages.filter((message) => !isSystem(message))];
  const leading = leadingSystems(messages);
  const at = merge === "prepend" ? 0 : leading - 1;
  const client = leading === 0 ? undefined : messages[at];
  return client === undefined
    ? [newMessage("system", system), ...messages]
    : messages.with(at, joined(client, system, merge));
}

function joined(message: Message, system: string, merge: "prepend" | "append"): Message {
  if (typeof message.content === "string") {
    const content =
      merge === "prepend" ? `${system}\n\n${message.content}` : `${message.content}\n\n${system}`;
    return withContent(message, content, JSON.stringify(content));
  }
  const part = JSON.stringify({ type: "text", text: system });
  const parts = contentItems(message);
  return withContentItems(message, merge === "prepend" ? [part, ...parts] : [...parts, part]);
}

/** Puts the cued text in place of the query. A message without text gets the cue as a text part of its own. */
function withCue(messages: readonly Message[], cued: string): readonly Message[] {
  const at = lastUserIndex(messages);
  const message = messages[at];
  if (message === undefined) return messages;
  if (!Array.isArray(message.content))
    return messages.with(at, withContent(message, cued, JSON.stringify(cued)));
  const items = contentItems(message);
  const last = textParts(message.content).at(-1)?.index;
  const text = JSON.stringify(cued);
  const changed =
    last === undefined
      ? [`{"type":"text","text":${text}}`, ...items]
      : items.with(last, replaceMembers(items[last] ?? "{}", { text }));
  return messages.with(at, withContentItems(message, changed));
}

function contentItems(message: Message): readonly string[] {
  return outline(message.json).findLast((member) => member.key === "content")?.items ?? [];
}

function withContentItems(message: Message, items: readonly string[]): Message {
  const json = `[${items.join(",")}]`;
  return withContent(message, JSON.parse(json), json);
}

function withContent(message: Message, content: unknown, json: string): Message {
  return { ...message, content, json: replaceMembers(message.json, { content: json }) };
}
