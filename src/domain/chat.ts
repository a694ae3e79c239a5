import { badRequest } from "./errors.ts";
import {
  arrayText,
  type JsonLimits,
  type JsonText,
  jsonText,
  type Member,
  memberOf,
  ObjectText,
  outline,
  replaceMembers,
} from "./json.ts";
import { estimateTokens, MESSAGE_OVERHEAD_TOKENS } from "./tokens.ts";

export type Role = "system" | "developer" | "user" | "assistant" | "tool" | "function";

/** A message as it goes over the wire: its role, its content and its own JSON text. */
export interface Message {
  readonly role: Role;
  readonly content: unknown;
  readonly json: string;
  /** Has it no other members? */
  readonly plain: boolean;
}

/** What a chat request may be at most. */
export interface ChatLimits extends JsonLimits {
  readonly messages: number;
}

/** The fields of OpenAI's body that the gateway itself reads. */
export interface ChatFields {
  readonly model: string;
  readonly stream: boolean;
  /** How many answers the client wants (`n`). */
  readonly choices: number;
  readonly user: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A chat completion request: immutable, with every member's own text kept. */
export interface ChatRequest {
  readonly fields: ChatFields;
  readonly messages: readonly Message[];
  readonly members: readonly Member[];
  /** The parsed body, for conditions that look into it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request with the text in which it came. */
export interface SentRequest extends ChatRequest {
  readonly text: string;
}

/** The same request, to be answered as a stream. */
export function streamed(request: ChatRequest): ChatRequest {
  const stream = { key: "stream", keyJson: '"stream"', json: "true", items: undefined };
  return {
    ...request,
    fields: { ...request.fields, stream: true },
    members: [...request.members.filter(({ key }) => key !== "stream"), stream],
    body: { ...request.body, stream: true },
  };
}

/** Whom a request is for: OpenAI's `user`, or its newer `safety_identifier`. What is kept of one is deleted by this name. */
export function userOf({ fields, body }: Pick<ChatRequest, "fields" | "body">): string | undefined {
  const identifier = body["safety_identifier"];
  return fields.user ?? (typeof identifier === "string" ? identifier : undefined);
}

/** Is this a message that instructs the model, by its older or its newer name? */
export function isSystem(message: Pick<Message, "role">): boolean {
  return message.role === "system" || message.role === "developer";
}

/** A message of our own. */
export function newMessage(role: "system" | "user" | "assistant", { text, json }: JsonText): Message {
  return { role, content: text, json: plainMessage(role, json), plain: true };
}

/** The JSON text of a message with no members but these. @param contentJson the content as JSON */
export function plainMessage(role: Role, contentJson: string): string {
  return `{"role":"${role}","content":${contentJson}}`;
}

/** A request of our own with one user message. @param more further members of its body */
export function ownRequest(text: string, more: Readonly<Record<string, unknown>> = {}): ChatRequest {
  const message = newMessage("user", jsonText(text));
  const body = { model: "", messages: [{ role: message.role, content: text }], ...more };
  return {
    fields: { model: "", stream: false, choices: 1, user: undefined, metadata: {} },
    messages: [message],
    members: outline(JSON.stringify(body)),
    body,
  };
}

/** The text of a message: the string itself, or its text parts joined by line feeds. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return textParts(content)
    .map((part) => part.text)
    .join("\n");
}

/** The text parts of a multi-part content, with their positions. */
export function textParts(content: unknown): readonly { readonly index: number; readonly text: string }[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown, index) => {
    const text = memberOf(part, "type") === "text" ? memberOf(part, "text") : undefined;
    return typeof text === "string" ? [{ index, text }] : [];
  });
}

/** Estimated tokens of the conversation as the client sent it. */
export function conversationTokens({ messages }: ChatRequest): number {
  return messages.reduce(
    (sum, message) => sum + estimateTokens(textOf(message.content)) + MESSAGE_OVERHEAD_TOKENS,
    0,
  );
}

/** Index of the last message with the role `user`; -1 when there is none. */
export function lastUserIndex(messages: readonly Message[]): number {
  return messages.findLastIndex((message) => message.role === "user");
}

