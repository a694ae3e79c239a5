import type { ASTNode } from "@marcbachmann/cel-js";
import { childrenOf, nodesOf } from "./cel-ast.ts";

const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "existsOne", "filter", "map"]);

/** A walk over a list: `LIST.exists(VARIABLE, ...)`. */
interface Walk {
  readonly list: ASTNode;
  readonly variable: string;
  readonly body: readonly ASTNode[];
}

/**
 * Refuses a walk over a client's list for each element of another: thirty thousand messages fit into a body,
 * and their square takes minutes. What belongs to the element, such as `m.content`, may be walked over.
 * @throws Error with a plain message
 */
export function refuseSquares(node: ASTNode, around: readonly string[] = []): void {
  const walk = walkAt(node);
  if (walk === undefined) {
    for (const child of childrenOf(node)) refuseSquares(child, around);
    return;
  }
  const { list, variable, body } = walk;
  const names = idsIn(list);
  const inner = around.at(-1);
  const long = names.has("request") || around.some((name) => names.has(name));
  if (long && inner !== undefined && (names.has("request") || !names.has(inner)))
    throw new Error(
      `\`${inner}\` and \`${variable}\` would walk over the request once for each of its elements, which takes minutes for a large one. Within a walk over \`${inner}\` walk over what belongs to it, such as \`${inner}.content\``,
    );
  refuseSquares(list, around);
  for (const one of body) refuseSquares(one, long ? [...around, variable] : around);
}

function walkAt(node: ASTNode): Walk | undefined {
  if (node.op !== "rcall" || !MACROS.has(node.args[0])) return undefined;
  const [, list, [variable, ...body]] = node.args;
  return variable?.op === "id" ? { list, variable: variable.args, body } : undefined;
}

function idsIn(node: ASTNode): ReadonlySet<string> {
  return new Set([...nodesOf(node)].flatMap(({ op, args }) => (op === "id" ? [args] : [])));
}
