import { parseArgs } from "node:util";
import { VERSION } from "../version.ts";
import { captures } from "./captures.ts";
import { check } from "./check.ts";
import { dataset } from "./dataset.ts";
import { errorText, UsageError } from "./error-text.ts";
import { explain } from "./explain.ts";
import { keys } from "./keys.ts";
import { report } from "./report.ts";
import { start } from "./start.ts";

/** A command: what it does, its own help, its work. @returns the exit code, or undefined while it goes on */
export interface Command {
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[]): Promise<number | undefined>;
}

const commands: Readonly<Record<string, Command>> = {
  start,
  check,
  explain,
  keys,
  captures,
  dataset,
  report,
};

const HELP = `crossover ${VERSION}

Usage: crossover COMMAND [OPTIONS]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join("\n")}

crossover COMMAND --help tells more. The configuration is config/crossover.yaml, or CROSSOVER_CONFIG.
`;

/** Exit codes: 0 done, 1 the answer is no (a bad configuration, a refused request), 2 wrong use. */
export async function main(args: readonly string[]): Promise<number | undefined> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`crossover: there is no command ${JSON.stringify(name)}.\n\n${HELP}`);
    return 2;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    process.stderr.write(`crossover ${name}: ${errorText(error)}\n`);
    return error instanceof UsageError || (error instanceof TypeError && "code" in error) ? 2 : 1;
  }
}

/** The path of the configuration: --config, CROSSOVER_CONFIG, or the default. */
export function configPathOf(args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: "string", short: "c" } },
    strict: false,
  });
  return typeof values.config === "string"
    ? values.config
    : env["CROSSOVER_CONFIG"] || "config/crossover.yaml";
}
