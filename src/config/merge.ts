import { isDeepStrictEqual } from "node:util";
import type { SourceDocument } from "./document.ts";
import { type ConfigPath, formatPath, type Problem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** Sections in which each name has an entry of its own; they can be spread over files. */
export const SECTIONS = ["providers", "models", "prompts", "variants", "rollouts", "routes", "keys"] as const;
export type Section = (typeof SECTIONS)[number];

/** A file of the configuration. */
export interface Parsed {
  readonly document: SourceDocument;
  readonly config: Config;
  readonly problems: Problem[];
}

export interface Merged {
  readonly config: Config;
  /** The file in which the entry at this path stands. */
  documentOf(path: ConfigPath): SourceDocument;
}

/** One configuration of all files. The same entry may stand in several files as long as it is the same. */
export function merge(parsed: readonly Parsed[], problems: Problem[]): Merged {
  const origin = new Map<string, SourceDocument>();
  const [main] = parsed;
  if (main === undefined) throw new RangeError("merge needs the main document");
  const sections: Record<Section, Record<string, unknown>> = {
    providers: {},
    models: {},
    prompts: {},
    variants: {},
    rollouts: {},
    routes: {},
    keys: {},
  };
  for (const { document, config } of parsed) {
    for (const section of SECTIONS) {
      for (const [name, entry] of Object.entries(config[section] ?? {})) {
        const path = formatPath([section, name]);
        const earlier = origin.get(path);
        if (earlier !== undefined && !isDeepStrictEqual(sections[section][name], entry)) {
          problems.push(
            document.problemAt([section, name], `${earlier.file} has another entry of this name`),
          );
        }
        sections[section][name] = entry;
        if (earlier === undefined) origin.set(path, document);
      }
    }
  }
  const config: Config = Object.assign({}, main.config, sections);
  return {
    config,
    documentOf: (path) => origin.get(formatPath(path.slice(0, 2))) ?? main.document,
  };
}
