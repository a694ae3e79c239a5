import { parseArgs } from "node:util";
import { ConfigError, formatProblem } from "../config/problem.ts";
import { loadFromDisk } from "../node.ts";
import { type Command, configPathOf } from "./main.ts";

export const check: Command = {
  summary: "Say whether a configuration can be used, and what is wrong with it.",
  help: `Usage: crossover check [FILE] [--json]

Checks what \`start\` would check, and starts nothing. Exit code 0: good, 1: bad.
  --json   print {"valid", "version", "problems", "notices"}
`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" }, config: { type: "string", short: "c" } },
    });
    const path = positionals[0] ?? configPathOf(args, process.env);
    try {
      const table = loadFromDisk(path, process.env);
      if (values.json) print({ valid: true, version: table.version, problems: [], notices: table.notices });
      else
        process.stdout.write(
          [
            `${path} is good: ${table.routes.size} routes, ${table.variants.size} variants.`,
            ...table.notices,
            "",
          ].join("\n"),
        );
      return 0;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (values.json) print({ valid: false, version: null, problems: error.problems, notices: [] });
      else
        process.stderr.write(
          `${path} can't be used:\n${error.problems.map((problem) => `  ${formatProblem(problem)}\n`).join("")}`,
        );
      return 1;
    }
  },
};

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
