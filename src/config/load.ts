import { z } from "zod";
import type { ProviderKind } from "../domain/provider.ts";
import type { Table } from "../domain/table.ts";
import { compile } from "./compile.ts";
import { dataDirOf, registeredFile } from "./compile-server.ts";
import { type Environment, readDocument, type SourceDocument } from "./document.ts";
import { allowedKeys, issuesOf } from "./issues.ts";
import { type Merged, merge, type Parsed, SECTIONS, type Section } from "./merge.ts";
import { ConfigError, type ConfigPath, MAX_PROBLEMS } from "./problem.ts";
import { type Finding, isFindings, withRegistered } from "./registered.ts";
import { type Config, configSchema } from "./schema.ts";

/** Reads files beside the configuration. Paths are relative to its folder. */
export interface Files {
  /** @throws Error when there is no such file */
  read(path: string): string;
  /** Names of the files in a folder, sorted. */
  list(folder: string): readonly string[];
}

export interface LoadInput {
  /** Path of the main file, relative to the folder that `files` reads. */
  readonly file: string;
  readonly files: Files;
  readonly env: Environment;
  readonly kinds: readonly ProviderKind[];
  /**
   * Text of the file in the data folder where tuned models are registered; undefined when there is none.
   * Absent: there is no data folder.
   */
  readonly registered?: ((dataDir: string) => string | undefined) | undefined;
  /** Registered entries that must fit, such as `models.tuned`. Others that do not are left out, with a notice. */
  readonly needed?: ReadonlySet<string> | undefined;
}

const REGISTERED_SECTIONS: readonly Section[] = ["models", "variants"];

/**
 * Reads, validates and compiles a configuration.
 * @throws ConfigError with every problem, up to 100 a file, each with file, line and key
 */
export function loadTable(input: LoadInput): Table {
  const schema = configSchema(input.kinds);
  const main = parseDocument(openFile(input.file, input), schema);
  const included = includedFiles(main.config.include ?? [], main.document, input.files).map((file) => {
    const document = openFile(file, input);
    const elsewhere = `belongs into ${input.file}, which includes this file`;
    return keepTo(SECTIONS, elsewhere, parseDocument(document, schema));
  });
  const registered = main.problems.length === 0 ? registeredIn(main.config, schema, input) : undefined;
  const own = [main, ...included];
  const problems = [...own.map(keepReplacing), ...(registered ? [registered] : [])].flatMap(
    (one) => one.problems,
  );
  const merged = merge(own, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  if (registered !== undefined)
    return withRegistered(merged, registered, input.needed ?? new Set(), (all) => compiled(all, input));
  const outcome = compiled(merged, input);
  if (!isFindings(outcome)) return outcome;
  throw new ConfigError(outcome.map(({ path, message }) => merged.documentOf(path).problemAt(path, message)));
}

/** @returns what is wrong, up to 100 findings, or the table */
function compiled(
  { config, documentOf }: Merged,
  { kinds, files, env }: LoadInput,
): Table | readonly Finding[] {
  const findings: Finding[] = [];
  const report = (path: ConfigPath, message: string): void => {
    if (findings.length < MAX_PROBLEMS) findings.push({ path, message });
  };
  const readBeside = (path: ConfigPath, file: string): string => {
    const folder = documentOf(path).file.replace(/[^/]*$/, "");
    return files.read(file.startsWith("/") ? file : folder + file);
  };
  return compile(config, { kinds, readBeside, env, report }) ?? findings;
}

function openFile(file: string, { files, env }: LoadInput): SourceDocument {
  return openDocument(
    file,
    readOrFail(file, () => files.read(file)),
    env,
  );
}

function openDocument(file: string, text: string, env: Environment): SourceDocument {
  const document = readDocument(file, text, env);
  if (document.problems.length > 0) throw new ConfigError(document.problems);
  return document;
}

function readOrFail<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message =
      error instanceof RangeError ? error.message : "there is no such file, or it can't be read";
    throw new ConfigError([{ file, line: 1, column: 1, key: "", message }]);
  }
}

/** The tuned models of the data folder, and their variants. */
function registeredIn(
  config: Config,
  schema: ReturnType<typeof configSchema>,
  { file: mainFile, env, registered }: LoadInput,
): Parsed | undefined {
  const dataDir = dataDirOf(config, env);
  const file = registeredFile(dataDir);
  const text = readOrFail(file, () => registered?.(dataDir));
  if (text === undefined) return undefined;
  const elsewhere = `belongs into ${mainFile}: this file holds models and variants alone`;
  return keepTo(REGISTERED_SECTIONS, elsewhere, parseDocument(openDocument(file, text, env), schema));
}

/** Of a file that is not valid only its includes, so that their problems are told too. */
const includesAlone = z.object({ include: z.array(z.string().min(1)).optional() }).catch({});

function parseDocument(document: SourceDocument, schema: ReturnType<typeof configSchema>): Parsed {
  const result = schema.safeParse(document.value ?? {}, { error: allowedKeys });
  const problems = result.success
    ? []
    : issuesOf(result.error.issues)
        .slice(0, MAX_PROBLEMS)
        .map(({ path, message }) => document.problemAt(path, message));
  const config: Config = result.success ? result.data : includesAlone.parse(document.value);
  return { document, config, problems };
}

/** With a problem for each key that is none of the sections. @param elsewhere where it belongs, in words */
function keepTo(sections: readonly Section[], elsewhere: string, parsed: Parsed): Parsed {
  const { document, config, problems } = parsed;
  const strange = Object.entries(config).flatMap(([key, value]) =>
    value === undefined || sections.some((section) => section === key) ? [] : [key],
  );
  const told = strange.map((key) => document.problemAt([key], `\`${key}\` ${elsewhere}`));
  return { ...parsed, problems: [...problems, ...told] };
}

/** With a problem for each variant that would replace itself. */
function keepReplacing(parsed: Parsed): Parsed {
  const { document, config, problems } = parsed;
  const told = Object.entries(config.variants ?? {}).flatMap(([name, { replaces }]) =>
    replaces === undefined
      ? []
      : [
          document.problemAt(
            ["variants", name, "replaces"],
            "only what is registered replaces another entry",
          ),
        ],
  );
  return { ...parsed, problems: [...problems, ...told] };
}

function includedFiles(patterns: readonly string[], main: SourceDocument, files: Files): string[] {
  return patterns.flatMap((pattern, index) => {
    const glob = /^(?:(.*)\/)?\*\.(ya?ml)$/.exec(pattern);
    if (glob === null) return [pattern];
    const folder = glob[1] ?? ".";
    try {
      const names = files.list(folder).filter((file) => file.endsWith(`.${glob[2] ?? "yaml"}`));
      return names
        .map((file) => (folder === "." ? file : `${folder}/${file}`))
        .filter((file) => file !== main.file);
    } catch {
      throw new ConfigError([main.problemAt(["include", index], "there is no such folder")]);
    }
  });
}
