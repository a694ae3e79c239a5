import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";

export const captures: Command = {
  help: `Usage: crossover captures list [FILTERS] [--limit NUMBER] [--cursor CURSOR] [--order newest|oldest]
       crossover captures show ID
       crossover captures delete ID
       crossover captures delete --user NAME [--yes]
       crossover captures feedback [--route ROUTE] [--variant VARIANT] [--from WHEN] [--to WHEN]
       crossover captures export [FILE] [--config FILE] [--store URL]
       crossover captures import FILE [--config FILE] [--store URL]

The first five ask the admin API of a running gateway, with the token in CROSSOVER_ADMIN_TOKEN.
  --url      where the gateway is. Default http://127.0.0.1:8787
  --json     print what the admin API answers
Filters of \`list\`; each narrows:
  --route, --rule, --variant, --model, --prompt-version, --key, --user   as named
  --decided            the variant that was decided on; --variant is the one that answered
  --run                the id of a rollout's run
  --path     enriched or bare
  --outcome  success, client_error, rate_limited, server_error, timeout, interrupted or client_closed
  --status   the HTTP status
  --cached   true or false: did the response cache answer?
  --simulated  true or false: did the built-in simulator answer?
  --content  true or false: are the texts kept?
  --from     a date, from its beginning in UTC, or a time such as 2027-01-31T18:00:00Z
  --to       a date, to its end in UTC, or a time
  --q        words that all stand in the query or the answer
  --feedback NAME, NAME=VALUE or NAME>=NUMBER, such as thumbs=true or 'score>=0.5'
\`delete\` takes away a capture with its feedback and the rows of comparisons that came from it, or all of a user's.
On a terminal it asks before it deletes a user's, unless --yes is given; without a terminal it deletes at once.
\`show\` prints a conversation's messages and its answer; with --json also what was sent upstream.
\`feedback\` sums feedback up by variant, with 95% intervals.
\`export\` writes the whole store as JSON lines to a new file, or to standard output (\`-\`, the default). \`import\` reads
such lines, from \`-\` too; what is there already stays as it is. Both open the store themselves: that of the
configuration, or the one at --store. The gateway may run or not.
`,
  run: async ([action = "", ...args]) => {
    const load = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (load === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    await (await load())(args);
    return 0;
  },
};

/** Loaded when asked for: what asks a gateway takes nothing of what opens a store. */
const actions: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<void>>>> = {
  list: async () => (await import("./captures-list.ts")).list,
  show: async () => (await import("./captures-one.ts")).show,
  delete: async () => (await import("./captures-one.ts")).remove,
  feedback: async () => (await import("./captures-list.ts")).feedback,
  export: async () => (await import("./captures-transfer.ts")).exportCaptures,
  import: async () => (await import("./captures-transfer.ts")).importCaptures,
};
