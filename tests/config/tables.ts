import { stringify } from "yaml";
import { type Files, loadTable } from "../../src/config/load.ts";
import { ConfigError, type Problem } from "../../src/config/problem.ts";
import type { Prompt, Table } from "../../src/domain/table.ts";
import { providerKinds } from "../../src/providers/index.ts";

export interface Folder {
  readonly env?: Readonly<Record<string, string>>;
  /** Files beside the main one, by their path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The file of registered models in each data folder, by the folder. */
  readonly registered?: Readonly<Record<string, string>>;
}

/** Loads a configuration from memory; an object is written as YAML first. */
export function tableOf(config: unknown, { env = {}, files = {}, registered = {} }: Folder = {}): Table {
  const all = new Map(Object.entries(files));
  all.set("crossover.yaml", typeof config === "string" ? config : stringify(config));
  return loadTable({
    file: "crossover.yaml",
    files: inMemory(all),
    env,
    kinds: providerKinds,
    registered: (dataDir) => registered[dataDir],
  });
}

/** The problems of a configuration that can't be used; none when it can. */
export function problemsOf(config: unknown, folder: Folder = {}): readonly Problem[] {
  try {
    tableOf(config, folder);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Problems as `file:line key: message`. */
export function shownProblems(config: unknown, folder: Folder = {}): string[] {
  return problemsOf(config, folder).map(
    ({ file, line, key, message }) => `${file}:${line} ${key}: ${message}`,
  );
}

/** The least that a configuration with a route needs, and the members given on top. */
export function small(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    providers: { sim: { kind: "simulator" } },
    models: { base: { provider: "sim", model: "base-model" }, ft: { provider: "sim", model: "ft:model" } },
    variants: { a: { model: "base" }, b: { model: "ft" }, c: { model: "base" } },
    routes: { route: { rules: [{ use: "a" }] } },
    ...more,
  };
}

/** A prompt as the configuration compiles it. */
export function promptOf(prompt: Readonly<Record<string, unknown>>, folder: Folder = {}): Prompt {
  const compiled = tableOf(small({ prompts: { p: prompt } }), folder).prompts.get("p");
  if (compiled === undefined) throw new TypeError("the configuration has no prompt p");
  return compiled;
}

function inMemory(files: ReadonlyMap<string, string>): Files {
  return {
    read: (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error(`no file ${path}`);
      return text;
    },
    list: (folder) => {
      const prefix = folder === "." ? "" : `${folder}/`;
      const names = [...files.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length));
      if (names.length === 0) throw new Error(`no folder ${folder}`);
      return names.filter((name) => !name.includes("/")).sort();
    },
  };
}
