import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";
import { TUNE_HELP } from "./tune-help.ts";
import type { OpenTuning } from "./tune-open.ts";

/** What can be done with jobs and deployments, loaded when it is asked for. @returns the exit code */
type Action = (args: readonly string[], open: OpenTuning) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  start: async () => (await import("./tune-start.ts")).start,
  list: async () => (await import("./tune-list.ts")).list,
  show: async () => (await import("./tune-list.ts")).show,
  follow: async () => (await import("./tune-follow.ts")).follow,
  cancel: async () => (await import("./tune-one.ts")).cancel,
  resume: async () => (await import("./tune-one.ts")).resume,
  register: async () => (await import("./tune-one.ts")).register,
  delete: async () => (await import("./tune-one.ts")).remove,
  script: async () => (await import("./tune-script.ts")).script,
  deployments: async () => (await import("./tune-deployments.ts")).deployments,
  scale: async () => (await import("./tune-deployments.ts")).scale,
  undeploy: async () => (await import("./tune-deployments.ts")).undeploy,
};

export const tune: Command = {
  help: TUNE_HELP,
  run: async ([action = "", ...args]) => {
    const load = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (load === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    const { openTuning } = await import("./tune-open.ts");
    return (await load())(args, openTuning);
  },
};
