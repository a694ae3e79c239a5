import { describe, expect, test } from "vitest";
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
  expect(shown(MAIN, REGISTERED.replace("provider", "proviter"))[0]).toBe(
    "data/registered.yaml:3 models.tuned.provider: this key is missing",
  );
});

describe("what does not fit any more", () => {
  const noticesOf = (main: string, registered = REGISTERED) => {
    const { notices, models, variants, routes } = tableOf(main, { registered: { data: registered } });
    return { notices, names: [...models.keys(), ...variants.keys()], variants, routes };
  };
  const gone = (entry: string, message: string) =>
    `data/registered.yaml: ${entry} is left out, as it does not fit: ${message}`;

  test("a fallback is left out of its variant, which rules may use", () => {
    const main = MAIN.replaceAll("a: {", "z: {").replace("default: a", "default: b");
    const { notices, variants, routes } = noticesOf(main);
    expect(notices).toEqual([gone("variants.b.fallback[0]", "there is no variant `a` (defined: z, b)")]);
    expect(variants.get("b")?.fallback).toEqual([]);
    expect(routes.get("ask")?.rules[0]?.use).toMatchObject({ variant: { name: "b", fallback: [] } });
  });

  test("a model whose provider is gone is left out with its variants", () => {
    const { notices, names } = noticesOf(MAIN.replace("sim: {", "other: {").replace("r: sim", "r: other"));
    expect(notices).toEqual([
      gone("models.tuned.provider", "there is no provider `sim` (defined: other)"),
      gone("variants.b.model", "there is no model `tuned` (defined: base)"),
    ]);
    expect(names).toEqual(["base", "a"]);
  });

  test("so is one that nobody knows the cost of where there is a budget by now", () => {
    const main = MAIN.replace("model: m }", "model: m, price: { input: 1, output: 1 } }");
    const { names } = noticesOf(`${main}tags: { x: { limits: { usdPerDay: 1 } } }\n`);
    expect(names).toEqual(["base", "a"]);
  });

  test("what the simulator made in a provider's place is left out once that has a key, for all kinds", () => {
    const kinds = {
      openai: "kind: openai",
      "azure-openai": "kind: azure-openai, endpoint: https://acme.openai.azure.com",
      huggingface: "kind: huggingface",
    };
    const registered = REGISTERED.replace("tj_1", "tj_1, simulated: true");
    for (const settings of Object.values(kinds)) {
      const main = MAIN.replace("model: m }", "model: acme/m }").replace(
        "kind: simulator",
        `${settings}, apiKey: "", withoutKey: simulator`,
      );
      expect(noticesOf(main, registered)).toMatchObject({
        notices: ["provider sim has no key: the built-in simulator answers in its place"],
        names: ["base", "tuned", "a", "b"],
      });
      const { notices, names } = noticesOf(main.replace('apiKey: ""', "apiKey: k"), registered);
      expect(notices).toEqual([
        gone(
          "models.tuned.simulated",
          "made by the simulator: train it again. sim is not simulated, and has no such model",
        ),
        gone("variants.b.model", "there is no model `tuned` (defined: base)"),
      ]);
      expect(names).toEqual(["base", "a"]);
    }
  });

  test("where the configuration has another entry of the name, that counts", () => {
    const main = MAIN.replace("a: {", "b: { model: base }, a: {");
    const { notices, variants } = noticesOf(main);
    expect(notices).toEqual([gone("variants.b", "crossover.yaml has another entry of this name")]);
    expect(variants.get("b")?.model.name).toBe("base");
    expect(noticesOf(main, "variants: { b: { model: base } }").notices).toEqual([]);
    const model = noticesOf(MAIN.replace("base: {", "tuned: { provider: sim, model: n }, base: {"));
    expect(model.notices).toEqual([gone("models.tuned", "crossover.yaml has another entry of this name")]);
    expect(model.variants.get("b")?.model.upstreamModel).toBe("n");
  });

  test("is a problem once the configuration uses it, with what to do", () => {
    const main = MAIN.replace("default: a", "default: b");
    expect(shown(main, REGISTERED.replace("provider: sim", "provider: gone"))).toEqual([
      "crossover.yaml:4 routes.ask.default: there is no variant `b` (defined: a)",
      ...["3 models.tuned.provider: there is no provider `gone` (defined: sim)"]
        .concat("5 variants.b.model: there is no model `tuned` (defined: base)")
        .map(
          (problem) =>
            `data/registered.yaml:${problem}. So it is left out, but the configuration uses what was registered: take that out of its rules, or bring back what is missing`,
        ),
    ]);
    // A problem of the configuration's own has nothing to do with it.
    expect(
      shown(MAIN.replace("default: a", "default: c"), REGISTERED.replace("r: sim", "r: gone")),
    ).toHaveLength(1);
  });
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

test("a variant that was registered in place of the configuration's counts, with `replaceLive` or without", () => {
  const own = MAIN.replace("a: {", "b: { model: base }, a: {");
  const replacing = REGISTERED.replace("fallback: [a]", "replaces: true");
  for (const more of ["", "tuning: { replaceLive: true }\n"]) {
    const table = tableOf(own + more, { registered: { data: replacing } });
    expect(table.variants.get("b")?.model.name).toBe("tuned");
    expect(table.notices).toEqual([]);
  }
  // What it calls is gone: the configuration's own is there again.
  const table = tableOf(own, { registered: { data: replacing.replace("r: sim", "r: gone") } });
  expect(table.variants.get("b")?.model.name).toBe("base");
  expect(table.notices).toHaveLength(2);
});

test("among the configuration's own files two entries stay a problem, and none replaces another", () => {
  const main = `include: [more.yaml]\n${MAIN}tuning: { replaceLive: true }\n`;
  const files = { "more.yaml": "variants: { a: { model: base, replaces: true } }" };
  expect(shownProblems(main, { files, registered: { data: REGISTERED } })).toEqual([
    "more.yaml:1 variants.a.replaces: only what is registered replaces another entry",
    "more.yaml:1 variants.a: crossover.yaml has another entry of this name",
  ]);
});

test("a problem of the main file comes before the data folder is looked for", () => {
  expect(shown(`${MAIN}server: { dataDir: 1 }\n`, "models: [")).toEqual([
    "crossover.yaml:5 server.dataDir: expected string, received number",
  ]);
});
