import { expect, test } from "vitest";
import { formatProblem } from "../../src/config/problem.ts";
import { problemsOf, shownProblems, small, tableOf } from "./tables.ts";

/** A configuration that is good, line by line; a test changes some of it. */
const LINES = `server: { port: 8787 }
providers:
  up: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1" }
models:
  base: { provider: up, model: m }
prompts:
  helper: { system: You are a helper. }
variants:
  prompted: { model: base, prompt: helper }
  tuned: { model: base, fallback: [prompted] }
rollouts:
  move: { control: prompted, candidate: tuned, stages: [1, 100] }
routes:
  recipes:
    rules:
      - { name: vip, when: 'metadata.tier == "vip"', use: prompted }
      - { name: rest, use: { split: { prompted: 9, tuned: 1 }, stickyBy: user } }
keys:
  app: { secret: 0123456789abcdef, routes: [recipes] }
`;

/** The configuration with one text in place of another. */
function changed(from: string, to: string): string {
  const text = LINES.replace(from, to);
  if (text === LINES) throw new Error(`the configuration has no ${from}`);
  return text;
}

test("the configuration that the tests break is good", () => {
  expect(problemsOf(LINES)).toEqual([]);
});

test.each(["abc", "1.5", "65536", "-1"])("PORT=%s is refused", (PORT) => {
  expect(shownProblems(LINES, { env: { PORT } })).toEqual([
    "crossover.yaml:1 server.port: the environment's PORT is no number from 0 to 65535",
  ]);
});

test.each(["secret\n", "sécret"])("a key that no header can carry is refused, and not shown", (KEY) => {
  const config = changed('/v1"', '/v1", apiKey: "${KEY}"');
  expect(shownProblems(config, { env: { KEY } })).toEqual([
    "crossover.yaml:3 providers.up: the header `authorization` would get characters that no header may have: is there a line feed in the key?",
  ]);
});

