import type { ASTNode } from "@marcbachmann/cel-js";
import { isObject } from "../domain/json.ts";
import type { RequestView } from "../domain/signals.ts";
import type { Reference } from "../domain/table.ts";

export type Literal = string | number | bigint | boolean;

/** A value that a condition looks at, by a short way. */
export type ReadReference = Pick<Reference, "path" | "read">;

type Read = ReadReference["read"];

/** The names below a variable that a node looks up. */
export interface Lookup {
  /** Such as ["metadata", "tier"]. */
  readonly names: readonly string[];
  /** Must each be there, and is each a name: neither optional nor an index? */
  readonly plain: boolean;
}

const VARIABLES: ReadonlySet<string> = new Set(["request", "metadata", "headers", "key", "time", "health"]);

/** What a node such as `metadata.tier`, `headers["x-team"]` or `metadata.?tier` looks up; undefined for anything else. */
export function lookupAt(node: ASTNode): Lookup | undefined {
  switch (node.op) {
    case "id":
      return VARIABLES.has(node.args) ? { names: [node.args], plain: true } : undefined;
    case ".":
    case ".?":
      return below(node.args[0], node.args[1], node.op === ".");
    case "[]":
    case "[?]":
      return below(node.args[0], literalOf(node.args[1]), node.op === "[]");
    default:
      return undefined;
  }
}

function below(container: ASTNode, name: Literal | undefined, mustBeThere: boolean): Lookup | undefined {
  const outer = lookupAt(container);
  if (outer === undefined || name === undefined) return undefined;
  return {
    names: [...outer.names, String(name)],
    plain: outer.plain && mustBeThere && typeof name === "string",
  };
}

/** What a node refers to: `metadata.tier`, or `metadata.?tier.orValue("")`, which is always there. */
export function referenceAt(node: ASTNode): ReadReference | undefined {
  if (node.op === "rcall" && node.args[0] === "orValue") return withDefault(node.args[1], node.args[2]);
  const lookup = lookupAt(node);
  const read = lookup?.plain ? reader(lookup.names) : undefined;
  return read && { path: JSON.stringify(lookup?.names), read };
}

/** The value of a node that is written out; undefined for any other. */
export function literalOf(node: ASTNode): Literal | undefined {
  if (node.op !== "value") return undefined;
  const { args } = node;
  return typeof args === "object" ? undefined : args;
}

/** Variables that are maps of texts, of which a key may be missing. */
const TEXT_MAPS: ReadonlySet<string> = new Set(["metadata", "headers"]);

function withDefault(optional: ASTNode, [value]: readonly ASTNode[]): ReadReference | undefined {
  if (optional.op !== ".?" && optional.op !== "[?]") return undefined;
  const { names = [] } = lookupAt(optional) ?? {};
  const [map = "", , ...further] = names;
  const fallback = value && literalOf(value);
  const read = TEXT_MAPS.has(map) && further.length === 0 ? reader(names) : undefined;
  if (read === undefined || typeof fallback !== "string") return undefined;
  return { path: JSON.stringify([...names, { fallback }]), read: (view) => read(view) ?? fallback };
}

/** Reads a reference: undefined for a key that is not there, as JSON has no such value. */
function reader([root, first, ...further]: readonly string[]): Read | undefined {
  const read = rootReader(root, first);
  return read && further.reduce<Read>((outer, name) => (view) => own(outer(view), name), read);
}

function rootReader(root: string | undefined, name: string | undefined): Read | undefined {
  switch (root) {
    case "request":
      return name === undefined ? undefined : (view) => ofRequest(view.request, name);
    case "metadata":
      return name === undefined ? (view) => view.metadata : (view) => entry(view.metadata, name);
    case "headers":
      return name === undefined ? (view) => view.headers : (view) => entry(view.headers, name);
    case "key":
      return name === undefined ? undefined : (view) => own(view.key, name);
    case "health":
      return name === undefined ? (view) => view.health : (view) => own(view.health, name);
    default:
      return undefined;
  }
}

function ofRequest(request: RequestView, name: string): unknown {
  switch (name) {
    case "messages":
    case "lastUserMessage":
    case "inputTokens":
    case "stream":
    case "tools":
    case "params":
      return request[name];
    default:
      return undefined;
  }
}

function entry(map: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function own(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
