import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { RequestView } from "../domain/signals.ts";
import type { Condition, ConditionView, Reference } from "../domain/table.ts";

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
  .registerVariable({ name: "health", type: "map<string, dyn>" });

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
  let program: ReturnType<typeof environment.parse>;
  try {
    program = environment.parse(source);
  } catch (error) {
    throw new Error(summaryOf(error));
  }
  const checked = program.check();
  if (!checked.valid) throw new Error(summaryOf(checked.error));
  if (checked.type !== "bool" && checked.type !== "dyn") {
    throw new Error(`a condition must be true or false, this one gives ${checked.type ?? "nothing"}`);
  }
  const references = collectReferences(program.ast);
  for (const { path } of references) {
    const name = /^headers\.(.+)$/.exec(path)?.[1] ?? "";
    if (name !== name.toLowerCase())
      throw new Error(`header names are in lower case here: write headers["${name.toLowerCase()}"]`);
    if (SECRET_HEADERS.has(name))
      throw new Error(`the header \`${name}\` holds a secret: conditions can't see it`);
  }
  return {
    source,
    references,
    test: (view) => {
      const value: unknown = program({ ...view });
      if (typeof value !== "boolean") throw new Error("it gave neither true nor false");
      return value;
    },
  };
}

/** The headers named by `headers["x-name"]`, `headers.name` or `"x-name" in headers`. */
export function headersIn(references: readonly Reference[]): string[] {
  return references.flatMap(({ path }) => {
    const name = /^headers\.(.+)$/.exec(path)?.[1];
    return name === undefined ? [] : [name];
  });
}

/** CEL's one-line summary of what is wrong, without the drawn caret. */
export function summaryOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "summary" in error) return String(error.summary);
  return error instanceof Error ? error.message : "it can't be evaluated";
}

const ROOTS: ReadonlySet<string> = new Set(["request", "metadata", "headers", "key", "time", "health"]);

function collectReferences(root: ASTNode): Reference[] {
  const found = new Map<string, readonly string[]>();
  visit(root, (path) => found.set(path.join("."), path));
  return [...found].map(([path, segments]) => ({ path, read: (view) => readPath(view, segments) }));
}

/** Variables in which `in` looks for a key. */
const MAPS: ReadonlySet<string> = new Set(["metadata", "headers", "health"]);

/** The chain of names below a variable, such as ["metadata", "tier"]; undefined for anything else. */
function pathOf(node: ASTNode): string[] | undefined {
  switch (node.op) {
    case "id":
      return ROOTS.has(node.args) ? [node.args] : undefined;
    case ".":
    case ".?": {
      const parent = pathOf(node.args[0]);
      return parent && [...parent, node.args[1]];
    }
    case "[]":
    case "[?]": {
      const [container, index] = node.args;
      const parent = pathOf(container);
      return parent && index.op === "value" && typeof index.args !== "object"
        ? [...parent, String(index.args)]
        : undefined;
    }
    case "in": {
      const [name, container] = node.args;
      return container.op === "id" && MAPS.has(container.args) && name.op === "value"
        ? [container.args, String(name.args)]
        : undefined;
    }
    default:
      return undefined;
  }
}

function visit(node: ASTNode, found: (path: readonly string[]) => void): void {
  const path = pathOf(node);
  if (path !== undefined) return found(path);
  for (const child of childrenOf(node.args)) visit(child, found);
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
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
