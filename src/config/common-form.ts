import type { ASTNode } from "@marcbachmann/cel-js";
import { isObject } from "../domain/json.ts";
import type { Anchor, ConditionView, Verdict } from "../domain/table.ts";
import { literalOf, referenceAt } from "./cel-reference.ts";
import { LINEAR_MATCHES, linearMatches } from "./regex.ts";

/**
 * Conditions of the common forms (equality, comparison, membership, contains, and, or, not) as plain
 * functions, so that a table of many rules costs little, and a missing key costs no thrown error. They say
 * just what CEL says, or "unknown" where only CEL knows; the tests hold the two against each other.
 */
export type CommonForm = (view: ConditionView) => Verdict | "unknown";

/** @returns undefined for a condition of another form */
export function commonForm(node: ASTNode): CommonForm | undefined {
  switch (node.op) {
    case "==":
    case "!=":
      return equality(node.op === "==", node.args);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return order(ORDERS[node.op], node.args);
    case "in":
      return membership(node.args);
    case "&&":
    case "||":
      return combined(node.op === "||", node.args);
    case "!_": {
      const inner = commonForm(node.args);
      return inner && ((view) => negated(inner(view)));
    }
    case "rcall":
      return textTest(node.args);
    case "call":
      return node.args[0] === "has" ? presence(node.args[1][0]) : undefined;
    default:
      return truth(node);
  }
}

/** The value of one reference without which the condition is false; undefined when there is none such. */
export function anchorOf(node: ASTNode): Anchor | undefined {
  switch (node.op) {
    case "==":
      return anchorAt(node.args[0], [node.args[1]]) ?? anchorAt(node.args[1], [node.args[0]]);
    case "in":
      return node.args[1].op === "list" ? anchorAt(node.args[0], node.args[1].args) : undefined;
    case "&&": {
      // What is false on the right decides too, unless the left side may be no yes or no at all.
      const [left, right] = node.args;
      const anchor = anchorOf(left) ?? (isQuestion(left) ? anchorOf(right) : undefined);
      return anchor && { ...anchor, whole: false };
    }
    case "||": {
      const [left, right] = [anchorOf(node.args[0]), anchorOf(node.args[1])];
      return left === undefined || right === undefined || left.path !== right.path
        ? undefined
        : { ...left, values: [...left.values, ...right.values], whole: left.whole && right.whole };
    }
    default:
      return undefined;
  }
}

function anchorAt(at: ASTNode, items: readonly ASTNode[]): Anchor | undefined {
  const reference = referenceAt(at);
  const values = items.map(literalOf);
  return reference !== undefined && values.every((value) => typeof value === "string")
    ? { ...reference, values, whole: true }
    : undefined;
}

/** Does this give true or false whenever it gives anything? */
function isQuestion(node: ASTNode): boolean {
  switch (node.op) {
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "in":
      return true;
    case "&&":
      return node.args.every(isQuestion);
    case "call":
      return node.args[0] === "has";
    default:
      return false;
  }
}

/** A test of the value that a node refers to; one that is not there can't be tested. */
function testOf(node: ASTNode, test: (value: unknown) => Verdict | "unknown"): CommonForm | undefined {
  const read = referenceAt(node)?.read;
  return (
    read &&
    ((view) => {
      const value = read(view);
      return value === undefined ? "error" : test(value);
    })
  );
}

function equality(wanted: boolean, [left, right]: readonly [ASTNode, ASTNode]): CommonForm | undefined {
  if (left.op === "value" && right.op !== "value") return equality(wanted, [right, left]);
  const literal = literalOf(right);
  if (literal === undefined) return undefined;
  return testOf(left, (value) => {
    if (isNumber(value) && isNumber(literal)) return (value <= literal && value >= literal) === wanted;
    return typeof value === typeof literal ? (value === literal) === wanted : "unknown";
  });
}

type Order = (value: number | bigint, literal: number | bigint) => boolean;

const ORDERS = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
} as const satisfies Readonly<Record<string, Order>>;

function order(holds: Order, [left, right]: readonly [ASTNode, ASTNode]): CommonForm | undefined {
  const literal = literalOf(right);
  if (!isNumber(literal)) return undefined;
  return testOf(left, (value) => (isNumber(value) ? holds(value, literal) : "unknown"));
}

function membership([item, container]: readonly [ASTNode, ASTNode]): CommonForm | undefined {
  if (container.op === "list") return memberOfList(item, container.args);
  const name = literalOf(item);
  if (typeof name !== "string") return undefined;
  return testOf(container, (value) => {
    if (Array.isArray(value))
      return value.every((one) => typeof one === "string") ? value.includes(name) : "unknown";
    return hasName(value, name);
  });
}

function memberOfList(item: ASTNode, items: readonly ASTNode[]): CommonForm | undefined {
  const literals = items.map(literalOf).filter((literal) => typeof literal === "string");
  if (literals.length < items.length) return undefined;
  return testOf(item, (value) => (typeof value === "string" ? literals.includes(value) : "unknown"));
}

/** In CEL what decides an `and` or an `or` by itself decides it even when the other side fails. */
function combined(decisive: boolean, [left, right]: readonly [ASTNode, ASTNode]): CommonForm | undefined {
  const [first, second] = [commonForm(left), commonForm(right)];
  if (first === undefined || second === undefined) return undefined;
  return (view) => {
    const one = first(view);
    if (one === decisive || one === "unknown") return one;
    const other = second(view);
    if (other === decisive || other === "unknown") return other;
    return one === "error" ? one : other;
  };
}

function negated(verdict: Verdict | "unknown"): Verdict | "unknown" {
  return typeof verdict === "boolean" ? !verdict : verdict;
}

function textTest([name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]]):
  | CommonForm
  | undefined {
  const test = TEXT_TESTS.get(name);
  const literal = args[0] && literalOf(args[0]);
  if (test === undefined || typeof literal !== "string" || args.length > 1) return undefined;
  return testOf(receiver, (value) => (typeof value === "string" ? test(value, literal) : "unknown"));
}

const TEXT_TESTS: ReadonlyMap<string, (text: string, literal: string) => boolean> = new Map([
  ["contains", (text, literal) => text.includes(literal)],
  ["startsWith", (text, literal) => text.startsWith(literal)],
  ["endsWith", (text, literal) => text.endsWith(literal)],
  [LINEAR_MATCHES, linearMatches],
]);

/** `has(metadata.tier)` */
function presence(node: ASTNode | undefined): CommonForm | undefined {
  if (node?.op !== ".") return undefined;
  const [container, name] = node.args;
  return testOf(container, (value) => hasName(value, name));
}

function hasName(value: unknown, name: string): Verdict | "unknown" {
  return isObject(value) ? Object.hasOwn(value, name) : "unknown";
}

/** A reference that is true or false by itself, such as `request.stream`. */
function truth(node: ASTNode): CommonForm | undefined {
  return testOf(node, (value) => (typeof value === "boolean" ? value : "unknown"));
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
