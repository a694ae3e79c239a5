import { expect, test } from "vitest";
import { shownProblems, tableOf } from "./tables.ts";

const MAIN = `providers: { sim: { kind: simulator } }
models: { base: { provider: sim, model: m } }
variants: { a: { model: base } }
routes: { ask: { default: a } }
`;
const REGISTERED = `# Made by jobs.
models:
  tuned: { provider: sim, model: "ft:m:x::1", tuningJob: tj_1 }
variants:
  b: { model: tuned, fallback: [a] }
`;

const shown = (text: string, registered: string) => shownProblems(text, { registered: { data: registered } });

test("models and variants of the data folder are a part of the configuration", () => {
  const table = tableOf(MAIN, { registered: { data: REGISTERED } });
  expect(table.variants.get("b")).toMatchObject({ path: "bare", model: { upstreamModel: "ft:m:x::1" } });
  expect(table.version).not.toBe(tableOf(MAIN).version);
  const used = MAIN.replace("default: a", "default: b");
  expect(tableOf(used, { registered: { data: REGISTERED } }).routes.get("ask")?.rules[0]?.use).toMatchObject({
    variant: { name: "b" },
  });
});

test("a missing file is none, and an empty one holds nothing", () => {
  const { version } = tableOf(MAIN);
  for (const text of ["", "\n", "# nothing\n", "{}\n"])
    expect(tableOf(MAIN, { registered: { data: text } }).version).toBe(version);
});

test("the data folder is the configuration's, or the environment's", () => {
  const main = `server: { dataDir: elsewhere/ }\n${MAIN}`;
  const registered = { "elsewhere/": REGISTERED, "from-env": REGISTERED.replace("  b:", "  c:") };
  expect(tableOf(main, { registered }).variants.has("b")).toBe(true);
  const env = { CROSSOVER_DATA_DIR: "from-env" };
  expect([...tableOf(main, { registered, env }).variants.keys()]).toEqual(["a", "c"]);
  expect(shownProblems(main, { registered: { "elsewhere/": "models: []" } })).toEqual([
    "elsewhere/registered.yaml:1 models: expected map, received list",
  ]);
});

test("what is wrong with it is told with file, line and key", () => {
  expect(shown(MAIN, "models: [\n")[0]).toMatch(/^data\/registered\.yaml:\d /);
  expect(shown(MAIN, REGISTERED.replace("provider: sim", "provider: gone"))).toEqual([
    "data/registered.yaml:3 models.tuned.provider: there is no provider `gone` (defined: sim)",
  ]);
  expect(shown(MAIN, REGISTERED.replace("[a]", "[z]"))).toEqual([
    "data/registered.yaml:5 variants.b.fallback[0]: there is no variant `z` (defined: a, b)",
  ]);
});

test.each([
  ["routes: { other: { default: a } }", "routes"],
  ["server: { port: 1 }", "server"],
  ["providers: { other: { kind: simulator } }", "providers"],
  ["include: [more.yaml]", "include"],
])("%s is for the configuration", (text, key) => {
  expect(shown(MAIN, REGISTERED + text)).toEqual([
    `data/registered.yaml:6 ${key}: \`${key}\` belongs into crossover.yaml: this file holds models and variants alone`,
  ]);
});

test("an entry that the configuration has too is refused, unless it is the same", () => {
  const own = MAIN.replace("a: {", "b: { model: base }, a: {");
  expect(shown(own, REGISTERED)).toEqual([
    "data/registered.yaml:5 variants.b: crossover.yaml has another entry of this name",
  ]);
  expect(shown(own, "variants: { b: { model: base } }")).toEqual([]);
});

test("with `replaceLive` what is registered counts", () => {
  const own = `${MAIN.replace("a: {", "b: { model: base }, a: {")}tuning: { replaceLive: true }\n`;
  const table = tableOf(own, { registered: { data: REGISTERED } });
  expect(table.variants.get("b")?.model.name).toBe("tuned");
  expect(shown(own, REGISTERED.replace("[a]", "[z]"))[0]).toMatch(/^data\/registered\.yaml:5 variants\.b/);
  // Among the configuration's own files two entries stay a problem.
  const files = { "more.yaml": "variants: { a: { model: base, bare: keep } }" };
  expect(shownProblems(`include: [more.yaml]\n${own}`, { files, registered: { data: REGISTERED } })).toEqual([
    "more.yaml:1 variants.a: crossover.yaml has another entry of this name",
  ]);
});

test("a problem of the main file comes before the data folder is looked for", () => {
  expect(shown(`${MAIN}server: { dataDir: 1 }\n`, "models: [")).toEqual([
    "crossover.yaml:5 server.dataDir: expected string, received number",
  ]);
});
