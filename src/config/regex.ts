import type { ASTNode } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { nodesOf } from "./cel-ast.ts";

/**
 * CEL's `matches` by RE2, whose time grows linearly with the text, as CEL's definition asks for. Node's own
 * regular expressions can take seconds for a short text, and a client chooses the text.
 */
export const LINEAR_MATCHES = "crossoverMatches";

/** Between a call's receiver and the name of its function: closing brackets, a dot, blanks and comments. */
const TO_NAME = /^(?:[\s)]|\/\/[^\n]*\n)*\.(?:\s|\/\/[^\n]*\n)*/;

/** Patterns of conditions, compiled when the configuration loads. */
const patterns = new Map<string, RE2JS>();

export function linearMatches(text: string, pattern: string): boolean {
  const compiled = patterns.get(pattern);
  if (compiled === undefined) throw new RangeError("the pattern was not compiled at load");
  return compiled.test(text);
}

/**
 * The source with every `matches` turned into ours, as CEL's own can't be overridden.
 * @throws Error with a plain message for a pattern that RE2 does not take or that is not written out
 */
export function withLinearMatches(source: string, ast: ASTNode): string {
  const spots: number[] = [];
  for (const node of nodesOf(ast)) {
    if (node.op !== "rcall") continue;
    if (node.args[0] === LINEAR_MATCHES)
      throw new Error(`found no such function: ${LINEAR_MATCHES}. Write matches`);
    if (node.args[0] !== "matches") continue;
    const [, receiver, [pattern]] = node.args;
    if (pattern?.op !== "value" || typeof pattern.args !== "string")
      throw new Error("write the pattern of `matches` out as a text, so that it can be checked now");
    compilePattern(pattern.args);
    const spot = receiver.end + (TO_NAME.exec(source.slice(receiver.end))?.[0].length ?? 0);
    if (!source.startsWith("matches", spot))
      throw new Error("`matches` can't be found in its place: write the condition without comments");
    spots.push(spot);
  }
  return spots
    .toSorted((a, b) => b - a)
    .reduce((text, at) => text.slice(0, at) + LINEAR_MATCHES + text.slice(at + "matches".length), source);
}

/**
 * A search for the leftmost match that is not empty, in linear time.
 * @throws Error with a plain message for a pattern that RE2 does not take
 */
export function linearPattern(
  pattern: string,
): (text: string) => { readonly start: number; readonly end: number } | undefined {
  const compiled = compiledPattern(pattern);
  return (text) => {
    const matcher = compiled.matcher(text);
    return matcher.find() ? { start: matcher.start(), end: matcher.end() } : undefined;
  };
}

function compilePattern(pattern: string): void {
  if (!patterns.has(pattern)) patterns.set(pattern, compiledPattern(pattern));
}

function compiledPattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const what =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "it can't be read";
    throw new Error(
      `the pattern can't be used (RE2 syntax, without look-around and back-references): ${what}`,
    );
  }
}
