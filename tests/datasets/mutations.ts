import type { Line } from "../../src/datasets/read.ts";
import type { ValidateOptions } from "../../src/datasets/validate.ts";
import type { Code } from "../../src/datasets/validate-codes.ts";
import { isObject } from "../../src/domain/json.ts";
import { check } from "./files.ts";

/** A published file that was broken in one place, and what is to be told of it. */
export interface Broken {
  readonly file: string | Uint8Array | Iterable<Line>;
  readonly line: number | null;
  readonly path: string;
  readonly options?: Partial<ValidateOptions>;
}

/** Breaks a file. @param rows the texts of its rows @param at the index of the row to break */
export type Mutation = (rows: readonly string[], at: number) => Broken | Promise<Broken>;

type Row = Readonly<Record<string, unknown>>;
/** Keys and indices; an index below 0 counts from the end. */
type Path = readonly (string | number)[];

export function parse(text: string | undefined): Row {
  const value: unknown = JSON.parse(text ?? "");
  if (!isObject(value)) throw new Error("a row of a fixture is no object");
  return value;
}

/** The value with another one, or none (undefined), at the path. */
export function put(value: unknown, path: Path, inner: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return inner;
  if (typeof key === "number") {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    return list.with(key, put(list.at(key), rest, inner));
  }
  const object = isObject(value) ? value : {};
  return { ...object, [key]: put(object[key], rest, inner) };
}

function get(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof key === "number") return Array.isArray(inner) ? inner.at(key) : undefined;
    return isObject(inner) ? inner[key] : undefined;
  }, value);
}

/** The path as it is told, in a row that has it. */
function spelled(row: Row, path: Path): string {
  return path.reduce<string>((text, key, index) => {
    if (typeof key === "string") return text === "" ? key : `${text}.${key}`;
    const list = get(row, path.slice(0, index));
    return `${text}[${key < 0 && Array.isArray(list) ? list.length + key : key}]`;
  }, "");
}

function joined(rows: readonly string[]): string {
  return `${rows.join("\n")}\n`;
}

/** Another text in the row's line. */
const text =
  (change: (text: string) => string): Mutation =>
  (rows, at) => ({ file: joined(rows.with(at, change(rows[at] ?? ""))), line: at + 1, path: "" });

/** Another value at a path of the row; told at that path, or at the one given. */
const value =
  (path: Path, inner: unknown, toldAt: Path = path, prepare: (row: Row) => Row = (row) => row): Mutation =>
  (rows, at) => {
    const row = prepare(parse(rows[at]));
    const file = joined(rows.with(at, JSON.stringify(put(row, path, inner))));
    return { file, line: at + 1, path: spelled(row, toldAt) };
  };

/** Other messages. @param toldAt index of the message that is told of; none for the list */
const messages =
  (change: (messages: readonly unknown[]) => readonly unknown[], toldAt?: number): Mutation =>
  (rows, at) => {
    const row = parse(rows[at]);
    const changed = { ...row, messages: change(listOf(row, "messages")) };
    const path = spelled(changed, toldAt === undefined ? ["messages"] : ["messages", toldAt]);
    return { file: joined(rows.with(at, JSON.stringify(changed))), line: at + 1, path };
  };

function listOf(row: Row, key: string): readonly unknown[] {
  const list = row[key];
  return Array.isArray(list) ? list : [];
}

const TOOL = {
  type: "function",
  function: {
    name: "note",
    description: "Notes a text",
    parameters: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
  },
};
const CALL = { id: "call_1", type: "function", function: { name: "note", arguments: '{"text":"hello"}' } };

/** The row with a tool, its call and the tool's answer before the last message, all as they should be. */
export function withCall(row: Row): Row {
  const list = listOf(row, "messages");
  return {
    ...row,
    tools: [...listOf(row, "tools"), TOOL],
    messages: [
      ...list.slice(0, -1),
      { role: "assistant", tool_calls: [CALL] },
      { role: "tool", tool_call_id: "call_1", content: "" },
      ...list.slice(-1),
    ],
  };
}

/** Something else in a row that has a tool and its call. */
const called = (path: Path, inner: unknown, toldAt: Path = path): Mutation =>
  value(path, inner, toldAt, withCall);

const CALLED: Path = ["messages", -3, "tool_calls", 0];
const ARGUMENTS: Path = [...CALLED, "function", "arguments"];
const FUNCTION: Path = ["tools", -1, "function"];
const user = { role: "user", content: "And then?" };

