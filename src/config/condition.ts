import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { RequestView } from "../domain/signals.ts";
import type { Condition, ConditionView, Reference, Verdict } from "../domain/table.ts";
import { childrenOf } from "./cel-ast.ts";
import { refuseSquares } from "./cel-macros.ts";
import { lookupAt } from "./cel-reference.ts";
import { anchorOf, commonForm } from "./common-form.ts";
import { LINEAR_MATCHES, linearMatches, withLinearMatches } from "./regex.ts";

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 50 },
})
  .registerType("Request", {
    ctor: RequestView,
    fields: {
      messages: "list<dyn>",
      lastUserMessage: "string",
      inputTokens: "int",
      stream: "bool",
      tools: "list<string>",
      params: "map<string, dyn>",
    },
  })
  .registerVariable("request", "Request")
  .registerVariable("metadata", "map<string, string>")
  .registerVariable("headers", "map<string, string>")
  .registerVariable({ name: "key", schema: { name: "string", tags: "list<string>" } })
  .registerVariable("time", "google.protobuf.Timestamp")
  .registerVariable({ name: "health", type: "map<string, dyn>" })
  .registerFunction(`string.${LINEAR_MATCHES}(string): bool`, linearMatches);

/** Headers that hold secrets: no condition may see them, as a trace would show them. */
export const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "api-key",
  "x-api-key",
]);

/**
 * Compiles a CEL condition and checks its types.
 * @throws Error with a plain message, when it does not parse, does not type-check or is no yes/no question
 */
export function compileCondition(source: string): Condition {
  const written = parse(source);
  const checked = written.check();
  if (!checked.valid) throw new Error(summaryOf(checked.error));
  if (checked.type !== "bool" && checked.type !== "dyn") {
    throw new Error(`a condition must be true or false, this one gives ${checked.type ?? "nothing"}`);
  }
  refuseSquares(written.ast);
  const references = collectReferences(written.ast);
  for (const { segments } of references) if (segments[0] === "headers") checkHeader(segments[1]);
  const program = linear(source, written);
  const common = commonForm(program.ast);
  return {
    source,
    references,
    anchor: anchorOf(program.ast),
    test: (view) => {
      const value = evaluate(program, view);
      if (typeof value !== "boolean") throw new Error("it gave neither true nor false");
      return value;
    },
    verdict: (view) => {
      const verdict = common?.(view) ?? "unknown";
      return verdict === "unknown" ? verdictOf(program, view) : verdict;
    },
  };
}

/** Most of what a failing condition costs is the stack of an error that nobody reads. */
function verdictOf(program: Program, view: ConditionView): Verdict {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const value: unknown = program(view);
    return typeof value === "boolean" ? value : "error";
  } catch {
    return "error";
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

type Program = ReturnType<typeof environment.parse>;

function parse(source: string): Program {
  try {
    return environment.parse(source);
  } catch (error) {
    throw new Error(summaryOf(error));
  }
}

/** The program with `matches` in linear time; the same one when it has none. */
function linear(source: string, written: Program): Program {
  const rewritten = withLinearMatches(source, written.ast);
  if (rewritten === source) return written;
  const program = parse(rewritten);
  const checked = program.check();
  if (!checked.valid) throw new Error(summaryOf(checked.error));
  return program;
}

function evaluate(program: Program, view: ConditionView): unknown {
  try {
    return program(view);
  } catch (error) {
    throw new Error(summaryOf(error));
  }
}

/** Only headers that are named in a condition are there when it is evaluated. */
function checkHeader(name: string | undefined): void {
  if (name === undefined) throw new Error('name the header as a text, such as headers["x-team"]');
  if (name !== name.toLowerCase())
    throw new Error(`header names are in lower case here: write headers["${name.toLowerCase()}"]`);
  if (SECRET_HEADERS.has(name))
    throw new Error(`the header \`${name}\` holds a secret: conditions can't see it`);
}

/** The names that conditions look up in a variable: by `headers["x-name"]`, `headers.name` or `"x-name" in headers`. */
export function namesIn(variable: "headers" | "health", references: readonly Reference[]): string[] {
  return references.flatMap(({ segments: [root, name] }) =>
    root === variable && name !== undefined ? [name] : [],
  );
}

/** CEL's one-line summary of what is wrong, without the drawn caret. */
function summaryOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "summary" in error)
    return String(error.summary).replaceAll(LINEAR_MATCHES, "matches");
  return error instanceof Error ? error.message : "it can't be evaluated";
}

function collectReferences(root: ASTNode): Reference[] {
  const found = new Map<string, readonly string[]>();
  visit(root, (path) => found.set(path.join("."), path));
  return [...found].map(([path, segments]) => ({
    path,
    segments,
    read: (view) => readPath(view, segments),
  }));
}

/** Variables in which `in` looks for a key. */
const MAPS: ReadonlySet<string> = new Set(["metadata", "headers", "health"]);

/** The names that a node looks up below a variable, also by `"tier" in metadata`; undefined for anything else. */
function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op !== "in") return lookupAt(node)?.names;
  const [name, container] = node.args;
  return container.op === "id" && MAPS.has(container.args) && name.op === "value"
    ? [container.args, String(name.args)]
    : undefined;
}

function visit(node: ASTNode, found: (path: readonly string[]) => void): void {
  const path = pathOf(node);
  if (path !== undefined) return found(path);
  for (const child of childrenOf(node)) visit(child, found);
}

function readPath(view: ConditionView, segments: readonly string[]): unknown {
  let value: unknown = view;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null) return undefined;
    // Own properties only, except for the view's getters.
    value =
      value instanceof RequestView || Object.hasOwn(value, segment) ? Reflect.get(value, segment) : undefined;
  }
  return value;
}
