import { z } from "zod";
import type { ChatLimits, Message, SentRequest } from "../domain/chat.ts";
import { refuseDuplicates } from "../domain/chat.ts";
import { badRequest, GatewayError } from "../domain/errors.ts";
import { isObject, JsonLimitError, type JsonLimits, type Member, memberOf, outline } from "../domain/json.ts";
import type { Inbound } from "../domain/transport.ts";

const METADATA_PAIRS = 16;

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;
const KEY_LENGTH = 64;
const VALUE_LENGTH = 512;

/** The members that the gateway itself reads. All others belong to the upstream and pass unseen. */
export const chatFields = z.object({
  model: z
    .string()
    .regex(/\S/, "expected the name of a route")
    .describe("The name of a route; GET /v1/models lists them."),
  messages: z
    .array(z.object({ role: z.enum(ROLES), content: z.unknown().optional() }))
    .min(1, "expected at least one message"),
  stream: z.boolean().nullish(),
  user: z.string().nullish(),
  metadata: z
    .record(
      z.string().max(KEY_LENGTH, `a key has at most ${KEY_LENGTH} characters`),
      z.string().max(VALUE_LENGTH, `a value has at most ${VALUE_LENGTH} characters`),
    )
    .refine((pairs) => Object.keys(pairs).length <= METADATA_PAIRS, `at most ${METADATA_PAIRS} pairs`)
    .nullish(),
});

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * A body as a chat request.
 * @throws GatewayError 400 that names the field, 415 for another content type than JSON
 */
export function parseChat(bytes: Uint8Array, limits: ChatLimits): SentRequest {
  const text = decode(bytes);
  const members = guarded(text, limits);
  const body = parseBody(text);
  refuseDuplicates(members, body);
  if (memberOf(body["metadata"], "__proto__") !== undefined)
    throw badRequest("invalid_value", "`metadata` can't have the key `__proto__`.", "metadata");
  const { model, messages, stream, user, metadata } = isGood(body) ? body : refuse(body);
  if (messages.length > limits.messages) throw tooManyMessages(limits.messages);
  const n = body["n"];
  return {
    text,
    fields: {
      model,
      stream: stream ?? false,
      choices: typeof n === "number" && Number.isInteger(n) && n > 0 ? n : 1,
      user: user ?? undefined,
      metadata: metadata ?? {},
    },
    messages: messagesOf(messages, members),
    members,
    body,
  };
}

type Body = z.infer<typeof chatFields>;

/** Does `chatFields` take this body? The same checks at a tenth of the time; zod has the words for what is wrong. */
export function isGood(
  body: Readonly<Record<string, unknown>>,
): body is Readonly<Record<string, unknown>> & Body {
  const { model, messages, stream, user, metadata } = body;
  return (
    typeof model === "string" &&
    /\S/.test(model) &&
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every(hasRole) &&
    (stream === undefined || stream === null || typeof stream === "boolean") &&
    (user === undefined || user === null || typeof user === "string") &&
    (metadata === undefined || metadata === null || isMetadata(metadata))
  );
}

function hasRole(message: unknown): boolean {
  return isObject(message) && ROLES.some((role) => role === message["role"]);
}

function isMetadata(metadata: unknown): boolean {
  if (!isObject(metadata)) return false;
  const keys = Object.keys(metadata);
  return (
    keys.length <= METADATA_PAIRS &&
    keys.every((key) => {
      const value = metadata[key];
      return key.length <= KEY_LENGTH && typeof value === "string" && value.length <= VALUE_LENGTH;
    })
  );
}

function tooManyMessages(most: number): GatewayError {
  return badRequest("invalid_value", `A request may have at most ${most} messages here.`, "messages");
}

/** @throws GatewayError 400 with what is wrong */
function refuse(body: Readonly<Record<string, unknown>>): Body {
  const parsed = chatFields.safeParse(body);
  if (!parsed.success) throw fieldError(parsed.error.issues[0], body);
  return parsed.data;
}

/** 415 unless the body is plain JSON; a missing content type is taken as JSON. */
export function requireJson(inbound: Inbound): void {
  const contentType = inbound.header("content-type");
  if (contentType !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(contentType))
    throw mustBeJson();
  if (!/^(identity)?$/i.test(inbound.header("content-encoding") ?? ""))
    throw unsupported("The body must not be compressed: send it without `content-encoding`.");
}