test.each([
  ["unknown key", "port: 8787", "prt: 8787", "1 server.prt: unknown key `prt`"],
  ["unknown section", "keys:", "keyz:", "18 keyz: unknown key `keyz`"],
  [
    "wrong type",
    "port: 8787",
    "port: [1]",
    "1 server.port: expected number, received list, or expected string, received list",
  ],
  [
    "wrong type of a section",
    "providers:\n",
    "providers: 3\nx:\n",
    "2 providers: expected map, received number",
  ],
  [
    "missing key",
    "{ provider: up, model: m }",
    "{ provider: up }",
    "5 models.base.model: this key is missing",
  ],
  [
    "missing use",
    "name: vip, when: 'metadata.tier == \"vip\"', use: prompted",
    "name: vip",
    "16 routes.recipes.rules[0].use: this key is missing",
  ],
  [
    "unknown provider",
    "provider: up",
    "provider: down",
    "5 models.base.provider: there is no provider `down` (defined: up)",
  ],
  [
    "unknown model",
    "tuned: { model: base",
    "tuned: { model: bass",
    "10 variants.tuned.model: there is no model `bass` (defined: base)",
  ],
  [
    "unknown prompt",
    "prompt: helper",
    "prompt: halper",
    "9 variants.prompted.prompt: there is no prompt `halper` (defined: helper)",
  ],
  [
    "unknown fallback",
    "fallback: [prompted]",
    "fallback: [x]",
    "10 variants.tuned.fallback[0]: there is no variant `x` (defined: prompted, tuned)",
  ],
  [
    "itself as fallback",
    "fallback: [prompted]",
    "fallback: [tuned]",
    "10 variants.tuned.fallback[0]: a variant can't fall back to itself",
  ],
  [
    "unknown control",
    "control: prompted",
    "control: x",
    "12 rollouts.move.control: there is no variant `x` (defined: prompted, tuned)",
  ],
  [
    "unknown candidate",
    "candidate: tuned",
    "candidate: x",
    "12 rollouts.move.candidate: there is no variant `x` (defined: prompted, tuned)",
  ],
  [
    "unknown variant",
    "use: prompted",
    "use: x",
    "16 routes.recipes.rules[0].use: there is no variant `x` (defined: prompted, tuned)",
  ],
  [
    "unknown variant in a split",
    "prompted: 9",
    "x: 9",
    "17 routes.recipes.rules[1].use.split.x: there is no variant `x` (defined: prompted, tuned)",
  ],
  [
    "unknown rollout",
    "use: prompted",
    "use: { rollout: x }",
    "16 routes.recipes.rules[0].use.rollout: there is no rollout `x` (defined: move)",
  ],
  [
    "unknown route of a key",
    "routes: [recipes]",
    "routes: [x]",
    "19 keys.app.routes[0]: there is no route `x` (defined: recipes)",
  ],
  [
    "bad syntax of a condition",
    "'metadata.tier == \"vip\"'",
    "'metadata.tier =='",
    "16 routes.recipes.rules[0].when: Unexpected token: EOF",
  ],
  [
    "bad types in a condition",
    '== "vip"',
    "== 3",
    "16 routes.recipes.rules[0].when: no such overload: string == int",
  ],
  [
    "unknown variable in a condition",
    "metadata.tier",
    "meta.tier",
    "16 routes.recipes.rules[0].when: Unknown variable: meta",
  ],
  [
    "a condition that is no question",
    'metadata.tier == "vip"',
    "metadata.tier",
    "16 routes.recipes.rules[0].when: a condition must be true or false, this one gives string",
  ],
  [
    "unknown variable of a template",
    "You are a helper.",
    "'{{ name }}'",
    "7 prompts.helper.system: unknown variable `name`: a template sees `query` and `metadata`",
  ],
  [
    "unclosed template",
    "You are a helper.",
    "'{{ query'",
    '7 prompts.helper.system: output "{{ query" not closed, line:1, col:1',
  ],
  [
    "empty prompt",
    "{ system: You are a helper. }",
    "{ merge: append }",
    "7 prompts.helper: a prompt needs `system`, `examples` or `cue`",
  ],
  [
    "a cue without the query",
    "system: You are a helper.",
    "cue: Answer.",
    "7 prompts.helper.cue: a cue needs `{{ query }}`: without it the user's text would be lost",
  ],
  [
    "duplicate names of rules",
    "name: rest",
    "name: vip",
    "17 routes.recipes.rules[1].name: another rule of this route is named `vip`",
  ],
  [
    "unreachable rules",
    ", when: 'metadata.tier == \"vip\"'",
    "",
    "16 routes.recipes.rules[0]: a rule without `when` always matches: what comes after it is never reached",
  ],
  [
    "missing last rule",
    "name: rest,",
    "name: rest, when: request.stream,",
    "14 routes.recipes: the last rule needs to match always: leave out its `when`, or give the route a `default`",
  ],
  [
    "weights of nothing",
    "prompted: 9, tuned: 1",
    "prompted: 0, tuned: 0",
    "17 routes.recipes.rules[1].use.split: the weights add up to nothing",
  ],
  [
    "a split of nothing",
    "prompted: 9, tuned: 1",
    "",
    "17 routes.recipes.rules[1].use.split: the weights add up to nothing",
  ],
  [
    "negative weights",
    "prompted: 9",
    "prompted: -9",
    "17 routes.recipes.rules[1].use.split.prompted: Too small: expected number to be >=0",
  ],
  [
    "infinite weights",
    "prompted: 9",
    "prompted: .inf",
    "17 routes.recipes.rules[1].use.split.prompted: expected number, received Infinity",
  ],
  [
    "a secret header as sticky key",
    "stickyBy: user",
    "stickyBy: header.Authorization",
    "17 routes.recipes.rules[1].use.stickyBy: the header `authorization` holds a secret: a decision would show it",
  ],
  [
    "unknown sticky key",
    "stickyBy: user",
    "stickyBy: cookie",
    "17 routes.recipes.rules[1].use.stickyBy: sticky by `user`, `metadata.NAME` or `header.NAME`",
  ],
  [
    "reserved params",
    "tuned: { model: base,",
    "tuned: { model: base, params: { stream: true },",
    "10 variants.tuned.params.stream: this member is for the client or the gateway to set",
  ],
  [
    "a stage that is not there",
    "stages: [1, 100]",
    "stages: [1, 100], stage: 2",
    "12 rollouts.move.stage: there are only 2 stages, counted from 0",
  ],
  [
    "a percentage beyond 100",
    "stages: [1, 100]",
    "stages: [1, 5, 5]",
    "12 rollouts.move.stages[2]: each stage needs a larger percentage than the one before",
  ],
  [
    "a percentage above all",
    "stages: [1, 100]",
    "stages: [1, 101]",
    "12 rollouts.move.stages[1]: Too big: expected number to be <=100",
  ],
  [
    "a bad name",
    "  recipes:\n",
    "  ré cipes:\n",
    "14 routes.ré cipes: a name has 1 to 64 letters, digits or . _ : / -, and begins with a letter or digit",
  ],
  [
    "an unknown kind of provider",
    "kind: openai-compatible",
    "kind: bedrock",
    "3 providers.up.kind: expected one of the kinds openai, azure-openai, huggingface, openai-compatible, simulator",
  ],
  ["a bad address", "http://127.0.0.1:1/v1", "127.0.0.1", "3 providers.up.baseURL: Invalid URL"],
  [
    "a variant that no condition can know",
    'metadata.tier == "vip"',
    "!health.tuend.ok",
    "16 routes.recipes.rules[0].when: there is no variant `tuend` (defined: prompted, tuned)",
  ],
  [
    "a pattern that could hold up all requests",
    'metadata.tier == "vip"',
    'request.lastUserMessage.matches("(?=a)")',
    "16 routes.recipes.rules[0].when: the pattern can't be used (RE2 syntax, without look-around and back-references): invalid or unsupported Perl syntax: `(?=`",
  ],
  [
    "weights beyond counting",
    "prompted: 9",
    "prompted: 1e308",
    "17 routes.recipes.rules[1].use.split.prompted: Too big: expected number to be <=1000000000",
  ],
  [
    "a fallback twice",
    "[prompted]",
    "[prompted, prompted]",
    "10 variants.tuned.fallback[1]: it stands in the list before",
  ],
  ["JavaScript's own name", "  recipes:\n", "  __proto__:\n", "14 : `__proto__` can't be a name"],
  ["a short key", "0123456789abcdef", "short", "19 keys.app.secret: a key needs at least 16 characters"],
  ["a key without secret", "secret: 0123456789abcdef, ", "", "19 keys.app: give either `secret` or `sha256`"],
  [
    "a key that stands twice in YAML",
    "server: {",
    "routes: {}\nserver: {",
    "14 : the key `routes` stands twice",
  ],
])("%s: file, line and key are named", (_what, from, to, problem) => {
  const shown = shownProblems(changed(from, to));
  expect(shown).toContain(`crossover.yaml:${problem}`);
});

