import { LRUCache } from "lru-cache";
import { isObject, memberOf } from "../domain/json.ts";
import { MESSAGE_OVERHEAD_TOKENS } from "../domain/tokens.ts";
import { toolsOf } from "./format.ts";
import { baseModel } from "./tunable-models.ts";

export type Encoding = "o200k_base" | "cl100k_base";

/** Counts a text's tokens as a model's own tokenizer does. */
export interface Tokenizer {
  readonly encoding: Encoding;
  /** Is the encoding known to be the model's, or only taken for it? */
  readonly known: boolean;
  count(text: string): number;
}

/** Tokens of an example. */
export interface ExampleTokens {
  readonly total: number;
  /** In the assistant's messages, which are what is learned. */
  readonly answers: number;
  /** Exact as OpenAI's cookbook counts; not so with tools, calls or images, whose form is not public. */
  readonly exact: boolean;
}

const OLDER = /^gpt-(4(?![.o\d])|3\.5)/;
const NEWER = /^(gpt-4o|gpt-4\.\d|gpt-[5-9]|gpt-oss|chatgpt-4o|o\d)/;

/** The tokenizer of a model. Its tables are loaded on the first call, which takes some tenths of a second. */
export async function tokenizerFor(model: string): Promise<Tokenizer> {
  const base = baseModel(model);
  const older = OLDER.test(base);
  const { countTokens } = older
    ? await import("gpt-tokenizer/encoding/cl100k_base")
    : await import("gpt-tokenizer/encoding/o200k_base");
  const plain = { disallowedSpecial: new Set<string>() }; // special tokens in a text are text
  const counted = new LRUCache<string, number>({ max: 5000 }); // system messages and tools come again and again
  const count = (text: string): number =>
    inPieces(text).reduce((sum, piece) => sum + countTokens(piece, plain), 0);
  return {
    encoding: older ? "cl100k_base" : "o200k_base",
    known: older || NEWER.test(base),
    count: (text) => {
      const before = counted.get(text);
      if (before !== undefined) return before;
      const tokens = count(text);
      counted.set(text, tokens);
      return tokens;
    },
  };
}

/** A run of one kind, which the tokenizer takes as one word: its time grows with the square of the length. */
const LONG_RUN = /\p{L}{400,}|[^\s\p{L}\p{N}]{400,}|\s{400,}/u;
const LONG_RUNS = new RegExp(LONG_RUN, "gu");

/** The text, cut within runs that no language has; a cut adds a token at most. */
function inPieces(text: string): readonly string[] {
  if (text.length < 400 || !LONG_RUN.test(text)) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (const { 0: run, index } of text.matchAll(LONG_RUNS)) {
    pieces.push(text.slice(from, index));
    for (let at = 0; at < run.length; at += 400) pieces.push(run.slice(at, at + 400));
    from = index + run.length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** Tokens that begin the answer. */
const PRIMING_TOKENS = 3;
/** An image of 1,024 by 1,024 points, and one at low detail, by OpenAI's guide to vision for gpt-4o. */
const IMAGE_TOKENS = 765;
const LOW_DETAIL_TOKENS = 85;

/**
 * Tokens of an example, as OpenAI's cookbook counts them ("How to count tokens with tiktoken").
 * @param row for its tools
 */
export function exampleTokens(
  messages: readonly unknown[],
  row: Readonly<Record<string, unknown>>,
  tokenizer: Tokenizer,
): ExampleTokens {
  const tools = toolTokens(row, tokenizer);
  let total = PRIMING_TOKENS + tools;
  let answers = 0;
  let exact = tools === 0 && tokenizer.known;
  for (const message of messages) {
    const text = contentTokens(memberOf(message, "content"), tokenizer);
    const calls = callTokens(message, tokenizer);
    total += MESSAGE_OVERHEAD_TOKENS + text.tokens + calls + nameTokens(message, tokenizer);
    const role = memberOf(message, "role");
    if (typeof role === "string") total += tokenizer.count(role);
    if (role === "assistant") answers += text.tokens + calls;
    exact &&= text.exact && calls === 0;
  }
  return { total, answers, exact };
}

function contentTokens(
  content: unknown,
  { count }: Tokenizer,
): { readonly tokens: number; readonly exact: boolean } {
  if (typeof content === "string") return { tokens: count(content), exact: true };
  if (!Array.isArray(content)) return { tokens: 0, exact: true };
  let tokens = 0;
  let exact = true;
  for (const part of content) {
    const text = memberOf(part, "text");
    if (typeof text === "string") tokens += count(text);
    else {
      exact = false;
      tokens += memberOf(memberOf(part, "image_url"), "detail") === "low" ? LOW_DETAIL_TOKENS : IMAGE_TOKENS;
    }
  }
  return { tokens, exact };
}

function nameTokens(message: unknown, { count }: Tokenizer): number {
  const name = memberOf(message, "name");
  return typeof name === "string" ? 1 + count(name) : 0;
}

/** An estimate: names and arguments, with as much around each call as around a message. */
function callTokens(message: unknown, { count }: Tokenizer): number {
  const calls = memberOf(message, "tool_calls");
  const functions = Array.isArray(calls) ? calls.map((call: unknown) => memberOf(call, "function")) : [];
  return [...functions, memberOf(message, "function_call")].filter(isObject).reduce((sum, call) => {
    const given = call["arguments"];
    const text = typeof given === "string" ? given : JSON.stringify(given ?? {});
    return sum + MESSAGE_OVERHEAD_TOKENS + count(String(call["name"])) + count(text);
  }, 0);
}

/** An estimate of tool definitions, by the cookbook's figures for flat parameters; deeper ones by their JSON. */
function toolTokens(row: Readonly<Record<string, unknown>>, tokenizer: Tokenizer): number {
  const { functions } = row;
  const tools = toolsOf(row);
  const definitions = [
    ...(Array.isArray(tools) ? tools.map((tool: unknown) => memberOf(tool, "function")) : []),
    ...(Array.isArray(functions) ? functions : []),
  ].filter(isObject);
  if (definitions.length === 0) return 0;
  const start = tokenizer.encoding === "cl100k_base" ? 10 : 7;
  return definitions.reduce((sum, definition) => sum + start + functionTokens(definition, tokenizer), 12);
}

function functionTokens(definition: Readonly<Record<string, unknown>>, tokenizer: Tokenizer): number {
  const { count } = tokenizer;
  const line = `${String(definition["name"])}:${withoutStop(definition["description"])}`;
  const properties = memberOf(definition["parameters"], "properties");
  if (!isObject(properties) || Object.keys(properties).length === 0) return count(line);
  return Object.entries(properties).reduce(
    (sum, [name, property]) => sum + 3 + propertyTokens(name, property, tokenizer),
    count(line) + 3,
  );
}

function propertyTokens(name: string, property: unknown, { count }: Tokenizer): number {
  if (!isObject(property)) return count(name);
  const { type, description, enum: values, ...rest } = property;
  const line = `${name}:${String(type)}:${withoutStop(description)}`;
  const listed = Array.isArray(values)
    ? values.reduce((sum: number, value: unknown) => sum + 3 + count(String(value)), -3)
    : 0;
  return count(line) + listed + (Object.keys(rest).length === 0 ? 0 : count(JSON.stringify(rest)));
}

function withoutStop(description: unknown): string {
  return typeof description === "string" ? description.replace(/\.$/, "") : "";
}