/** 415: the body is said to be something else, or nothing is said where it must be. */
export function mustBeJson(): GatewayError {
  return unsupported("The body must be JSON: send `content-type: application/json`.");
}

function unsupported(message: string): GatewayError {
  return new GatewayError({
    status: 415,
    type: "invalid_request_error",
    code: "unsupported_media_type",
    message,
  });
}

/** Does the client ask for the decision only? @throws GatewayError 400 for what is neither yes nor no */
export function asksDryRun(inbound: Pick<Inbound, "header">): boolean {
  return isYes("x-crossover-dry-run", inbound);
}

/** Does the client want nothing of this request kept? @throws GatewayError 400 for what is neither yes nor no */
export function asksNoCapture(inbound: Pick<Inbound, "header">): boolean {
  return isYes("x-crossover-no-capture", inbound);
}

/** What is neither yes nor no is refused, lest something be paid for or kept that the client did not mean. */
function isYes(name: string, inbound: Pick<Inbound, "header">): boolean {
  switch (inbound.header(name)?.trim().toLowerCase()) {
    case "true":
    case "1":
      return true;
    case undefined:
    case "":
    case "false":
    case "0":
      return false;
    default:
      throw badRequest("invalid_value", `The header ${name} is \`true\` or \`false\`.`, name);
  }
}

/**
 * A body of another kind than a chat request, by its schema.
 * @throws GatewayError 400 that names the field
 */
export function parseMembers<T>(bytes: Uint8Array, limits: JsonLimits, schema: z.ZodType<T>): T {
  const text = decode(bytes);
  const members = guarded(text, limits);
  const body = parseBody(text);
  refuseDuplicates(members, body);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw fieldError(parsed.error.issues[0], body);
  return parsed.data;
}

function decode(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) throw badRequest("invalid_json", "The body is empty. Send a JSON object.");
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest("invalid_json", "The body is not valid UTF-8.");
  }
}

function guarded(text: string, limits: JsonLimits): Member[] {
  try {
    return outline(text, limits);
  } catch (error) {
    if (error instanceof JsonLimitError)
      throw badRequest(
        "invalid_json",
        `The body has ${error.message}. This gateway takes no nesting or size beyond that.`,
      );
    throw error;
  }
}

function parseBody(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest("invalid_json", "The body is not valid JSON.");
  }
  if (!isObject(value)) throw badRequest("invalid_type", "The body must be a JSON object.");
  return value;
}

function messagesOf(messages: Body["messages"], members: readonly Member[]): readonly Message[] {
  const texts = members.find((member) => member.key === "messages")?.items ?? [];
  return messages.map((message, index) => ({
    role: message.role,
    content: message.content,
    json: texts[index] ?? "{}",
    plain: Object.hasOwn(message, "content") && Object.keys(message).length === 2,
  }));
}

/** A member's name as an error may repeat it. */
export function shortened(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}

/** Zod's first issue as OpenAI words it: what is wrong, and the path of the field. */
export function fieldError(issue: z.core.$ZodIssue | undefined, body: unknown): GatewayError {
  if (issue?.code === "unrecognized_keys")
    return unknownField([...issue.path, issue.keys[0] ?? ""].join("."));
  const path = issue?.path ?? [];
  const full = path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
  const shown = shortened(full);
  const param = path[0] === "metadata" ? "metadata" : shown;
  const value = path.reduce<unknown>((inner, part) => memberOf(inner, String(part)), body);
  if (value === undefined) return badRequest("missing_required_parameter", `\`${shown}\` is missing.`, param);
  const wrongType =
    issue?.code === "invalid_type" || (issue?.code === "invalid_value" && typeof value !== "string");
  const told = issue?.code === "invalid_key" ? issue.issues[0] : issue;
  const what = (told?.message ?? "").replace(/^Invalid (input|option): /, "");
  return badRequest(
    wrongType ? "invalid_type" : "invalid_value",
    `\`${shown}\` is not valid: ${what}.`,
    param,
  );
}

function unknownField(name: string): GatewayError {
  const shown = shortened(name);
  return badRequest("unknown_parameter", `This request has no member \`${shown}\`.`, shown);
}
