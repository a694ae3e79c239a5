import { parseArgs } from "node:util";
import { ConfigError, formatProblem, type Problem } from "../config/problem.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";

interface Report {
  readonly valid: boolean;
  readonly version: string | null;
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
}

export const check: Command = {
  help: `Usage: crossover check [FILE...] [--json]

Checks what \`start\` would check, and starts nothing. Exit code 0: all good, 1: one is bad.
  --json   print {"valid", "version", "problems", "notices"} of the one file
`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" }, config: { type: "string", short: "c" } },
    });
    if (positionals.length > 0 && values.config !== undefined)
      throw new UsageError("give the file either by its name alone or by --config");
    if (positionals.length > 1 && values.json) throw new UsageError("--json takes one file");
    const paths = positionals.length > 0 ? positionals : [configPathOf(args, process.env)];
    const reports = paths.map((path) => {
      const report = reportOn(path);
      if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else tell(path, report);
      return report;
    });
    return reports.every(({ valid }) => valid) ? 0 : 1;
  },
};

function reportOn(path: string): Report {
  try {
    const { version, notices } = loadFromDisk(path, process.env);
    return { valid: true, version, problems: [], notices };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { valid: false, version: null, problems: error.problems, notices: [] };
  }
}

function tell(path: string, { valid, problems, notices }: Report): void {
  if (valid) process.stdout.write(`${path} is good.\n${notices.map((notice) => `  ${notice}\n`).join("")}`);
  else
    process.stderr.write(
      `${path} can't be used:\n${problems.map((problem) => `  ${formatProblem(problem)}\n`).join("")}`,
    );
}
