import type { ASTNode } from "@marcbachmann/cel-js";
import { isObject } from "../domain/json.ts";
import type { RequestView } from "../domain/signals.ts";
import type { ConditionView } from "../domain/table.ts";

export type Literal = string | number | bigint | boolean;

/** A value that a condition looks at. */
export interface ReadReference {
  /** Tells one reference from another. */
  readonly path: string;
  /** @returns undefined for a key that is not there, as JSON has no such value */
  readonly read: (view: ConditionView) => unknown;
}

type Read = ReadReference["read"];

/** What a node refers to: `metadata.tier`, or `metadata.?tier.orValue("")`, which is always there. */
export function referenceAt(node: ASTNode): ReadReference | undefined {
  if (node.op === "rcall" && node.args[0] === "orValue") return withDefault(node.args[1], node.args[2]);
  const segments = segmentsOf(node);
  const read = segments && reader(segments);
  return read && { path: JSON.stringify(segments), read };
}

/** The value of a node that is written out; undefined for any other. */
export function literalOf(node: ASTNode): Literal | undefined {
  if (node.op !== "value") return undefined;
  const { args } = node;
  return typeof args === "object" ? undefined : args;
}

/** Variables that are maps, of which a key may be missing. */
const MAPS: ReadonlySet<string> = new Set(["metadata", "headers"]);

function withDefault(optional: ASTNode, [value]: readonly ASTNode[]): ReadReference | undefined {
  if (optional.op !== ".?" && optional.op !== "[?]") return undefined;
  const [map, key] = optional.args;
  const name = typeof key === "string" ? key : literalOf(key);
  const fallback = value && literalOf(value);
  if (map.op !== "id" || !MAPS.has(map.args) || typeof name !== "string" || typeof fallback !== "string")
    return undefined;
  const read = reader([map.args, name]);
  return (
    read && { path: JSON.stringify([map.args, name, { fallback }]), read: (view) => read(view) ?? fallback }
  );
}

/** The names of a reference such as `metadata.tier` or `headers["x-team"]`. */
function segmentsOf(node: ASTNode): readonly string[] | undefined {
  switch (node.op) {
    case "id":
      return [node.args];
    case ".": {
      const parent = segmentsOf(node.args[0]);
      return parent && [...parent, node.args[1]];
    }
    case "[]": {
      const parent = segmentsOf(node.args[0]);
      const name = literalOf(node.args[1]);
      return parent && typeof name === "string" ? [...parent, name] : undefined;
    }
    default:
      return undefined;
  }
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
