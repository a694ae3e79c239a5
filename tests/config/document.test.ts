import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readDocument } from "../../src/config/document.ts";
import { problemsOf, shownProblems, small, tableOf } from "./tables.ts";

function plainValue(text: string, env: Readonly<Record<string, string>> = {}): unknown {
  const document = readDocument("file.yaml", text, env);
  expect(document.problems).toEqual([]);
  return document.value;
}

test.each([
  ["a: ${A}", { A: "x" }, "x"],
  ["a: before ${A} after ${A}", { A: "x" }, "before x after x"],
  ["a: ${A:-default}", {}, "default"],
  ["a: ${A:-default}", { A: "x" }, "x"],
  ["a: ${A:-default}", { A: "" }, "default"],
  ["a: ${A:-}", {}, ""],
  ["a: ${A}", { A: "" }, ""],
  ["a: '${A:-with spaces: and $ signs}'", {}, "with spaces: and $ signs"],
  ["a: '$${A}'", { A: "x" }, "${A}"],
  ["a: '$${A} ${A}'", { A: "x" }, "${A} x"],
  ["a: '$$${{x}'", {}, "$${{x}"],
  ["a: $A $(A) $${}", {}, "$A $(A) ${}"],
  // What a variable holds is never read again.
  ["a: ${A}", { A: "${B} $${B} $& $1" }, "${B} $${B} $& $1"],
  ["a: ${A}", { A: "x: [1, 2] # no YAML" }, "x: [1, 2] # no YAML"],
  ["a: |\n  line ${A}\n", { A: "one\ntwo" }, "line one\ntwo\n"],
])("%j with %j is %j", (text: string, env: Readonly<Record<string, string>>, value: string) => {
  expect(plainValue(text, env)).toEqual({ a: value });
});

test.each([
  ["${A:-8787}", {}, 8787],
  ["${A}", { A: "8787" }, 8787],
  ["${A}", { A: "0.5" }, 0.5],
  ["${A}", { A: "true" }, true],
  ["${A}", { A: "1.2.3" }, "1.2.3"],
  ['"${A}"', { A: "8787" }, "8787"],
  ["'${A:-true}'", {}, "true"],
  ["${A}", { A: "null" }, "null"],
])(
  "an unquoted value keeps YAML's numbers, a quoted one stays text: %s with %j",
  (text: string, env: Readonly<Record<string, string>>, value: unknown) => {
    expect(plainValue(`a: ${text}`, env)).toEqual({ a: value });
  },
);

test.each([
  "${",
  "${A",
  "${}",
  "${A:?set me}",
  "${A-x}",
  "${a-b}",
  "x ${A} ${A.b}",
  "${A:-${B}}",
  "${B:-${A:-x}}",
])("what looks like a variable but is none is refused: %s", (text) => {
  const [problem, ...others] = readDocument("c.yaml", `a: "${text}"`, { A: "x" }).problems;
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ line: 1, key: "a", message: expect.stringContaining("is no reference") });
});

test.each([
  ["a: {b: 1\nc: ]\nd: }\n", 1],
  ["a: 1\na: 2\nb: 1\nb: 2\n", 2],
  ["a: 1\n---\nb: 2\n", 1],
])("after the first place that is no YAML nothing more is told: %j", (text, count) => {
  expect(readDocument("c.yaml", text, {}).problems).toHaveLength(count);
});

test("a variable without quotes in a flow map is told as such", () => {
  const { problems } = readDocument("c.yaml", "a: { kind: openai, apiKey: ${KEY:-}, b: 1 }\nc: 2\n", {});
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ line: 1, message: expect.stringContaining("in quotes") });
});

test("variables stand in values, lists and depths, never in keys", () => {
  expect(plainValue("${A}: { b: [ '${A}', { c: \"${A}\" } ] }", { A: "x" })).toEqual({
    "${A}": { b: ["x", { c: "x" }] },
  });
});

