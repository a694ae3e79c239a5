import { build } from "./dataset-build.ts";
import { BUILD_HELP } from "./dataset-build-options.ts";
import { CONVERT_HELP, convert } from "./dataset-convert.ts";
import { VALIDATE_HELP, validate } from "./dataset-validate.ts";
import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";

/** What can be done with data sets. @returns the exit code */
type Action = (args: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, Action>> = { build, validate, convert };

export const dataset: Command = {
  summary: "Build, check and convert training sets.",
  help: [BUILD_HELP, VALIDATE_HELP, CONVERT_HELP].join("\n"),
  run: async ([action = "", ...args]) => {
    const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (run === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    return run(args);
  },
};
