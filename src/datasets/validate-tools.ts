import { LRUCache } from "lru-cache";
import { z } from "zod";
import { isObject, memberOf, parseJson } from "../domain/json.ts";
import { schemaCheckOf } from "../domain/json-schema.ts";
import { toolsOf } from "./format.ts";
import type { Tell } from "./validate-codes.ts";

type Check = ReturnType<typeof schemaCheckOf>;

/** A tool's name, and what its arguments are checked with; undefined when its schema can't be used. */
interface Tool {
  readonly name: string;
  readonly check: Check | undefined;
}

/** The tools of a row by name. */
export type Tools = ReadonlyMap<string, Tool>;

const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NOTHING: ReadonlySet<string> = new Set();

/** What stands around a message and its calls. */
export interface Around {
  readonly tools: Tools | undefined;
  /** As Hugging Face's chat templates have it: no ids, arguments as an object too. Else as OpenAI's API. */
  readonly lenient: boolean;
  readonly tell: Tell;
}

/** Rows of a set mostly have the same few tools: each definition's findings, by its text. */
const known = new LRUCache<string, Definition>({ max: 1000 });

interface Definition {
  readonly tool: Tool | undefined;
  /** What is told of it, with the path from the definition. */
  readonly told: readonly Parameters<Tell>[];
}

/** Reads and checks `tools`, and `functions` of the older style. @returns undefined when the row has neither */
export function readTools(
  row: Readonly<Record<string, unknown>>,
  lenient: boolean,
  tell: Tell,
): Tools | undefined {
  const { functions } = row;
  const tools = lenient ? toolsOf(row) : row["tools"];
  if (tools === undefined && functions === undefined) return undefined;
  const found = new Map<string, Tool>();
  if (tools !== undefined) readList("tools", tools, found, tell);
  if (functions !== undefined) {
    tell("deprecated_functions", "functions");
    readList("functions", functions, found, tell);
  }
  return found;
}

function readList(key: "tools" | "functions", list: unknown, found: Map<string, Tool>, tell: Tell): void {
  if (!Array.isArray(list) || list.length === 0) return tell("invalid_tools", key);
  const entries: readonly unknown[] = list;
  for (const [index, entry] of entries.entries()) {
    const path = `${key}[${index}]`;
    const { tool, told } = definitionOf(key, entry);
    for (const [code, inner, message] of told) tell(code, path + inner, message);
    if (tool === undefined) continue;
    if (found.has(tool.name)) tell("duplicate_tool", path, `A tool ${tool.name} is there already.`);
    else found.set(tool.name, tool);
  }
}

function definitionOf(key: "tools" | "functions", entry: unknown): Definition {
  const text = key + JSON.stringify(entry);
  const before = known.get(text);
  if (before !== undefined) return before;
  const told: Parameters<Tell>[] = [];
  const tell: Tell = (...what) => told.push(what);
  const definition = { tool: key === "tools" ? readTool(entry, tell) : readFunction(entry, "", tell), told };
  known.set(text, definition);
  return definition;
}

function readTool(entry: unknown, tell: Tell): Tool | undefined {
  if (!isObject(entry)) {
    tell("invalid_tool", "", "The tool is no object.");
    return undefined;
  }
  if (entry["type"] !== "function") tell("invalid_tool", ".type", "A tool's `type` must be `function`.");
  refuseOthers(entry, ["type", "function"], "", tell);
  return readFunction(entry["function"], ".function", tell);
}

function readFunction(entry: unknown, path: string, tell: Tell): Tool | undefined {
  if (!isObject(entry)) {
    tell("invalid_tool", path, "The tool's function is missing or no object.");
    return undefined;
  }
  const { name, description, strict, parameters } = entry;
  refuseOthers(entry, ["name", "description", "parameters", "strict"], path, tell);
  if (description === undefined || description === "") tell("missing_description", path);
  else if (typeof description !== "string")
    tell("invalid_tool", `${path}.description`, "A description must be a text.");
  if (strict !== undefined && strict !== null && typeof strict !== "boolean")
    tell("invalid_tool", `${path}.strict`, "`strict` must be true or false.");
  const check = readParameters(parameters, `${path}.parameters`, tell);
  if (typeof name === "string" && FUNCTION_NAME.test(name)) return { name, check };
  tell("invalid_tool", `${path}.name`, "A function's name has 1 to 64 letters, digits, `_` or `-`.");
  return undefined;
}

