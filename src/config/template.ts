import { Liquid } from "liquidjs";
import { jsonText } from "../domain/json.ts";
import type { Template } from "../domain/table.ts";
import { estimateTokens } from "../domain/tokens.ts";

const VARIABLES: ReadonlySet<string> = new Set(["query", "metadata"]);

/**
 * Liquid with nothing that reaches outside: own properties only, no files to include, bounded work.
 * A template is text from the configuration; a client's text is only ever a value in it.
 */
const engine = new Liquid({
  ownPropertyOnly: true,
  strictFilters: true,
  dynamicPartials: false,
  parseLimit: 1_000_000,
  renderLimit: 100,
  memoryLimit: 50_000_000,
  templates: {},
});
// There are no other templates, and the names of those tags would be looked up among all objects' members.
for (const tag of ["include", "render", "layout", "block"]) delete engine.tags[tag];
// By chance, so that equal requests would differ, and at a microsecond a letter it ignores the bounds above.
delete engine.filters["sample"];

/** How Liquid tells that a template took longer than it may. */
const TOO_LONG = "template render limit exceeded";

/** Has this text variables or tags? */
export function isTemplate(source: string): boolean {
  return source.includes("{{") || source.includes("{%");
}

/** Does this template use the query? One that can't be parsed does not. */
export function usesQuery(source: string): boolean {
  try {
    return isTemplate(source) && engine.globalVariablesSync(engine.parse(source)).includes("query");
  } catch {
    return false;
  }
}

/**
 * Compiles a template such as `Recipe for: {{ query }}`.
 * @throws Error with a plain message when the syntax is wrong or a variable is unknown
 */
export function compileTemplate(source: string): Template {
  if (!isTemplate(source)) {
    const rendered = { ...jsonText(source), tokens: estimateTokens(source), queries: 0 };
    return { render: () => rendered };
  }
  return aroundQuery(source) ?? liquid(source);
}

/** Text around `{{ query }}` and nothing else, the usual cue: put together without Liquid. */
function aroundQuery(source: string): Template | undefined {
  const texts = source.split(/\{\{ *query *\}\}/);
  if (texts.some((text) => /\{\{|\}\}|\{%|%\}|^\}|\{$/.test(text))) return undefined;
  const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  return {
    render: ({ query }) => ({ ...jsonText(texts.join(query)), tokens, queries: texts.length - 1 }),
  };
}

function liquid(source: string): Template {
  const parsed = engine.parse(source);
  const unknown = engine.globalVariablesSync(parsed).find((name) => !VARIABLES.has(String(name)));
  if (unknown !== undefined) {
    throw new Error(`unknown variable \`${String(unknown)}\`: a template sees \`query\` and \`metadata\``);
  }
  return {
    render: (variables) => {
      const text = String(unhurried(() => engine.renderSync(parsed, { ...variables })));
      // A filter or a branch may leave little of the query, or nothing.
      const queries = variables.query !== "" && text.includes(variables.query) ? 1 : 0;
      const tokens = estimateTokens(text) - queries * estimateTokens(variables.query);
      return { ...jsonText(text), tokens: Math.max(0, tokens), queries };
    },
  };
}

/** The bound on a template's time is met by a pause of the machine too: what took too long is tried once more, and no more. */
function unhurried<T>(render: () => T): T {
  try {
    return render();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(TOO_LONG)) return render();
    throw error;
  }
}