/** More than any model gives, so that what a client names stays a number to reckon with. */
const MOST_TOKENS = 10_000_000;
const MOST_CHOICES = 128;

/**
 * The most tokens that the request lets an answer have, all its choices together.
 * @param defaults JSON texts of members that apply where the client gave none
 * @param otherwise tokens of a choice where nobody says
 * @throws GatewayError 400 `invalid_value` for an `n` or a most that is no whole number from 1
 */
export function mostOutputTokens(
  { body }: ChatRequest,
  defaults: Readonly<Record<string, string>>,
  otherwise: number,
): number {
  const choices = wholeMember(body, "n", MOST_CHOICES) ?? 1;
  for (const member of ["max_completion_tokens", "max_tokens"]) {
    const most = wholeMember(body, member, MOST_TOKENS) ?? Number(defaults[member]);
    if (most > 0) return Math.min(Math.ceil(most), MOST_TOKENS) * choices;
  }
  return otherwise * choices;
}

function wholeMember(
  body: Readonly<Record<string, unknown>>,
  member: string,
  most: number,
): number | undefined {
  const value = body[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw badRequest("invalid_value", `\`${member}\` must be a whole number from 1 to ${most}.`, member);
}

/** How a request is written for one upstream. */
export interface WireOptions {
  readonly model: string;
  /** JSON texts of members that are added only where the client gave none. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Ask a stream for its usage chunk. */
  readonly askUsage: boolean;
  /** Leave `metadata` out unless the answer is to be stored. */
  readonly metadataIfStored: boolean;
}

/** The request as text for an upstream: the client's own members, with our messages, model and defaults. */
export function toWire(request: ChatRequest, options: WireOptions): string {
  const { members, body, messages } = request;
  const { model, defaults, askUsage, metadataIfStored } = options;
  const stored = body["store"] === true || (!Object.hasOwn(body, "store") && defaults["store"] === "true");
  let asked = !askUsage;
  const wire = new ObjectText();
  for (const member of members) {
    const { key, keyJson } = member;
    if (key === "model") wire.keep({ keyJson, json: JSON.stringify(model) });
    else if (key === "messages")
      wire.keep({ keyJson, json: arrayText(messages.map((message) => message.json)) });
    else if (key === "stream_options" && askUsage) {
      wire.keep({ keyJson, json: withUsage(member.json) });
      asked = true;
    } else if (key !== "metadata" || stored || !metadataIfStored) wire.keep(member);
  }
  for (const key of Object.keys(defaults)) {
    const json = defaults[key];
    if (json === undefined || Object.hasOwn(body, key)) continue;
    wire.add(key, key === "stream_options" && askUsage ? withUsage(json) : json);
    asked ||= key === "stream_options";
  }
  if (!asked) wire.add("stream_options", withUsage("null"));
  return wire.end();
}

/**
 * May the gateway ask for the usage chunk of a stream? Not where the client did so itself, nor where its
 * `stream_options` are of a wrong type, which is for the upstream to refuse.
 */
export function canAskUsage({ body }: ChatRequest): boolean {
  const options = body["stream_options"] ?? {};
  return (
    typeof options === "object" && !Array.isArray(options) && memberOf(options, "include_usage") !== true
  );
}

/** @param own the client's `stream_options` */
function withUsage(own: string): string {
  return own === "null" ? '{"include_usage":true}' : replaceMembers(own, { include_usage: "true" });
}

/**
 * Refuses a key that stands twice in the outermost object, which no two readers agree about.
 * @param body what the members were parsed to, where a key stands once
 */
export function refuseDuplicates(members: readonly Member[], body: Readonly<Record<string, unknown>>): void {
  if (members.length === Object.keys(body).length) return;
  const seen = new Set<string>();
  for (const { key } of members) {
    if (seen.has(key)) {
      throw badRequest(
        "invalid_value",
        `\`${key.slice(0, 64)}\` stands twice in the body. Give it once.`,
        key.slice(0, 64),
      );
    }
    seen.add(key);
  }
}
