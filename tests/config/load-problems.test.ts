import { expect, test } from "vitest";
import { formatProblem } from "../../src/config/problem.ts";
import { changed, LINES } from "./good-lines.ts";
import { problemsOf, shownProblems, small, tableOf } from "./tables.ts";

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
  "http://user:pass@127.0.0.1:1/v1",
  "http://key-0123456789@127.0.0.1:1/v1",
  "http://127.0.0.1:1/v1?key=key-0123456789",
  "http://127.0.0.1:1/v1#key-0123456789",
])(
  "an address with a secret in it, or what would swallow the path, is refused and not shown: %s",
  (address) => {
    for (const config of [
      changed("http://127.0.0.1:1/v1", address),
      changed(
        'kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1"',
        `kind: azure-openai, apiKey: k, endpoint: "${address}"`,
      ),
      changed(
        'kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1"',
        "kind: huggingface, apiKey: k",
      ).replace("model: m }", `model: "${address}" }`),
    ])
      expect(shownProblems(config)).toEqual([
        "crossover.yaml:5 models.base: its address may have no user, password, query or fragment: a key belongs into `apiKey`",
      ]);
  },
);

test.each([
  ["a wrong type", "port: 8787", "port: true", "server.port: expected number, received boolean, or"],
  ["nothing", "port: 8787", "port:", "server.port: expected number, received null, or"],
  ["a text", "port: 8787", "port: http", "server.port: expected a number"],
  ["a number too high", "port: 8787", "port: 65536", "server.port: expected at most 65535"],
  ["a text too high", "port: 8787", "port: '65536'", "server.port: expected at most 65535"],
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

test.each([
  "a\r\nx-injected: 1",
  "a\n",
  "a\0b",
  "a b",
  "é",
  "a\tb",
  "a\u2028b",
  "a%0d%0ab",
  "a".repeat(65),
  "",
])("a name that could not stand in a header as it is, is none: %j", (name) => {
  const written = JSON.stringify(name);
  for (const [from, to] of [
    ["  prompted: {", `  ${written}: {`],
    ["  recipes:\n", `  ${written}:\n`],
    ["name: vip", `name: ${written}`],
    ["  helper: {", `  ${written}: {`],
    ["  base: {", `  ${written}: {`],
    ["  up: {", `  ${written}: {`],
    ["  move: {", `  ${written}: {`],
    ["  app: {", `  ${written}: {`],
  ] as const)
    expect(shownProblems(changed(from, to)).join("\n"), to).toContain("a name has 1 to 64 letters");
});

test("all problems are told at once", () => {
  const shown = shownProblems(
    LINES.replace("port: 8787", "prt: 1")
      .replace("stages: [1, 100]", "stages: []")
      .replace("model: m }", "modell: m }"),
  );
  expect(shown).toEqual([
    expect.stringContaining("crossover.yaml:1 server.prt: unknown key `prt` (allowed: "),
    "crossover.yaml:5 models.base.model: this key is missing",
    expect.stringContaining("crossover.yaml:5 models.base.modell: unknown key `modell` (allowed: "),
    expect.stringMatching(/^crossover\.yaml:12 rollouts\.move\.stages: expected at least 1 item/),
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
    expect.stringContaining("crossover.yaml:1:11 server.prt: unknown key `prt` (allowed: "),
  ]);
});

test.each([["- a list"], ["just text"], ["42"]])("a file that is no mapping is refused: %s", (text) => {
  expect(shownProblems(text)).toEqual([expect.stringMatching(/^crossover\.yaml:1 : expected map/)]);
});

test("a configuration without routes says so", () => {
  expect(tableOf("routes: {}").notices).toEqual(["no routes are configured: every request gets 404"]);
});