test("missing variables are told with line and key, all at once", () => {
  const text =
    'server:\n  host: ${HOST_NAME}\nproviders:\n  up:\n    kind: openai-compatible\n    headers: { x-a: 1, x-b: "${TOKEN}" }\ninclude:\n  - a.yaml\n  - ${MORE}\n';
  expect(shownProblems(text)).toEqual([
    "crossover.yaml:2 server.host: the environment has no HOST_NAME. Set it, or give a default: ${HOST_NAME:-default}",
    "crossover.yaml:6 providers.up.headers.x-b: the environment has no TOKEN. Set it, or give a default: ${TOKEN:-default}",
    "crossover.yaml:9 include[1]: the environment has no MORE. Set it, or give a default: ${MORE:-default}",
  ]);
});

test("text without variables is what YAML says it is", () => {
  const value = fc.jsonValue({ maxDepth: 3 }).filter((one) => !JSON.stringify(one).includes("${"));
  fc.assert(
    fc.property(value, (one) => {
      expect(plainValue(JSON.stringify(one))).toEqual(parse(JSON.stringify(one)));
    }),
  );
});

test("garbage gives problems, never another error", () => {
  const piece = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "&a ",
    "*a",
    "!!x ",
    "|",
    "<<: ",
    "${A}",
    "\t",
    "? ",
    "#",
    "%",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
        fc.string({ unit: "binary" }),
      ),
      (text) => {
        expect(() => problemsOf(text)).not.toThrow();
      },
    ),
    { numRuns: 2000 },
  );
});

test("anchors and aliases work", () => {
  const text = "a: &one { b: 1 }\nc: *one\n";
  expect(plainValue(text)).toEqual({ a: { b: 1 }, c: { b: 1 } });
});

test("a bomb of aliases is a problem, not a crash or a hang", () => {
  const levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [index, name] of [..."bcdefghij"].entries()) {
    levels.push(`${name}: &${name} [${new Array(10).fill(`*${"abcdefghij"[index]}`).join(", ")}]`);
  }
  expect(shownProblems(levels.join("\n"))).toEqual([
    expect.stringMatching(/^crossover\.yaml:1 : Excessive alias count/),
  ]);
});

test.each([
  [
    "an alias without anchor",
    "a:\n  b: *nope",
    "crossover.yaml:2 a.b: there is no anchor &nope before this alias",
  ],
  [
    "an alias before its anchor",
    "a: *x\nb: &x 1",
    "crossover.yaml:1 a: there is no anchor &x before this alias",
  ],
  [
    "an alias in its own anchor",
    "a: &x\n  b: [1, *x]",
    "crossover.yaml:2 a.b[1]: the alias *x stands inside its own anchor",
  ],
])("%s is a problem at its place", (_what, text, problem) => {
  expect(shownProblems(text)).toEqual([problem]);
});

/** A good configuration with a member of a request's as deep as wanted, of lists or maps, by brackets or indentation. */
const nested = (levels: number, open: string, close: string): string =>
  JSON.stringify(small({ variants: { a: { model: "base", params: { x: "@" } } } })).replace(
    '"@"',
    // The member stands on level 5.
    `${open.repeat(levels - 4)}1${close.repeat(levels - 4)}`,
  );
const indented = (levels: number): string =>
  `a: 1\nb:\n${Array.from({ length: levels - 1 }, (_, level) => `${" ".repeat(level + 1)}c:`).join("\n")} 1`;

test.each([
  ["[", "]"],
  ["{a: ", "}"],
])("nesting by %j ends at 100 levels, with its place", (open, close) => {
  expect(problemsOf(nested(100, open, close))).toEqual([]);
  expect(shownProblems(nested(101, open, close))).toEqual([
    "crossover.yaml:1 : the file is nested deeper than 100 levels",
  ]);
});

test("nesting by indentation ends at 100 levels, with its place", () => {
  expect(shownProblems(indented(100)).join()).toContain("unknown key `a`");
  expect(shownProblems(indented(101))).toEqual([
    "crossover.yaml:102 : the file is nested deeper than 100 levels",
  ]);
});

test("brackets in texts are no nesting", () => {
  const text = "[".repeat(500) + "{ ".repeat(500);
  for (const system of [`|\n      ${text}\n`, `'${text}'\n`, `"${text}"\n`, `a ${"[".repeat(500)}\n`])
    expect(problemsOf(`prompts:\n  p:\n    system: ${system}`)).toEqual([]);
});

