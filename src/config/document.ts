import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parse,
  parseDocument,
  visit,
} from "yaml";
import { bracketsTooDeep, reportDepth, TOO_DEEP } from "./nesting.ts";
import { type ConfigPath, formatPath, MAX_PROBLEMS, type Problem, type Report } from "./problem.ts";

/** A YAML file, read and interpolated, that still knows where each key stands. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** A problem at the key nearest to `path`. */
  problemAt(path: ConfigPath, message: string): Problem;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads YAML text. Problems are collected, not thrown, so that all can be shown at once. */
export function readDocument(file: string, text: string, env: Environment): SourceDocument {
  const lines = new LineCounter();
  const tooDeep = bracketsTooDeep(text);
  const document = parseDocument(tooDeep === undefined ? text : text.slice(0, tooDeep), {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
    // Looked for below: the parser compares each key of a map with all others.
    uniqueKeys: false,
  });
  const problems: Problem[] = [];
  const problem = (offset: number, key: string, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), key, message };
  };
  const report: Report = (offset, key, message) => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem(offset, key, message));
  };
  if (tooDeep !== undefined) report(tooDeep, "", TOO_DEEP);
  else reportSyntax(document, text, report);
  if (problems.length === 0) reportDepth(document, report);
  const targets: Targets = problems.length === 0 ? resolveAliases(document, report) : new Map();
  if (problems.length === 0) checkKeys(document, targets, report);
  if (problems.length === 0) interpolate(document, env, report);
  return {
    file,
    value: problems.length === 0 ? plainValue(document, report) : undefined,
    problems,
    problemAt: (path, message) => problem(offsetOf(document, path), formatPath(path), message),
  };
}

/** What is no YAML. After the first such place the parser has lost its way, and says more than is wrong. */
function reportSyntax({ errors }: Document.Parsed<ParsedNode>, text: string, report: Report): void {
  for (const { code, message, pos } of errors.slice(0, 1))
    report(pos[0], "", syntaxWords(code, message, text, pos[0]));
}

function syntaxWords(code: string, message: string, text: string, start: number): string {
  switch (code) {
    case "RESOURCE_EXHAUSTION":
      return TOO_DEEP;
    case "MULTIPLE_DOCS":
      return "the file has more than one document. Keep one, without `---` between";
  }
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1).split("\n", 1)[0] ?? "";
  const unquoted = /[{[,].*:\s*\$\{/.test(line);
  return unquoted ? `${message}. Put \`\${...}\` in quotes where it stands within { } or [ ]` : message;
}

/** The document's plain value. Aliases that would blow it up are a problem of the whole file. */
function plainValue(document: Document.Parsed<ParsedNode>, report: Report): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    report(0, "", error instanceof Error ? error.message : "the aliases can't be resolved");
    return undefined;
  }
}

type Targets = ReadonlyMap<Alias, Node>;

/**
 * Reports an alias without its anchor, or one that stands inside its own anchor and so never ends.
 * @returns what each alias stands for; `resolve` of the library would go through the file for each
 */
function resolveAliases(document: Document.Parsed<ParsedNode>, report: Report): Targets {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(key, node, ancestors) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      const at = (message: string): void =>
        report(node.range?.[0] ?? 0, formatPath(pathTo(ancestors, key)), message);
      if (target === undefined) at(`there is no anchor &${node.source} before this alias`);
      else if (ancestors.includes(target)) at(`the alias *${node.source} stands inside its own anchor`);
      else targets.set(node, target);
    },
  });
  return targets;
}

/** The path of the value that `visit` is at, from its ancestors and its key in the last of them. */
function pathTo(ancestors: readonly unknown[], key: unknown): ConfigPath {
  return [...ancestors, undefined].flatMap<string | number>((one, index) => {
    if (isPair(one)) return [isScalar(one.key) ? String(one.key.value) : "?"];
    if (!isSeq(one)) return [];
    const next = ancestors[index + 1];
    return [next === undefined ? Number(key) : one.items.indexOf(next)];
  });
}

/** A key that stands twice, or a name that JavaScript gives a meaning of its own. */
function checkKeys(document: Document.Parsed<ParsedNode>, targets: Targets, report: Report): void {
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isAlias(key) ? targets.get(key) : key;
        if (!isNode(key) || !isScalar(name)) continue;
        const at = (message: string): void => report(key.range?.[0] ?? 0, "", message);
        if (name.value === "__proto__") at("`__proto__` can't be a name");
        else if (seen.has(name.value)) at(`the key \`${String(name.value)}\` stands twice`);
        seen.add(name.value);
      }
    },
  });
}

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{)[^}])*))?\}/g;

/** Puts the environment's values in place of `${NAME}` and `${NAME:-default}`; `$${` stands for `${`. */
function interpolate(document: Document.Parsed<ParsedNode>, env: Environment, report: Report): void {
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      const at = (message: string): void =>
        report(node.range?.[0] ?? 0, formatPath(pathTo(ancestors, key)), message);
      const parts = node.value.split("$${");
      const odd = parts.map((part) => /\$\{[^}]*\}?/.exec(part.replace(REFERENCE, " "))?.[0]).find(Boolean);
      if (odd !== undefined)
        return at(
          `\`${odd.slice(0, 64)}\` is no reference. Write \${NAME} or \${NAME:-default}; $\${ stands for \${`,
        );
      const text = parts
        .map((part) =>
          part.replace(REFERENCE, (_, variable: string, fallback: string | undefined) => {
            const value = env[variable];
            if (value !== undefined && (value !== "" || fallback === undefined)) return value;
            if (fallback === undefined)
              at(`the environment has no ${variable}. Set it, or give a default: \${${variable}:-default}`);
            return fallback ?? "";
          }),
        )
        .join("${");
      // An unquoted value keeps YAML's types: port: ${PORT:-8787} is a number.
      node.value = node.type === "PLAIN" && /^[\d.]+$|^(true|false)$/.test(text) ? parse(text) : text;
    },
  });
}

/** Offset of the node at `path`, or of the nearest one above it that exists. */
function offsetOf(document: Document.Parsed<ParsedNode>, path: ConfigPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(name));
      if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "range" in value;
}
