import { isObject, JsonLimitError, outline } from "../domain/json.ts";
import { type Format, isTrl } from "./format.ts";
import type { Tell } from "./validate-codes.ts";
import { checkConversation, type Placed } from "./validate-message.ts";
import { type Around, readTools } from "./validate-tools.ts";

/** A row that could be read as a conversation, whatever else is wrong with it. */
export interface Row {
  readonly value: Readonly<Record<string, unknown>>;
  readonly messages: readonly unknown[];
}

const OPENAI_KEYS = ["messages", "tools", "parallel_tool_calls", "functions"];
const PREFERENCE_KEYS = ["chosen", "rejected", "preferred_output", "non_preferred_output"];
const OTHER_KEYS = ["conversations", "instruction", "completion", "instances"];
const ARRAY = "A JSON array begins here. Write a row on each line, as `crossover dataset convert` does.";
const LIMITS = { depth: 100, nodes: Number.POSITIVE_INFINITY } as const;

/** Checks a line of a file. @returns the row, or undefined when it holds no conversation */
export function checkRow(text: string, format: Format, tell: Tell): Row | undefined {
  const value = parse(text, tell);
  if (value === undefined) return undefined;
  if (PREFERENCE_KEYS.some((key) => Object.hasOwn(value, key))) {
    tell("preference_row", "");
    return undefined;
  }
  switch (format) {
    case "openai":
    case "azure":
    case "trl-messages":
      return checkMessages(value, format, tell);
    case "trl-prompt-completion":
      return checkPromptCompletion(value, format, tell);
  }
}

function parse(text: string, tell: Tell): Readonly<Record<string, unknown>> | undefined {
  try {
    const members = outline(text, LIMITS);
    const value: unknown = JSON.parse(text);
    if (isObject(value)) {
      if (members.length !== Object.keys(value).length) tell("duplicate_key", "");
      return value;
    }
    tell("not_an_object", "", Array.isArray(value) ? ARRAY : undefined);
  } catch (error) {
    if (error instanceof JsonLimitError) tell("nested_too_deep", "");
    else if (text.startsWith("[")) tell("invalid_json", "", ARRAY);
    else tell("invalid_json", "", `The line is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
  return undefined;
}

function checkMessages(
  value: Readonly<Record<string, unknown>>,
  format: Format,
  tell: Tell,
): Row | undefined {
  const { messages } = value;
  if (messages === undefined && OTHER_KEYS.some((key) => Object.hasOwn(value, key))) {
    tell("other_shape", "");
    return undefined;
  }
  const around = surroundings(value, format, tell);
  if (!Array.isArray(messages) || messages.length === 0) {
    tell("missing_messages", "messages");
    return undefined;
  }
  checkConversation(placed("messages", messages), "messages", around);
  return { value, messages };
}

/** Checks what stands beside the messages. */
function surroundings(value: Readonly<Record<string, unknown>>, format: Format, tell: Tell): Around {
  const lenient = isTrl(format); // a set of Hugging Face may have columns of its own
  if (!lenient)
    for (const key of Object.keys(value))
      if (!OPENAI_KEYS.includes(key)) tell("unknown_key", key, `A row has no \`${key.slice(0, 40)}\`.`);
  const parallel = value["parallel_tool_calls"];
  if (parallel !== undefined && typeof parallel !== "boolean")
    tell("invalid_parallel_tool_calls", "parallel_tool_calls");
  return { tools: readTools(value, lenient, tell), lenient, tell };
}

/** Texts, or conversations of which the second goes on where the first ends. */
function checkPromptCompletion(
  value: Readonly<Record<string, unknown>>,
  format: Format,
  tell: Tell,
): Row | undefined {
  const { prompt, completion } = value;
  if (prompt === undefined && completion === undefined && (value["messages"] ?? undefined) !== undefined) {
    tell("other_shape", "", "The row has `messages`: check it as `trl-messages`.");
    return undefined;
  }
  if (typeof prompt === "string" && prompt !== "") {
    if (typeof completion !== "string" || completion === "") {
      tell("invalid_completion", "completion");
      return undefined;
    }
    const messages = [
      { role: "user", content: prompt },
      { role: "assistant", content: completion },
    ];
    return { value, messages };
  }
  if (!Array.isArray(prompt) || prompt.length === 0) {
    tell("invalid_prompt", "prompt");
    return undefined;
  }
  if (!Array.isArray(completion) || completion.length === 0) {
    tell("invalid_completion", "completion");
    return undefined;
  }
  const list = [...placed("prompt", prompt), ...placed("completion", completion)];
  checkConversation(list, "prompt", surroundings(value, format, tell));
  return { value, messages: [...prompt, ...completion] };
}

function placed(key: string, messages: readonly unknown[]): readonly Placed[] {
  return messages.map((message, index) => ({ message, path: `${key}[${index}]` }));
}
