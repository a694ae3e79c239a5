import { isDeepStrictEqual } from "node:util";
import type { Table } from "../domain/table.ts";
import type { SourceDocument } from "./document.ts";
import type { Merged, Parsed } from "./merge.ts";
import { ConfigError, type ConfigPath, formatPath, MAX_PROBLEMS, type Problem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** Something that is wrong with the entry at a path. */
export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

/** Compiles a configuration. @returns what is wrong with it, or the table */
export type Compiling = (merged: Merged) => Table | readonly Finding[];

/** Registered models and variants, which what does not fit is taken from. */
interface Entries {
  readonly models: NonNullable<Config["models"]>;
  readonly variants: NonNullable<Config["variants"]>;
}

/**
 * The configuration with what jobs registered. Of that is left out, with a notice, what does not fit any more: a change of the
 * configuration must not be kept from coming into force by what the gateway has written itself.
 * @param needed such as `variants.tuned`: registered entries that have to fit
 * @throws ConfigError for all else that is wrong, and for what is left out though the configuration uses it
 */
export function withRegistered(
  own: Merged,
  registered: Parsed,
  needed: ReadonlySet<string>,
  compiling: Compiling,
): Table {
  const { document } = registered;
  const isNeeded = ({ path }: Finding): boolean => needed.has(formatPath(path.slice(0, 2)));
  const taken = takenNames(own, registered);
  const wrong = taken.filter(isNeeded);
  if (wrong.length > 0) throw new ConfigError(wrong.map((finding) => problemIn(document, finding)));
  const leftOut: Finding[] = [...taken];
  const { models = {}, variants = {} } = registered.config;
  let entries = without({ models, variants }, taken);
  /** What is wrong while all that is registered is there: no leaving out is to blame for it. */
  let before: readonly Problem[] | undefined;
  for (;;) {
    const merged = joined(own, entries, document);
    const outcome = compiling(merged);
    if (!isFindings(outcome))
      return { ...outcome, notices: [...outcome.notices, ...leftOut.map((one) => noticeOf(one, document))] };
    const unfit = outcome.filter(
      (finding) => merged.documentOf(finding.path) === document && !isNeeded(finding),
    );
    const others = outcome
      .filter((finding) => !unfit.includes(finding))
      .map((finding) => problemIn(merged.documentOf(finding.path), finding));
    before ??= others;
    if (unfit.length === 0) throw new ConfigError([...others, ...missed(others, before, leftOut, document)]);
    leftOut.push(...unfit);
    entries = without(entries, unfit);
  }
}

export function isFindings(outcome: Table | readonly Finding[]): outcome is readonly Finding[] {
  return Array.isArray(outcome);
}

/** Names that the configuration has for something else, save for variants that were registered in place of its own. */
function takenNames(own: Merged, { config: { models = {}, variants = {} } }: Parsed): readonly Finding[] {
  const taken = (section: "models" | "variants", name: string, entry: object): readonly Finding[] => {
    const other = own.config[section]?.[name];
    if (other === undefined || isDeepStrictEqual(other, entry)) return [];
    const { file } = own.documentOf([section, name]);
    return [{ path: [section, name], message: `${file} has another entry of this name` }];
  };
  return [
    ...Object.entries(models).flatMap(([name, entry]) => taken("models", name, entry)),
    ...Object.entries(variants).flatMap(([name, entry]) =>
      entry.replaces === true ? [] : taken("variants", name, entry),
    ),
  ];
}

function joined(own: Merged, { models, variants }: Entries, document: SourceDocument): Merged {
  const isRegistered = ([section, name]: ConfigPath): boolean =>
    typeof name === "string" &&
    ((section === "models" && Object.hasOwn(models, name)) ||
      (section === "variants" && Object.hasOwn(variants, name)));
  const plain = Object.entries(variants).map(([name, { replaces: _, ...variant }]) => [name, variant]);
  return {
    config: {
      ...own.config,
      models: { ...own.config.models, ...models },
      variants: { ...own.config.variants, ...Object.fromEntries(plain) },
    },
    documentOf: (path) => (isRegistered(path) ? document : own.documentOf(path)),
  };
}

/** A fallback that is gone is no loss of the variant; all else is one of the entry. */
function without(entries: Entries, findings: readonly Finding[]): Entries {
  const names = (section: string): readonly unknown[] =>
    findings
      .filter(({ path }) => path[0] === section && path[2] !== "fallback")
      .map(({ path: [, name] }) => name);
  const kept = <T>(section: Readonly<Record<string, T>>, gone: readonly unknown[]): [string, T][] =>
    Object.entries(section).filter(([name]) => !gone.includes(name));
  const variants = kept(entries.variants, names("variants")).map(([name, variant]) => {
    const gone = findings.flatMap(({ path }) =>
      path[0] === "variants" && path[1] === name && path[2] === "fallback" ? [path[3]] : [],
    );
    const fallback = variant.fallback?.filter((_, index) => !gone.includes(index));
    return [name, gone.length === 0 ? variant : { ...variant, fallback }] as const;
  });
  return {
    models: Object.fromEntries(kept(entries.models, names("models"))),
    variants: Object.fromEntries(variants),
  };
}

function problemIn(document: SourceDocument, { path, message }: Finding): Problem {
  return document.problemAt(path, message);
}

function noticeOf({ path, message }: Finding, { file }: SourceDocument): string {
  return `${file}: ${formatPath(path)} is left out, as it does not fit: ${message}`;
}

/** Where something is wrong only since entries were left out, these are what has to be looked at. */
function missed(
  problems: readonly Problem[],
  before: readonly Problem[],
  leftOut: readonly Finding[],
  document: SourceDocument,
): readonly Problem[] {
  const place = ({ file, line, column, key }: Problem): string => JSON.stringify([file, line, column, key]);
  const known = new Set(before.map(place));
  if (problems.every((problem) => known.has(place(problem)))) return [];
  return leftOut
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) =>
      document.problemAt(
        path,
        `${message}. So it is left out, but the configuration uses what was registered: take that out of its rules, or bring back what is missing`,
      ),
    );
}
