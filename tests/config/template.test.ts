import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { compileTemplate, isTemplate, usesQuery } from "../../src/config/template.ts";
import { estimateTokens } from "../../src/domain/tokens.ts";

function render(source: string, query = "", metadata: Readonly<Record<string, string>> = {}): string {
  return compileTemplate(source).render({ query, metadata }).text;
}

test.each([
  ["Recipe for: {{ query }}", "Recipe for: soup"],
  ["{{query}}{{ query }}", "soupsoup"],
  ["{{ metadata.tone }} {{ metadata['tone'] }}", "kind kind"],
  ["{% if metadata.tone == 'kind' %}Be kind.{% else %}Be plain.{% endif %}", "Be kind."],
  ["{{ query | upcase }}", "SOUP"],
  ["{{ metadata.none }}|{{ metadata.none | default: 'x' }}", "|x"],
  ["{% raw %}{{ query }}{% endraw %}", "{{ query }}"],
  ["{% assign a = query %}{{ a }}", "soup"],
  ["no variables, { braces } and % signs", "no variables, { braces } and % signs"],
  ["", ""],
])("%s renders as %s", (source, text) => {
  expect(render(source, "soup", { tone: "kind" })).toBe(text);
});

test("a pause of the machine in the middle of a template refuses no request", () => {
  const template = compileTemplate("{{ query | upcase }}{% if true %}!{% endif %}");
  const clock = vi.spyOn(performance, "now");
  clock.mockReturnValueOnce(1000).mockReturnValueOnce(1000).mockReturnValueOnce(1200);
  expect(template.render({ query: "soup", metadata: {} }).text).toBe("SOUP!");
  clock.mockRestore();
});

test("a value comes out as it is, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (query, value) => {
      expect(render("<{{ query }}|{{ metadata.a }}>", query, { a: value })).toBe(`<${query}|${value}>`);
    }),
  );
});

test.each([
  "{{ metadata.b }}",
  "{% if true %}x{% endif %}",
  "{% include 'x' %}",
  "{{ query }}",
  "<b>&amp;</b>",
])("a value is never taken for a template: %s", (payload) => {
  expect(render("[{{ query }}][{{ metadata.a }}]", payload, { a: payload, b: "B" })).toBe(
    `[${payload}][${payload}]`,
  );
});

test.each([
  "query.constructor",
  "query.__proto__",
  "metadata.constructor",
  "metadata.__proto__",
  "metadata.toString",
  "metadata.constructor.constructor",
])("nothing inherited is seen: %s", (expression) => {
  expect(render(`[{{ ${expression} }}]`, "q", { a: "b" })).toBe("[]");
});

test.each([
  ["{{ query", "not closed"],
  ["{% if query %}open", "not closed"],
  ["{% nope %}", 'tag "nope" not found'],
  ["{{ query | nope }}", "undefined filter: nope"],
  ["{{ query | sample: 3 }}", "undefined filter: sample"],
  ["{{ }}", "invalid value expression"],
  ["{{ user }}", "unknown variable `user`"],
  ["{{ query }}{{ process.env.HOME }}", "unknown variable `process`"],
  ["{% if admin %}x{% endif %}", "unknown variable `admin`"],
])("%s is refused when the file loads", (source, message) => {
  expect(() => compileTemplate(source)).toThrow(message);
});

test.each([
  "{% include '/etc/passwd' %}",
  "{% include constructor %}",
  "{% render 'package.json' %}",
  "{% render 'toString' %}",
  "{% layout '../crossover.yaml' %}",
  "{% block constructor %}{% endblock %}",
])("no template reaches a file or another template: %s", (source) => {
  expect(() => compileTemplate(source)).toThrow(/^tag "\w+" not found/);
});

test("work without end is stopped", () => {
  const endless = compileTemplate("{% for i in (1..1000000000) %}{{ query }}{% endfor %}");
  expect(() => endless.render({ query: "x", metadata: {} })).toThrow();
});

test.each([
  ["Fixed words", 0],
  ["Recipe for: {{ query }}", 1],
  ["Recipe for: {{query}}. Again: {{  query  }}", 2],
  ["Recipe for: {{ query | strip }}", 1],
  ["{% if query %}Recipe for: {{ query }}{% endif %}", 1],
])("%s: tokens are those of the text without the query, which stands in it %i times", (source, queries) => {
  const query = "a very quick tomato soup";
  const rendered = compileTemplate(source).render({ query, metadata: {} });
  expect(rendered.queries).toBe(queries);
  expect(rendered.tokens).toBe(estimateTokens(rendered.text) - queries * estimateTokens(query));
});

test("text around the query alone comes out as Liquid would write it", () => {
  const text = fc.constantFrom(
    "a",
    " ",
    "{",
    "}",
    "%",
    "\n",
    "{{ query }}",
    "{{query}}",
    "é",
    "$&",
    "|",
    "-",
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.string(), (parts, query) => {
      const source = parts.join("");
      // A filter that changes nothing is for Liquid; what Liquid does not take is no template in either form.
      const byLiquid = (): string =>
        render(source.replaceAll(/\{\{ ?query ?\}\}/g, "{{ query | append: '' }}"), query);
      expect(outcome(() => render(source, query))).toEqual(outcome(byLiquid));
    }),
  );
});

function outcome(run: () => string): string | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

test.each([
  ["{{ query }}", true, true],
  ["{% if query %}x{% endif %}", true, true],
  ["{{ metadata.a }}", true, false],
  ["{{ query", true, false],
  ["query", false, false],
])("%s: has variables or tags %j, uses the query %j", (source, template, query) => {
  expect(isTemplate(source)).toBe(template);
  expect(usesQuery(source)).toBe(query);
});
