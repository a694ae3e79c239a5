import fc from "fast-check";
import { expect, test } from "vitest";
import { compileTemplate, usesQuery } from "../../src/config/template.ts";
import { anyBytes } from "./bytes.ts";
import { guardPrototype } from "./prototype.ts";
import { runs } from "./runs.ts";

guardPrototype();

const SECRETS = { query: "soup", metadata: { a: "b", tone: "kind" } };

const expression = fc.constantFrom(
  "query",
  "metadata.a",
  "metadata['tone']",
  "query.size",
  "constructor",
  "query.constructor.constructor",
  "metadata.__proto__.x",
  "query | upcase",
  "query | replace: 'o', query | append: query",
  "metadata | json",
  "query | split: '' | join: query",
  "query | times: 1000000",
  "(1..1000000000)",
  "1000000000",
  "'a' | prepend: query | strip_html | escape | url_encode",
  "query | where: '__proto__', 'x'",
  "query | map: 'constructor'",
);
const part = fc.oneof(
  { weight: 3, arbitrary: expression.map((inner) => `{{ ${inner} }}`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          ["{% for i in ", " %}", "{% endfor %}"],
          ["{% if ", " %}", "{% endif %}"],
          ["{% assign __proto__ = ", " %}", ""],
          ["{% assign a = ", " %}", "{{ a }}"],
          ["{% capture constructor %}{{ ", " }}", "{% endcapture %}{{ constructor }}"],
          ["{% tablerow i in ", " %}", "{% endtablerow %}"],
          ["{% include ", " %}", ""],
          ["{% render ", " %}", ""],
          ["{% layout ", " %}", ""],
          ["{% cycle ", " %}", ""],
          ["{% increment __proto__ %}{{ ", " }}", ""],
        ),
        expression,
        expression,
      )
      .map(
        ([[open = "", middle = "", close = ""], one, two]) => `${open}${one}${middle}{{ ${two} }}${close}`,
      ),
  },
  { weight: 1, arbitrary: anyBytes.map((bytes) => bytes.toString()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "{{",
      "}}",
      "{%",
      "%}",
      "{%- raw -%}",
      "{% endraw %}",
      "{# x #}",
      "<%= 1 %>",
      "${query}",
    ),
  },
);

/** Longest time that a template may take, in milliseconds: Liquid's own bound is a tenth of a second. */
const BOUND_MS = 5_000;

test("any template is refused when it loads, or renders or fails within its bounds", () => {
  let rendered = 0;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const source = parts.join("");
      const began = performance.now();
      usesQuery(source);
      let text = "";
      try {
        const template = compileTemplate(source);
        text = template.render(SECRETS).text;
        rendered++;
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(performance.now() - began).toBeLessThan(BOUND_MS);
      expect(text.length).toBeLessThan(60_000_000);
      expect(text).not.toMatch(/function |\[native code\]|process\.|node:internal/);
    }),
    runs(300),
  );
  expect(rendered).toBeGreaterThan(30);
});

/** Values that regular expressions with backtracking take long for. */
const LONG = ["<script", "<", "<!--", " ", "\n", "&", "a", "-", "%", "\r\n", " x"].map((text) =>
  text.repeat(50_000),
);
const FILTERS = [
  "strip_html",
  "strip",
  "lstrip",
  "rstrip",
  "strip_newlines",
  "newline_to_br",
  "escape",
  "escape_once",
  "url_encode",
  "url_decode",
  "truncate: 5",
  "truncatewords: 5",
  "normalize_whitespace",
  "number_of_words",
  "slugify",
  "capitalize",
  "split: ' ' | join: ','",
  "replace: 'a', 'bb'",
  "remove: ' '",
  "cgi_escape",
  "xml_escape",
  "array_to_sentence_string",
  "json",
  "date: '%Y'",
  "times: 2",
  "size",
];

test.each(FILTERS)("a long value keeps no filter busy: %s", (filter) => {
  const template = compileTemplate(`{{ query | ${filter} }}`);
  for (const query of LONG) {
    const began = performance.now();
    try {
      template.render({ query, metadata: {} });
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
    // Quadratic work would take minutes.
    expect(performance.now() - began, query.slice(0, 10)).toBeLessThan(BOUND_MS);
  }
});
