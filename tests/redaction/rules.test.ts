import { expect, test } from "vitest";
import { PERSONAL_KINDS } from "../../src/domain/redactor.ts";
import { KEY_FORMS } from "../../src/redaction/key-forms.ts";
import { knownSecrets } from "../../src/redaction/known-secrets.ts";
import { NAMED_VALUES } from "../../src/redaction/named-values.ts";
import { personalRules } from "../../src/redaction/personal.ts";
import { REACH } from "../../src/redaction/scanner.ts";

const EMOJI = "\u{1f511}";
const RULES = [
  ...KEY_FORMS,
  ...NAMED_VALUES,
  ...personalRules(PERSONAL_KINDS),
  ...knownSecrets(["k".repeat(1000), "\u0001".repeat(100), EMOJI.repeat(100), "/+&=".repeat(60)]),
];

/** The longest text that an expression looks at; infinite when there is no such limit. */
function longest(source: string): number {
  const sum = [0];
  let best = 0;
  const atoms = [
    ...source.matchAll(/\\u[0-9a-f]{4}|\\.|\[(?:\\.|[^\]])*\]|\(\?<?[:=!]|\(|\)|\||\{[^}]*\}|[*+?]|./gs),
  ];
  const open: { best: number; sum: number }[] = [];
  let last = 0;
  for (const [atom] of atoms) {
    const top = sum.length - 1;
    if (atom.startsWith("(")) {
      open.push({ best, sum: sum[top] ?? 0 });
      best = 0;
      sum[top] = 0;
    } else if (atom === ")") {
      const outer = open.pop() ?? { best: 0, sum: 0 };
      last = Math.max(best, sum[top] ?? 0);
      best = outer.best;
      sum[top] = outer.sum + last;
    } else if (atom === "|") {
      best = Math.max(best, sum[top] ?? 0);
      sum[top] = 0;
    } else if (atom === "*" || atom === "+") return Number.POSITIVE_INFINITY;
    else if (atom.startsWith("{") && atom.length > 1) {
      const most = /,?([0-9]*)\}$/.exec(atom)?.[1];
      sum[top] = (sum[top] ?? 0) + last * ((most === "" ? Number.POSITIVE_INFINITY : Number(most)) - 1);
    } else if (atom !== "?" && atom !== "^" && atom !== "$") {
      last = 1;
      sum[top] = (sum[top] ?? 0) + 1;
    }
  }
  return Math.max(best, sum[0] ?? 0);
}

test("the measure of expressions works", () => {
  expect(longest("ab{2,5}c")).toBe(7);
  expect(longest("(?:ab|c{3})[x*+]{2}\\b")).toBe(6);
  expect(longest("(?:a?[0-9]){3,4}")).toBe(8);
  expect(longest("a+")).toBe(Number.POSITIVE_INFINITY);
  expect(longest("(?:ab){2,}")).toBe(Number.POSITIVE_INFINITY);
});

test.each(RULES)(
  "the rule $kind of $starts looks at a limited text only, so no text can hold it up",
  (rule) => {
    expect(longest(rule.head)).toBeLessThan(REACH);
    expect(longest(rule.starts)).toBeLessThan(REACH);
  },
);

test("no repetition holds another save for a few characters between, so none can go wrong in many ways", () => {
  const nested =
    /\((?:[^()[\]\\]|\\.|\[(?:\\.|[^\]])*\])*(?:[*+]|\{(?!0,2\})[0-9,]+\})[^()]*\)(?:[*+]|\{[0-9]+,[0-9]*\})/;
  expect(nested.test("(?:a{1,5}b){2,9}")).toBe(true);
  expect(nested.test("(?:a+b)+")).toBe(true);
  expect(RULES.filter(({ head }) => nested.test(head)).map(({ head }) => head)).toEqual([]);
  // What ends a finding is one character or a fixed text.
  for (const { until } of RULES) if (until !== undefined) expect(until.source).not.toMatch(/[*+]\)?[*+{]/);
});

test.each(RULES)("the rule $kind of $starts begins with one of its first characters", ({ first, starts }) => {
  const initial = new RegExp(`^[${first}]`);
  const begins = new RegExp(`^(?:${starts})`);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    // A rule that could begin with a character not among its first would be searched for and never tried.
    const rest = starts.replace(/^(?:\(\?<![^)]*\))+/, "");
    const alone = new RegExp(`^(?:${rest})`);
    if (alone.test(character) || begins.test(character)) expect(initial.test(character)).toBe(true);
  }
});
