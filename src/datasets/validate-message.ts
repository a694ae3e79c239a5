import { isObject, memberOf } from "../domain/json.ts";
import type { Code, Tell } from "./validate-codes.ts";
import { type Around, checkCall, checkToolCalls } from "./validate-tools.ts";

/** OpenAI trains no messages of a developer, though its API takes them. */
const ROLES = ["system", "user", "assistant", "tool", "function"];
const KEYS = ["role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"];
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NO_CALLS: ReadonlySet<string> = new Set();

/** Checks a message by itself. @returns the ids of the calls that it makes */
export function checkMessage(message: unknown, path: string, around: Around): ReadonlySet<string> {
  const { tell, lenient } = around;
  if (!isObject(message)) {
    tell("message_not_an_object", path);
    return NO_CALLS;
  }
  const { role } = message;
  if (role === undefined) tell("missing_role", path);
  else if (typeof role !== "string" || !(ROLES.includes(role) || (lenient && role === "developer")))
    tell("unknown_role", `${path}.role`, `There is no role ${JSON.stringify(role).slice(0, 40)}.`);
  if (!lenient)
    for (const key of Object.keys(message))
      if (!KEYS.includes(key)) tell("unknown_message_key", `${path}.${key}`);
  checkContent(message, path, tell);
  checkName(message, path, tell);
  checkWeight(message, path, tell);
  return checkCalls(message, path, around);
}

function checkContent(message: Readonly<Record<string, unknown>>, path: string, tell: Tell): void {
  const { role, content, refusal } = message;
  const at = `${path}.content`;
  if (refusal !== undefined && refusal !== null && typeof refusal !== "string")
    tell("invalid_content", `${path}.refusal`, "A refusal must be a text.");
  const mayLack = message["tool_calls"] ?? message["function_call"] ?? refusal;
  if (content === undefined || content === null) {
    if (mayLack === undefined || mayLack === null) tell("missing_content", at);
  } else if (typeof content === "string") {
    const answersCall = role === "tool" || role === "function"; // a tool may answer with nothing
    if (content === "" && !answersCall && (mayLack === undefined || mayLack === null))
      tell("missing_content", at, "The content is empty.");
  } else if (!Array.isArray(content)) tell("invalid_content", at);
  else if (content.length === 0) tell("missing_content", at, "The content has no parts.");
  else for (const [index, part] of content.entries()) checkPart(part, role, `${at}[${index}]`, tell);
}

function checkPart(part: unknown, role: unknown, path: string, tell: Tell): void {
  const type = memberOf(part, "type");
  if (type === "text" && typeof memberOf(part, "text") === "string") return;
  if (type === "refusal" && role === "assistant" && typeof memberOf(part, "refusal") === "string") return;
  const url = memberOf(memberOf(part, "image_url"), "url");
  if (type === "image_url" && role === "user" && typeof url === "string") return;
  tell("invalid_part", path);
}

function checkName(message: Readonly<Record<string, unknown>>, path: string, tell: Tell): void {
  const { name, role } = message;
  if (name === undefined && role !== "function") return;
  if (typeof name !== "string" || !NAME.test(name)) tell("invalid_name", `${path}.name`);
}

function checkWeight(message: Readonly<Record<string, unknown>>, path: string, tell: Tell): void {
  const { weight, role } = message;
  if (weight === undefined) return;
  if (role !== "assistant") tell("weight_not_on_assistant", `${path}.weight`);
  else if (weight !== 0 && weight !== 1) tell("invalid_weight", `${path}.weight`);
}

function checkCalls(
  message: Readonly<Record<string, unknown>>,
  path: string,
  around: Around,
): ReadonlySet<string> {
  const { tell } = around;
  const calls = message["tool_calls"] ?? undefined;
  const call = message["function_call"] ?? undefined;
  if (calls === undefined && call === undefined) return NO_CALLS;
  if (message["role"] !== "assistant") {
    tell("tool_calls_not_on_assistant", path);
    return NO_CALLS;
  }
  if (call !== undefined) {
    tell("deprecated_functions", `${path}.function_call`);
    checkCall(call, `${path}.function_call`, around);
  }
  return calls === undefined ? NO_CALLS : checkToolCalls(calls, `${path}.tool_calls`, around);
}

/** A message with its place in the row. */
export interface Placed {
  readonly message: unknown;
  readonly path: string;
}

/**
 * Checks a conversation: each message, and how they follow each other.
 * @param path of the list, for what is told of the whole
 */
export function checkConversation(list: readonly Placed[], path: string, around: Around): void {
  const { tell } = around;
  const open = new Set<string>(); // calls without an answer yet
  for (const { message, path: at } of list) {
    const role = memberOf(message, "role");
    if (role === "tool") answer(message, at, open, around);
    else if (open.size > 0) {
      tell("unanswered_tool_call", at, unanswered(open));
      open.clear();
    }
    for (const id of checkMessage(message, at, around)) open.add(id);
  }
  const roles = list.map(({ message }) => memberOf(message, "role"));
  const tellOf = (code: Code, index: number): void => tell(code, list[index]?.path ?? path);
  if (!roles.includes("user")) tell("missing_user", path);
  const late = roles.findIndex((role, index) => isSystem(role) && index > 0 && !isSystem(roles[index - 1]));
  if (late !== -1) tellOf("system_not_first", late);
  if (!roles.includes("assistant")) return tell("no_assistant_message", path);
  if (roles.at(-1) !== "assistant") tellOf("last_message_not_assistant", list.length - 1);
  const answers = list.filter((_, index) => roles[index] === "assistant");
  if (answers.every(({ message }) => memberOf(message, "weight") === 0)) tell("nothing_to_learn", path);
}

export function isSystem(role: unknown): boolean {
  return role === "system" || role === "developer";
}

/** A tool's answer closes its call; without ids, any. */
function answer(message: unknown, path: string, open: Set<string>, { tell, lenient }: Around): void {
  const id = memberOf(message, "tool_call_id");
  if (id === undefined && lenient) return open.clear();
  if (typeof id !== "string" || !open.delete(id)) tell("unknown_tool_call_id", `${path}.tool_call_id`);
}

function unanswered(open: ReadonlySet<string>): string {
  const ids = [...open].slice(0, 3).map((id) => JSON.stringify(id.slice(0, 40)));
  return `Before this message, the call ${ids.join(", ")} must be answered by a tool message.`;
}