test.each([
  ["a wrong type", "port: 8787", "port: true", "server.port: expected number, received boolean, or"],
  ["nothing", "port: 8787", "port:", "server.port: expected number, received null, or"],
  ["a text", "port: 8787", "port: http", "server.port: expected a number"],
  ["a number too high", "port: 8787", "port: 65536", "server.port: Too big: expected number to be <=65535"],
  ["a text too high", "port: 8787", "port: '65536'", "server.port: Too big: expected number to be <=65535"],
  [
    "a list as use",
    "use: prompted",
    "use: [a]",
    "rules[0].use: expected string, received list, or expected map",
  ],
  ["a bad name as use", "use: prompted", "use: a b", "rules[0].use: a name has 1 to 64 letters"],
  ["an unknown key in use", "use: prompted", "use: { splt: {} }", "rules[0].use.splt: unknown key `splt`"],
])("what may be one thing or another is explained: %s", (_what, from, to, problem) => {
  expect(shownProblems(changed(from, to)).join("\n")).toContain(problem);
});

test("a port may be a text of digits, as a quoted variable gives it", () => {
  expect(tableOf(small({ server: { port: "1234" } })).server.port).toBe(1234);
});

test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
  "no name resolves to something inherited: %s",
  (name) => {
    for (const [from, to] of [
      ["provider: up", `provider: ${name}`],
      ["tuned: { model: base", `tuned: { model: ${name}`],
      ["prompt: helper", `prompt: ${name}`],
      ["fallback: [prompted]", `fallback: [${name}]`],
      ["use: prompted", `use: ${name}`],
      ["use: prompted", `use: { rollout: ${name} }`],
    ] as const) {
      expect(problemsOf(changed(from, to)), to).not.toEqual([]);
    }
  },
);

test("all problems are told at once", () => {
  const shown = shownProblems(
    LINES.replace("port: 8787", "prt: 1")
      .replace("stages: [1, 100]", "stages: []")
      .replace("model: m }", "modell: m }"),
  );
  expect(shown).toEqual([
    "crossover.yaml:1 server.prt: unknown key `prt`",
    "crossover.yaml:5 models.base.model: this key is missing",
    "crossover.yaml:5 models.base.modell: unknown key `modell`",
    expect.stringMatching(/^crossover\.yaml:12 rollouts\.move\.stages: Too small/),
  ]);
  const references = shownProblems(
    LINES.replace("prompt: helper", "prompt: x")
      .replace('== "vip"', "==")
      .replace("You are a helper.", "'{{ x }}'")
      .replace("routes: [recipes]", "routes: [x]"),
  );
  expect(references.map((one) => one.split(" ")[1])).toEqual([
    "prompts.helper.system:",
    "variants.prompted.prompt:",
    "routes.recipes.rules[0].when:",
    "keys.app.routes[0]:",
  ]);
});

test("a problem is shown as editors know it: file, line, column, key", () => {
  expect(problemsOf(changed("port: 8787", "prt: 8787")).map(formatProblem)).toEqual([
    "crossover.yaml:1:11 server.prt: unknown key `prt`",
  ]);
});

test.each([["- a list"], ["just text"], ["42"]])("a file that is no mapping is refused: %s", (text) => {
  expect(shownProblems(text)).toEqual([expect.stringMatching(/^crossover\.yaml:1 : expected map/)]);
});

test("a configuration without routes says so", () => {
  expect(tableOf("routes: {}").notices).toEqual(["no routes are configured: every request gets 404"]);
});
