import { BUILD_HELP, CONVERT_HELP, VALIDATE_HELP } from "./dataset-help.ts";
import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";

/** What can be done with data sets, loaded when it is asked for. @returns the exit code */
type Action = (args: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  build: async () => (await import("./dataset-build.ts")).build,
  validate: async () => (await import("./dataset-validate.ts")).validate,
  convert: async () => (await import("./dataset-convert.ts")).convert,
};

export const dataset: Command = {
  help: [BUILD_HELP, VALIDATE_HELP, CONVERT_HELP].join("\n"),
  run: async ([action = "", ...args]) => {
    const load = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (load === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    return (await load())(args);
  },
};