test.each([
  ["open lists", "[".repeat(500_000)],
  ["lists", `${"[".repeat(500_000)}${"]".repeat(500_000)}`],
  ["maps", `${"{a: ".repeat(500_000)}1${"}".repeat(500_000)}`],
  ["lists by dashes", `\n  ${"- ".repeat(20_000)}x`],
])("nesting without end is a problem, not a crash and not a hang: %s", (_what, text) => {
  const began = performance.now();
  const problems = problemsOf(`a: ${text}`);
  expect(problems.map(({ message }) => message)).toEqual(["the file is nested deeper than 100 levels"]);
  // The parser alone would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
});

test("of thousands of problems the first hundred are told", () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}: 1`).join("\n");
  expect(problemsOf(keys)).toHaveLength(100);
  expect(problemsOf(keys.replaceAll(": 1", ": ${NONE}"))).toHaveLength(100);
});

test("__proto__ is no name by way of an alias either", () => {
  expect(shownProblems("$schema: &name __proto__\nroutes: { *name : { default: a } }")).toEqual([
    "crossover.yaml:2 : `__proto__` can't be a name",
  ]);
});

test.each([
  ["an open quote", 'a: "sk-literal-secret-1', 1],
  ["an open bracket", "a: [1, 2", 1],
  ["a tab for indentation", "a:\n\tb: 1", 2],
  ["two documents", "a: 1\n---\nb: 2", 2],
  ["a key that stands twice", "a: 1\nb: 2\na: 3", 3],
])("%s is told with its line, and the text is not shown", (_what, text, line) => {
  const problems = problemsOf(text);
  expect(problems.map((problem) => problem.line)).toContain(line);
  expect(JSON.stringify(problems)).not.toContain("sk-literal-secret-1");
});

test("secrets from the environment stand in no message", () => {
  const SECRET = "5ecret-5ecret-5ecret";
  const broken: readonly Record<string, unknown>[] = [
    { providers: { sim: { kind: "openai", apiKey: "${SECRET}", baseURL: "${SECRET}" } } },
    {
      providers: {
        sim: { kind: "openai-compatible", baseURL: "${SECRET}", headers: { "x a": "${SECRET}" } },
      },
    },
    {
      providers: {
        sim: { kind: "openai-compatible", baseURL: "http://x/v1", headers: { "x a": "${SECRET}" } },
      },
    },
    { providers: { sim: { kind: "azure-openai", endpoint: "${SECRET}", apiKey: "${SECRET}" } } },
    {
      providers: {
        sim: { kind: "azure-openai", endpoint: "http://x", apiKey: "${SECRET}", entraToken: "${SECRET}" },
      },
    },
    { providers: { sim: { kind: "huggingface", apiKey: "${SECRET}", baseURL: "${SECRET}" } } },
    { providers: { sim: { kind: "openai", apiKey: ["${SECRET}"] } } },
    { keys: { app: { sha256: "${SECRET}" } } },
    { keys: { app: { secret: "${SECRET}", sha256: "a".repeat(64) } } },
    { server: { adminToken: ["${SECRET}"], port: "${SECRET}" } },
  ];
  for (const part of broken) {
    const problems = problemsOf(small(part), { env: { SECRET } });
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain("5ecret");
  }
});

test("the version tells configurations apart, whatever their layout and comments", () => {
  const version = (config: unknown, env = {}) => tableOf(config, { env }).version;
  const text = "providers: { sim: { kind: simulator } }\n";
  expect(version(text)).toBe(version("# comment\nproviders:\n  sim:\n    kind: 'simulator'\n"));
  expect(version(text)).not.toBe(version("providers: { sim: { kind: simulator, seed: 1 } }\n"));
  const keyed = small({ providers: { sim: { kind: "openai", apiKey: "${KEY}" } } });
  expect(version(keyed, { KEY: "one" })).not.toBe(version(keyed, { KEY: "two" }));
});