function refuseOthers(
  entry: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  path: string,
  tell: Tell,
): void {
  for (const key of Object.keys(entry))
    if (!keys.includes(key)) tell("invalid_tool", `${path}.${key}`, `A tool has no \`${key}\`.`);
}

const schemaShape = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.union([z.boolean(), z.looseObject({})])).optional(),
  required: z.array(z.string()).optional(),
});

/** @returns what arguments are checked with; a function without parameters takes none */
function readParameters(parameters: unknown, path: string, tell: Tell): Check | undefined {
  const shape = schemaShape.safeParse(parameters ?? { type: "object", properties: {} });
  if (!shape.success) {
    const where = shape.error.issues[0]?.path.join(".") ?? "";
    const what = where === "" ? "" : `: \`${where}\` is not as it should be`;
    tell("invalid_tool", path, `The parameters must be a JSON Schema with the type \`object\`${what}.`);
    return undefined;
  }
  const check = schemaCheckOf(shape.data);
  const verdict = check({}); // finds a schema that refers to itself without end
  if (verdict.kind !== "unusable") return check;
  tell("invalid_tool", path, `The parameters' JSON Schema can't be used: ${verdict.problem}`);
  return undefined;
}

/**
 * Checks the calls of a message of the assistant.
 * @returns the ids of the calls
 */
export function checkToolCalls(
  calls: unknown,
  path: string,
  { tools, lenient, tell }: Around,
): ReadonlySet<string> {
  if (!Array.isArray(calls) || calls.length === 0) {
    tell("invalid_tool_call", path, "`tool_calls` must be a list with at least one call.");
    return NOTHING;
  }
  const ids = new Set<string>();
  const list: readonly unknown[] = calls;
  for (const [index, call] of list.entries()) {
    const at = `${path}[${index}]`;
    if (!isObject(call)) {
      tell("invalid_tool_call", at, "The call is no object.");
      continue;
    }
    const { id, type } = call;
    if (typeof id === "string" && id !== "") {
      if (ids.has(id)) tell("duplicate_tool_call_id", `${at}.id`);
      ids.add(id);
    } else if (!lenient || id !== undefined)
      tell("invalid_tool_call", `${at}.id`, "The call must have an id.");
    if (type !== "function" && !(lenient && type === undefined))
      tell("invalid_tool_call", `${at}.type`, "The call's `type` must be `function`.");
    checkCall(call["function"], `${at}.function`, { tools, lenient, tell });
  }
  return ids;
}

/** Checks a called function: its name and its arguments. */
export function checkCall(call: unknown, path: string, { tools, lenient, tell }: Around): void {
  const name = memberOf(call, "name");
  if (typeof name !== "string") return tell("invalid_tool_call", path, "The call must name a function.");
  const tool = tools?.get(name);
  if (tool === undefined)
    tell("unknown_tool", `${path}.name`, `There is no tool ${JSON.stringify(name)} in the row.`);
  checkArguments(memberOf(call, "arguments"), tool, { path: `${path}.arguments`, lenient, tell });
}

function checkArguments(
  given: unknown,
  tool: Tool | undefined,
  { path, lenient, tell }: { readonly path: string } & Omit<Around, "tools">,
): void {
  if (typeof given !== "string" && !(lenient && isObject(given))) return tell("invalid_arguments", path);
  let value = typeof given === "string" ? parseJson(given) : given;
  if (typeof value === "string") {
    const inner = parseJson(value);
    if (isObject(inner)) {
      tell("double_encoded_arguments", path);
      value = inner;
    }
  }
  if (!isObject(value)) return tell("invalid_arguments", path);
  const wrong = mismatch(tool?.check, value);
  if (wrong !== undefined) tell("arguments_mismatch", path, wrong);
}

/** What would take too much work to check is taken as it is. */
function mismatch(check: Check | undefined, value: unknown): string | undefined {
  const verdict = check?.(value);
  switch (verdict?.kind) {
    case "fails":
      return `The arguments do not fit the tool's schema: ${verdict.problem}`;
    case "unusable":
      return `The arguments can't be checked by the tool's schema: ${verdict.problem}`; // a reference that leads nowhere
    case "meets":
    case "unchecked":
    case undefined:
      return undefined;
  }
}
