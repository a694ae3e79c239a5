/** One thing that is wrong with the configuration, and where. */
export interface Problem {
  /** Name of the file, relative to the main one's folder. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `routes.recipes.rules[0].when`; "" for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** Most problems that are told of one file: to find the lines of thousands takes minutes, and nobody reads them. */
export const MAX_PROBLEMS = 100;

/** Takes a problem. @param offset where it stands in the text */
export type Report = (offset: number, key: string, message: string) => void;

/** The configuration can't be used. It lists the problems found, not only the first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/** `crossover.yaml:12:5 routes.recipes.rules[0].when: unknown variable foo` */
export function formatProblem(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  return `${where} ${problem.key === "" ? "" : `${problem.key}: `}${problem.message}`;
}

export type ConfigPath = readonly (string | number)[];

/** ["rules", 0, "when"] -> `rules[0].when` */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${part}`,
    "",
  );
}
