import { isObject, parseJson } from "../domain/json.ts";
import type { Example, ExampleMessage } from "./example.ts";
import { BOM, type Line } from "./read.ts";

/** A row of a common chat set, as chat examples, or why it can't be. */
export type Converted =
  | { readonly line: number; readonly examples: readonly Example[] }
  | { readonly line: number; readonly reason: string };

/** A row can't be converted; the message says why. */
class ConversionError extends Error {
  override readonly name = "ConversionError";
}

/**
 * Converts the rows of a set to chat examples. Known are `messages` as they are, `prompt` with `completion`,
 * `instruction` with `input` and `output` (Alpaca) or with `instances` of these (Self-Instruct), and
 * `conversations` of `from` and `value` (ShareGPT).
 * @param lines one object each; or the lines of one JSON array, which is then read whole
 */
export async function* convertRows(lines: AsyncIterable<Line> | Iterable<Line>): AsyncGenerator<Converted> {
  let array: string[] | undefined;
  for await (const { number, text } of lines) {
    const own = number === 1 && text?.startsWith(BOM) ? text.slice(BOM.length) : text;
    if (number === 1 && own?.trimStart().startsWith("[")) array = [];
    if (array !== undefined) array.push(own ?? "");
    else if (own?.trim() !== "") yield convertRow(number, own === undefined ? undefined : parseJson(own));
  }
  if (array === undefined) return;
  const rows = parseJson(array.join("\n"));
  if (!Array.isArray(rows)) return yield { line: 1, reason: "the file begins as a JSON array, but is none" };
  for (const [index, row] of rows.entries()) yield convertRow(index + 1, row);
}

/** @param line of the row in its file; in a JSON array its place, from 1 */
export function convertRow(line: number, row: unknown): Converted {
  try {
    if (!isObject(row)) throw new ConversionError("it is no JSON object");
    return { line, examples: examplesOf(row) };
  } catch (error) {
    if (error instanceof ConversionError) return { line, reason: error.message };
    throw error;
  }
}

type Members = Readonly<Record<string, unknown>>;

function examplesOf(row: Members): readonly Example[] {
  if (Array.isArray(row["messages"])) return [withTools(row, row["messages"].map(chatMessage))];
  if (Array.isArray(row["conversations"])) return [fromTurns(row["conversations"], row["system"])];
  if (row["prompt"] !== undefined && row["completion"] !== undefined) return [fromPrompt(row)];
  if (typeof row["instruction"] === "string") return fromInstruction(row["instruction"], row);
  throw new ConversionError(
    `its shape is not known: ${Object.keys(row).slice(0, 5).join(", ") || "no members"}`,
  );
}

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;

/** A message in the chat format; what is wrong in its other members is the validator's to tell. */
function chatMessage(message: unknown): ExampleMessage {
  const role = isObject(message) ? ROLES.find((known) => known === message["role"]) : undefined;
  if (!isObject(message) || role === undefined) throw new ConversionError("a message has no known role");
  return { ...message, role };
}

function withTools(row: Members, messages: readonly ExampleMessage[]): Example {
  if (messages.length === 0) throw new ConversionError("it has no messages");
  const { tools } = row;
  return Array.isArray(tools) && tools.length > 0 ? { messages, tools } : { messages };
}

function fromPrompt(row: Members): Example {
  const { prompt, completion } = row;
  if (Array.isArray(prompt) && Array.isArray(completion))
    return withTools(row, [...prompt, ...completion].map(chatMessage));
  return pair(textOf(prompt, "prompt"), textOf(completion, "completion"));
}

function fromInstruction(instruction: string, row: Members): readonly Example[] {
  const { instances } = row;
  const all: readonly unknown[] = Array.isArray(instances) ? instances : [row];
  if (all.length === 0) throw new ConversionError("it has no instances");
  return all.map((instance) => {
    if (!isObject(instance)) throw new ConversionError("an instance is no object");
    const input = instance["input"] ?? "";
    if (typeof input !== "string") throw new ConversionError("`input` is no text");
    const query = input.trim() === "" ? instruction : `${instruction}\n\n${input}`;
    const { system } = row;
    const { messages } = pair(query, textOf(instance["output"], "output"));
    return typeof system === "string" && system !== ""
      ? { messages: [{ role: "system", content: system }, ...messages] }
      : { messages };
  });
}

const SPEAKERS: Readonly<Record<string, "system" | "user" | "assistant">> = {
  system: "system",
  human: "user",
  user: "user",
  gpt: "assistant",
  assistant: "assistant",
  chatgpt: "assistant",
  model: "assistant",
  bing: "assistant",
  bard: "assistant",
};

function fromTurns(turns: readonly unknown[], system: unknown): Example {
  const messages = turns.map((turn): ExampleMessage => {
    const from = isObject(turn) ? turn["from"] : undefined;
    const role = typeof from === "string" && Object.hasOwn(SPEAKERS, from) ? SPEAKERS[from] : undefined;
    if (!isObject(turn) || role === undefined)
      throw new ConversionError(`who speaks is not known: ${JSON.stringify(from)?.slice(0, 40) ?? "nobody"}`);
    return { role, content: textOf(turn["value"], "value") };
  });
  if (messages.at(-1)?.role !== "assistant") throw new ConversionError("the last turn is not the model's");
  return typeof system === "string" && system !== ""
    ? { messages: [{ role: "system", content: system }, ...messages] }
    : { messages };
}

function pair(query: string, answer: string): Example {
  return {
    messages: [
      { role: "user", content: query },
      { role: "assistant", content: answer },
    ],
  };
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== "string" || value.trim() === "") throw new ConversionError(`\`${name}\` has no text`);
  return value;
}
