import { type Document, isCollection, Lexer, type ParsedNode, visit } from "yaml";
import type { Report } from "./problem.ts";

/** Deepest nesting of a configuration: beyond any need, and far from the end of the stack. */
export const MAX_LEVELS = 100;

export const TOO_DEEP = `the file is nested deeper than ${MAX_LEVELS} levels`;

/** What the lexer puts before the text of a scalar. */
const SCALAR = "\x1f";
/** Marks of the lexer's own, which stand for no text. */
const MARKS: ReadonlySet<string> = new Set([SCALAR, "\x02", "\x18"]);

/**
 * Offset of the bracket that goes too deep; undefined when none does. Looked for before the text is parsed:
 * the parser takes half a minute for fifty thousand brackets.
 */
export function bracketsTooDeep(text: string): number | undefined {
  let depth = 0;
  let offset = 0;
  let before = "";
  for (const token of new Lexer().lex(text)) {
    if (before !== SCALAR && (token === "{" || token === "[") && ++depth > MAX_LEVELS) return offset;
    if (before !== SCALAR && (token === "}" || token === "]")) depth--;
    // A scalar may be a mark's very letter.
    if (before === SCALAR || !MARKS.has(token)) offset += token.length;
    before = before === SCALAR ? "" : token;
  }
  return undefined;
}

/** Reports nesting by indentation that goes too deep, as all that follows walks down the tree. */
export function reportDepth(document: Document.Parsed<ParsedNode>, report: Report): void {
  visit(document, {
    Collection(_key, { range }, ancestors) {
      if (ancestors.filter(isCollection).length < MAX_LEVELS) return undefined;
      report(range?.[0] ?? 0, "", TOO_DEEP);
      return visit.BREAK;
    },
  });
}
