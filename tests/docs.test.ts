import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { memberOf } from "../src/domain/json.ts";
import { Metrics } from "../src/metrics/metrics.ts";
import { providerKinds } from "../src/providers/index.ts";
import { problemsOf } from "./config/tables.ts";
import { type Block, codeBlocks, readPage } from "./support/markdown.ts";

const root = join(import.meta.dirname, "..");
const pages = [
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
];

/** The code blocks of a language in all pages. */
function blocks(language: string): readonly Block[] {
  return pages.flatMap((page) => codeBlocks(page, language));
}

/** What the fragments in the pages stand in for: an entry of each name that they mention. */
const AROUND: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  providers: {
    openai: { kind: "openai", apiKey: "", withoutKey: "simulator" },
    azure: { kind: "azure-openai", endpoint: "https://a.example", withoutKey: "simulator" },
  },
  models: {
    base: { provider: "openai", model: "gpt-4.1-mini" },
    "recipes-ft": { provider: "azure", model: "gpt-35-turbo-finetuned", price: { input: 1, output: 2 } },
  },
  prompts: { "recipe-assistant": { system: "You are a recipe assistant." } },
  variants: {
    prompted: { model: "base", prompt: "recipe-assistant" },
    tuned: { model: "recipes-ft" },
  },
  routes: { recipes: { default: "prompted" } },
};

const FILES = {
  "models.yaml": "models: { other: { provider: openai, model: gpt-4.1 } }",
  "routes/one.yaml": "routes: { one: { default: tuned } }",
  "translation.examples.jsonl": '{"user": "Good morning", "assistant": "Buenos días"}\n',
};

test.each(blocks("yaml"))("the configuration in $where can be used", ({ text }) => {
  const config = new Map(Object.entries<unknown>(parse(text)));
  for (const [section, entries] of Object.entries(AROUND)) {
    const own = config.get(section);
    config.set(section, { ...entries, ...(typeof own === "object" ? own : {}) });
  }
  expect(problemsOf(Object.fromEntries(config), { files: FILES })).toEqual([]);
});

test.each(blocks("json"))("the JSON in $where is valid", ({ text }) => {
  expect(() => JSON.parse(text)).not.toThrow();
});

test("the pages have examples", () => {
  expect(blocks("yaml").length).toBeGreaterThan(15);
  expect(blocks("json").length).toBeGreaterThan(2);
});

function anchorsOf(page: string): readonly string[] {
  return [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(/\s+/g, "-"),
  );
}

test.each(pages)("the links of %s lead somewhere", (page) => {
  const broken = [...readPage(page).matchAll(/\]\(([^)]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !link.startsWith("https://"))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
  expect(broken).toEqual([]);
});

/** The names of all keys in a JSON Schema. */
function keysIn(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(keysIn);
  if (typeof schema !== "object" || schema === null) return [];
  const properties = memberOf(schema, "properties");
  return [
    ...(typeof properties === "object" && properties !== null ? Object.keys(properties) : []),
    ...Object.values(schema).flatMap(keysIn),
  ];
}

test("every key of the configuration is in the pages", () => {
  const text = pages.map(readPage).join("\n");
  const keys = new Set(keysIn(configJsonSchema(providerKinds)));
  expect(keys.size).toBeGreaterThan(60);
  expect(
    [...keys].filter((key) => !new RegExp(`(^|[^\\w])${key.replace("$", "\\$")}\\b`).test(text)),
  ).toEqual([]);
});

test("every metric of ours is in docs/metrics.md, and none that is not there", async () => {
  const metrics = await new Metrics({ version: "1", runtime: "x" }).render();
  const registered = [...metrics.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1]);
  const documented = [...readPage("docs/metrics.md").matchAll(/^\| `(crossover_\w+)` \|/gm)].map(
    (match) => match[1],
  );
  expect(documented.sort()).toEqual(registered.sort());
});

test("every error code that the sources name is in docs/api.md, and none that they do not", () => {
  const sources = ["src", "routes"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      // The simulator's errors are a provider's.
      .filter((name) => name.endsWith(".ts") && !name.startsWith(join("providers", "simulator")))
      .map((name) => readPage(join(folder, name))),
  );
  const calls =
    /(?:serverError|refusal)\(\s*\d{3},\s*"(\w+)"|(?:badRequest|forbidden|unauthenticated)\(\s*"(\w+)"|\bcode: "(\w+)"/g;
  const used = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(calls)].map((match) => match[1] ?? match[2] ?? match[3] ?? ""),
    ),
  );
  const table = readPage("docs/api.md").split("## Errors")[1] ?? "";
  const documented = new Set([...table.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map((match) => match[1] ?? ""));
  used.delete("request_aborted"); // its client is gone
  used.delete("superseded"); // another call has answered
  expect([...used].filter((code) => !documented.has(code))).toEqual([]);
  const all = sources.join("\n");
  expect([...documented].filter((code) => !all.includes(code))).toEqual([]);
});
