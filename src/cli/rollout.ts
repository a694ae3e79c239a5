import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";

/** What can be done with rollouts, loaded when it is asked for. @returns the exit code */
type Action = (args: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  list: async () => (await import("./rollout-show.ts")).list,
  show: async () => (await import("./rollout-show.ts")).show,
  history: async () => (await import("./rollout-show.ts")).history,
  start: async () => (await import("./rollout-change.ts")).start,
  pause: async () => (await import("./rollout-change.ts")).pause,
  resume: async () => (await import("./rollout-change.ts")).resume,
  promote: async () => (await import("./rollout-change.ts")).promote,
  rollback: async () => (await import("./rollout-change.ts")).rollback,
  "set-weight": async () => (await import("./rollout-change.ts")).setWeight,
};

export const rollout: Command = {
  help: `Usage: crossover rollout list
       crossover rollout show NAME [--follow]
       crossover rollout history NAME [--limit NUMBER]
       crossover rollout start NAME [--stage NUMBER] [--yes]
       crossover rollout pause NAME
       crossover rollout resume NAME
       crossover rollout promote NAME [--yes]
       crossover rollout rollback NAME [--yes]
       crossover rollout set-weight NAME PERCENT [--yes]

Asks the admin API of a running gateway, with the token in CROSSOVER_ADMIN_TOKEN: \`server.adminToken\`, or the
secret of a key that may use the admin API.
\`start\` begins a run, at the first stage or at --stage, counted from 0 as the configuration's \`stage\` is. \`pause\` holds
the weight where it is, and \`resume\` lets it grow again; guardrails judge all the while. \`promote\` sends all traffic to the
candidate, \`rollback\` all to the control. \`set-weight\` sets the candidate's percentage by hand: it does not grow until
\`resume\`, which takes a lower one back to its stage's.
\`promote\`, \`rollback\`, a lower weight, one of 100 and \`start\` on one that is promoted ask before.
  --reason   why, for the audit trail that \`history\` shows
  --yes      do it without a question. Without a terminal it is needed
  --follow   show it anew when it changes, until the run ends. Control-C ends that, not the rollout
  --limit    how many changes, newest first. Default 20
  --url      where the gateway is. Default http://127.0.0.1:8787
  --json     print what the admin API answers
Exit code 0: done, 1: refused, or nobody answers, 2: wrong use.
`,
  run: async ([action = "", ...args]) => {
    const load = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (load === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    return (await load())(args);
  },
};

/** The one name that was given. */
export function oneRollout(positionals: readonly string[]): string {
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("give the name of one rollout");
  return name;
}

/** Below the admin API. */
export function pathOf(name: string): string {
  return `/rollouts/${encodeURIComponent(name)}`;
}
