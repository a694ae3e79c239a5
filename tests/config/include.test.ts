import { expect, test } from "vitest";
import { shownProblems, tableOf } from "./tables.ts";

const MAIN = `include: [models.yaml, "routes/*.yaml"]
providers: { sim: { kind: simulator } }
variants: { a: { model: base } }
`;
const MODELS = "models:\n  base: { provider: sim, model: m }\n";
const ROUTE_1 = "routes: { one: { rules: [{ use: a }] } }\n";
const ROUTE_2 = "routes: { two: { rules: [{ use: b }] } }\nvariants: { b: { model: base } }\n";
const FILES = { "models.yaml": MODELS, "routes/1.yaml": ROUTE_1, "routes/2.yaml": ROUTE_2 };

test("a configuration is spread over files and folders, and names hold across them", () => {
  const table = tableOf(MAIN, { files: FILES });
  expect([...table.routes.keys()]).toEqual(["one", "two"]);
  expect([...table.variants.keys()]).toEqual(["a", "b"]);
});

test("a folder's pattern takes the files with that ending, and never the main file itself", () => {
  const files = { ...FILES, "routes/notes.txt": ": [", "routes/3.yml": ": [", "routes/deep/x.yaml": ": [" };
  expect(tableOf(MAIN, { files }).routes.size).toBe(2);
  expect(tableOf("include: ['*.yaml']\n", { files: { "a.yaml": "providers: {}\n" } }).routes.size).toBe(0);
  expect(
    tableOf("include: ['*.yml']\n", { files: { "a.yml": "providers: {}\n", "b.yaml": ": [" } }).routes.size,
  ).toBe(0);
});

test("variables are put into included files too", () => {
  const files = { ...FILES, "models.yaml": 'models:\n  base: { provider: sim, model: "${NAME}" }\n' };
  expect(tableOf(MAIN, { files, env: { NAME: "from-env" } }).models.get("base")?.upstreamModel).toBe(
    "from-env",
  );
  expect(shownProblems(MAIN, { files })[0]).toMatch(
    /^models\.yaml:2 models\.base\.model: the environment has no NAME/,
  );
});

test("the same entry may stand in several files", () => {
  const files = { ...FILES, "routes/3.yaml": MODELS + ROUTE_1 };
  expect(tableOf(MAIN, { files }).version).toBe(tableOf(MAIN, { files: FILES }).version);
});

test("two different entries of one name are refused where the second stands", () => {
  const files = { ...FILES, "routes/3.yaml": "\n\nmodels:\n  base: { provider: sim, model: other }\n" };
  expect(shownProblems(MAIN, { files })).toEqual([
    "routes/3.yaml:4 models.base: models.yaml has another entry of this name",
  ]);
  const inMain = { ...FILES, "models.yaml": `${MODELS}variants: { a: { model: base, bare: keep } }\n` };
  expect(shownProblems(MAIN, { files: inMain })).toEqual([
    "models.yaml:3 variants.a: crossover.yaml has another entry of this name",
  ]);
});

test("a problem names the file in which it stands", () => {
  const files = {
    ...FILES,
    "models.yaml": "models:\n  base: { provider: nope, model: m }\n",
    "routes/2.yaml": "variants: { b: { model: base } }\nroutes:\n  two: { rules: [{ use: x }] }\n",
  };
  // A variant whose model is wrong is no unknown variant: routes that use it are not told.
  expect(shownProblems(MAIN, { files })).toEqual([
    "models.yaml:2 models.base.provider: there is no provider `nope` (defined: sim)",
    "routes/2.yaml:3 routes.two.rules[0].use: there is no variant `x` (defined: a, b)",
  ]);
});

test.each([
  ["server", "server: { port: 1 }"],
  ["timeouts", "timeouts: { total: 1 }"],
  ["include", "include: [models.yaml]"],
  ["capture", "capture: false"],
  ["compare", "compare: { concurrency: 2 }"],
  ["retries", "retries: {}"],
  ["limits", "limits: { outputTokens: 100 }"],
  ["breaker", "breaker: false"],
])("`%s` belongs into the main file", (key, text) => {
  const files = { ...FILES, "routes/2.yaml": `${ROUTE_2}${text}\n` };
  expect(shownProblems(MAIN, { files })).toEqual([
    `routes/2.yaml:3 ${key}: \`${key}\` belongs into crossover.yaml, which includes this file`,
  ]);
});

test("a folder that is not there is named at the include", () => {
  expect(shownProblems("\ninclude:\n  - 'none/*.yaml'\n")).toEqual([
    "crossover.yaml:3 include[0]: there is no such folder",
  ]);
});

test("problems of all files are told together", () => {
  const files = { ...FILES, "models.yaml": "modls: {}\n", "routes/1.yaml": "routs: {}\n" };
  expect(shownProblems(`${MAIN}keyz: {}\n`, { files })).toEqual([
    expect.stringContaining("crossover.yaml:4 keyz: unknown key `keyz`"),
    expect.stringContaining("models.yaml:1 modls: unknown key `modls`"),
    expect.stringContaining("routes/1.yaml:1 routs: unknown key `routs`"),
  ]);
});