/** A mutation for every code that the validator has. */
export const MUTATIONS: Readonly<Record<Code, Mutation>> = {
  other_format: (rows) => ({
    file: joined(rows),
    line: null,
    path: "",
    options: { format: "trl-prompt-completion" },
  }),
  too_few_examples: (rows) => ({ file: joined(rows.slice(0, 9)), line: null, path: "" }),
  file_too_large: (rows) => ({
    file: rows.map((row, index) => ({ number: index + 1, text: row, bytes: 512_000_001 })),
    line: null,
    path: "",
  }),
  missing_bom: (rows) => ({ file: joined(rows), line: null, path: "", options: { format: "azure" } }),
  unexpected_bom: (rows) => ({ file: `\uFEFF${joined(rows)}`, line: null, path: "" }),
  invalid_utf8: (rows, at) => {
    const before = new TextEncoder().encode(joined(rows.slice(0, at)));
    const file = new TextEncoder().encode(joined(rows));
    file[before.length + 20] = 0xff;
    return { file, line: at + 1, path: "" };
  },
  blank_line: (rows, at) => ({ file: joined(rows.toSpliced(at, 0, " ")), line: at + 1, path: "" }),
  duplicate_row: (rows, at) => ({
    file: joined([...rows, reversed(rows[at])]),
    line: rows.length + 1,
    path: "",
  }),
  leaked_row: async (rows, at) => ({
    file: joined([reversed(rows[at])]),
    line: 1,
    path: "",
    options: { training: await check(joined(rows)) },
  }),
  leaked_input: async (rows, at) => ({
    file: joined([
      JSON.stringify(put(parse(rows[at]), ["messages", -1], { role: "assistant", content: "Else" })),
    ]),
    line: 1,
    path: "",
    options: { training: await check(joined(rows)) },
  }),
  invalid_json: text((row) => row.slice(0, -1)),
  not_an_object: text((row) => `[${row}]`),
  duplicate_key: text((row) => `${row.slice(0, -1)},"messages":[]}`),
  nested_too_deep: text((row) => `{"x":${"[".repeat(200)}${"]".repeat(200)},${row.slice(1)}`),
  other_shape: text((row) => row.replace('"messages"', '"conversations"')),
  preference_row: text((row) => row.replace('"messages"', '"chosen"')),
  unknown_key: value(["metadata"], {}),
  missing_messages: value(["messages"], []),
  invalid_prompt: () => ({
    file: '{"prompt":"","completion":"x"}',
    line: 1,
    path: "prompt",
    options: { format: "trl-prompt-completion" },
  }),
  invalid_completion: () => ({
    file: '{"prompt":"x","completion":[{"role":"assistant","content":"y"}]}',
    line: 1,
    path: "completion",
    options: { format: "trl-prompt-completion" },
  }),
  invalid_parallel_tool_calls: value(["parallel_tool_calls"], "no"),
  too_long: (rows, at) => ({
    file: joined(
      rows.with(at, JSON.stringify(put(parse(rows[at]), ["messages", 0, "content"], "word ".repeat(17_000)))),
    ),
    line: at + 1,
    path: "",
    options: { model: "gpt-3.5-turbo" },
  }),
  no_assistant_message: messages((list) => list.filter((message) => get(message, ["role"]) !== "assistant")),
  last_message_not_assistant: messages((list) => [...list, user], -1),
  nothing_to_learn: messages((list) =>
    list.map((message) => (get(message, ["role"]) === "assistant" ? put(message, ["weight"], 0) : message)),
  ),
  system_not_first: messages((list) => list.toSpliced(-1, 0, { role: "system", content: "Be brief." }), -2),
  missing_system: messages((list) => list.filter((message) => get(message, ["role"]) !== "system")),
  missing_user: messages((list) => list.filter((message) => get(message, ["role"]) !== "user")),
  message_not_an_object: value(["messages", 0], "Be brief."),
  missing_role: value(["messages", 0, "role"], undefined, ["messages", 0]),
  unknown_role: value(["messages", 0, "role"], "developer"),
  unknown_message_key: value(["messages", 0, "text"], "x"),
  missing_content: value(["messages", 0, "content"], ""),
  invalid_content: value(["messages", 0, "content"], { text: "x" }),
  invalid_part: value(["messages", 0, "content"], [{ type: "audio" }], ["messages", 0, "content", 0]),
  invalid_name: value(["messages", 0, "name"], "two words"),
  invalid_weight: value(["messages", -1, "weight"], 0.5),
  weight_not_on_assistant: value(["messages", 0, "weight"], 1),
  invalid_tools: value(["tools"], []),
  invalid_tool: called([...FUNCTION, "name"], "two words"),
  duplicate_tool: (rows, at) => {
    const row = withCall(parse(rows[at]));
    const changed = { ...row, tools: [...listOf(row, "tools"), TOOL] };
    const file = joined(rows.with(at, JSON.stringify(changed)));
    return { file, line: at + 1, path: spelled(changed, ["tools", -1]) };
  },
  missing_description: called([...FUNCTION, "description"], undefined, FUNCTION),
  deprecated_functions: value(["functions"], [TOOL.function]),
  tool_calls_not_on_assistant: value(["messages", 0, "tool_calls"], [CALL], ["messages", 0]),
  invalid_tool_call: called([...CALLED, "id"], 1),
  duplicate_tool_call_id: called(
    ["messages", -3, "tool_calls"],
    [CALL, CALL],
    ["messages", -3, "tool_calls", 1, "id"],
  ),
  unknown_tool: called([...CALLED, "function", "name"], "forget"),
  invalid_arguments: called(ARGUMENTS, { text: "hello" }),
  double_encoded_arguments: called(ARGUMENTS, JSON.stringify('{"text":"hello"}')),
  arguments_mismatch: called(ARGUMENTS, '{"text":1}'),
  unanswered_tool_call: called(["messages", -2], user),
  unknown_tool_call_id: called(["messages", -2, "tool_call_id"], "call_2"),
};

/** The same row with its members in the other order. */
export function reversed(row: string | undefined): string {
  return JSON.stringify(turned(JSON.parse(row ?? "")));
}

function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, turned(inner)])
      .toReversed(),
  );
}
